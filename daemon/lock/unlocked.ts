import * as z from "zod/mini";
import { parseBoundedJson } from "../text/bounded-json.ts";

/**
 * The nodes whose slot a person has taken away, as a value beside the lock. A node that was asked to reboot
 * puts its entry back if the lock has lost it, but not against a person's will. Pure.
 */

const schema = z.array(z.object({ node: z.string(), at: z.string() }));

/** `at` is RFC 3339. */
export type Unlocked = z.output<typeof schema>[number];

/** The oldest go first. */
const unlockedMax = 50;
/** Names have at most 253 characters; some more for what other versions may add. */
const valueMaxChars = 64 * 1024;

/** The value of the annotation; an unreadable one counts as none. */
export function parseUnlocked(annotation: string | undefined): readonly Unlocked[] {
  try {
    return schema.safeParse(parseBoundedJson(annotation ?? "[]", { maxChars: valueMaxChars })).data ?? [];
  } catch {
    return [];
  }
}

/** The annotation's new value; null removes it. */
export function writeUnlocked(unlocked: readonly Unlocked[]): string | null {
  return unlocked.length === 0 ? null : JSON.stringify(unlocked.slice(-unlockedMax));
}

/** True if a person has taken the slot of this node away. */
export function isUnlocked(unlocked: readonly Unlocked[], nodeID: string): boolean {
  return unlocked.some(({ node }) => node === nodeID);
}

/** Removes the node, once it has left or entered again; undefined if it is not there. */
export function forgotten(unlocked: readonly Unlocked[], nodeID: string): readonly Unlocked[] | undefined {
  const rest = unlocked.filter(({ node }) => node !== nodeID);
  return rest.length < unlocked.length ? rest : undefined;
}
