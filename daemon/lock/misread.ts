import { parsePause, pausedAnnotation } from "../annotations/pause.ts";
import { unreadKeys } from "../annotations/unread-keys.ts";
import { shortLine } from "../text/one-line.ts";
import { failuresAnnotation } from "./failures.ts";
import { unlockedAnnotation } from "./unlocked.ts";

const shownMax = 10;

/**
 * What people have written on the object with the lock and perhaps meant otherwise than it is taken, each as a sentence: a pause
 * without the end that it seems to have, and keys that nobody reads there. Pure.
 */
export function misreadBesideLock(
  annotations: Readonly<Record<string, string>>,
  lockAnnotation: string,
): string[] {
  const paused = annotations[pausedAnnotation];
  const fault = parsePause(paused)?.fault;
  const taken =
    fault === undefined ? [] : [`${pausedAnnotation}=${JSON.stringify(shortLine(paused ?? ""))}: ${fault}`];
  const unread = unreadKeys(annotations, {
    where: "beside the lock",
    known: [lockAnnotation, pausedAnnotation, failuresAnnotation, unlockedAnnotation],
    forPeople: [lockAnnotation, pausedAnnotation],
  });
  return [...taken, ...unread].slice(0, shownMax);
}
