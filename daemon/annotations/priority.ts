export const priorities = ["high", "normal", "low"] as const;
export type Priority = (typeof priorities)[number];

/** Upper and lower case are the same. Undefined for an unknown word. */
export function parsePriority(annotation: string | undefined): Priority | undefined {
  const word = (annotation ?? "normal").trim().toLowerCase();
  return priorities.find((priority) => priority === word);
}
