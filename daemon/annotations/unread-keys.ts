import { shortLine } from "../text/one-line.ts";
import { prefix } from "./names.ts";

export interface ReadKeys {
  /** The place of the annotations: "of a Node". */
  where: string;
  /** Keys that rebootd reads there. */
  known: readonly string[];
  /** Keys among them that people write, and may have meant. */
  forPeople: readonly string[];
}

/**
 * A sentence for each key with rebootd's prefix that rebootd does not read there, such as
 * `rebootd.dev/pause`; sorted. Pure.
 */
export function unreadKeys(
  annotations: Readonly<Record<string, string>>,
  { where, known, forPeople }: ReadKeys,
): string[] {
  return Object.keys(annotations)
    .filter((key) => key.startsWith(prefix) && !known.includes(key))
    .sort()
    .map((key) => `${shortLine(key)}: unknown annotation ${where}; known are ${forPeople.join(", ")}`);
}
