/** The first texts, and the number of the others: "a, b and 3 more". */
export function firstOf(texts: readonly string[], max: number, separator = ", "): string {
  const shown = texts.slice(0, max).join(separator);
  return texts.length > max ? `${shown} and ${texts.length - max} more` : shown;
}

/** "a, b or c". */
export function anyOf(choices: readonly string[]): string {
  const last = choices.at(-1) ?? "";
  return choices.length < 2 ? last : `${choices.slice(0, -1).join(", ")} or ${last}`;
}
