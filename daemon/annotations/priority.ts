export const priorities = ["high", "normal", "low"] as const;
export type Priority = (typeof priorities)[number];

/** In any case of letters. Undefined for a word that is none. */
export function parsePriority(annotation: string | undefined): Priority | undefined {
  const word = (annotation ?? "normal").trim().toLowerCase();
  return priorities.find((priority) => priority === word);
}
