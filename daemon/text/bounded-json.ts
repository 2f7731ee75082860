/** All annotations of an object together: https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/ */
export const annotationsMaxChars = 256 * 1024;

/** How many objects and lists may stand in each other: what rebootd and its peers write is four deep. */
const maxDepth = 10;

/**
 * The value of JSON that anybody may have written; looked at before anything is made of it, as deep values end those who walk through them.
 * Throws an Error whose message is the end of a sentence about the text: "it is not JSON".
 */
export function parseBoundedJson(text: string, { maxChars }: { maxChars: number }): unknown {
  if (text.length > maxChars) throw new Error(`it has more than ${maxChars} characters`);
  if (isTooDeep(text)) throw new Error(`it is more than ${maxDepth} lists and objects deep`);
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("it is not JSON");
  }
}

/** One step for each character, whatever they are. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') inText = !inText;
    else if (inText && char === "\\") at += 1;
    else if (!inText && (char === "[" || char === "{")) depth += 1;
    else if (!inText && (char === "]" || char === "}")) depth -= 1;
    if (depth > maxDepth) return true;
  }
  return false;
}
