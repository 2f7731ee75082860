import { contract, keysOn } from "../annotations/names.ts";
import { parsePause } from "../annotations/pause.ts";
import { unreadKeys } from "../annotations/unread-keys.ts";
import { shortLine } from "../text/one-line.ts";

const shownMax = 10;

/**
 * Annotations of people on the lock object that are perhaps meant otherwise than they are read, each as a
 * sentence: a pause without the end that it seems to have, and unknown keys of rebootd. Pure.
 */
export function misreadBesideLock(
  annotations: Readonly<Record<string, string>>,
  lockAnnotation: string,
): string[] {
  const paused = annotations[contract.paused.key];
  const fault = parsePause(paused)?.fault;
  const taken =
    fault === undefined
      ? []
      : [`${contract.paused.key}=${JSON.stringify(shortLine(paused ?? ""))}: ${fault}`];
  const unread = unreadKeys(annotations, {
    where: "beside the lock",
    known: [lockAnnotation, ...besides(keysOn("lock object"))],
    forPeople: [lockAnnotation, ...besides(keysOn("lock object", "people"))],
  });
  return [...taken, ...unread].slice(0, shownMax);
}

/** The options say which annotation is the lock. */
function besides(keys: readonly string[]): string[] {
  return keys.filter((key) => key !== contract.lock.key);
}
