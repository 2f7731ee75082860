/**
 * The limit for all annotations of an object together:
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/
 */
export const annotationsMaxChars = 256 * 1024;

/** The limit for nested objects and lists. Values of rebootd and its peers have four levels. */
const maxDepth = 10;

/**
 * The value of untrusted JSON. Its depth is checked before it is parsed, because a deep value would overflow
 * the stack of its readers. Throws an Error whose message ends a sentence about the text: "it is not JSON".
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

/** Takes time in proportion to the length of the text. */
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
