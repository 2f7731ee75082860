import { shortLine } from "../text/one-line.ts";
import { prefix } from "./names.ts";

export interface ReadKeys {
  /** The object of the annotations: "of a Node". */
  where: string;
  /** Keys that are read there. */
  known: readonly string[];
  /** The known keys that people write, which an unread key may stand for. */
  forPeople: readonly string[];
}

/**
 * Keys of rebootd that nobody reads where they are, such as `rebootd.dev/pause`, each as a sentence; sorted.
 * Pure.
 */
export function unreadKeys(
  annotations: Readonly<Record<string, string>>,
  { where, known, forPeople }: ReadKeys,
): string[] {
  return Object.keys(annotations)
    .filter((key) => key.startsWith(prefix) && !known.includes(key))
    .sort()
    .map(
      (key) => `${shortLine(key)}: nobody reads this annotation ${where}; there are ${forPeople.join(", ")}`,
    );
}
