import { parsePause, pausedAnnotation } from "../annotations/pause.ts";
import { unreadKeys } from "../annotations/unread-keys.ts";
import { parsePriority, priorityAnnotation } from "../lock/rank.ts";
import { shortLine } from "../text/one-line.ts";
import { recordAnnotation } from "./record.ts";
import { parseRequest, requestedAnnotation } from "./request.ts";

const requests = [pausedAnnotation, priorityAnnotation, requestedAnnotation];
const shownMax = 10;

/**
 * What people have written on a Node and perhaps meant otherwise than it is taken, each as a sentence: values that are not
 * understood, and keys that nobody reads. `hooks` are keys that the options name; undefined where the options are not known. Pure.
 */
export function misreadOn(
  annotations: Readonly<Record<string, string>>,
  hooks: readonly string[] | undefined,
): string[] {
  const priority = annotations[priorityAnnotation];
  const faults: [key: string, fault: string | undefined][] = [
    [pausedAnnotation, parsePause(annotations[pausedAnnotation])?.fault],
    [requestedAnnotation, parseRequest(annotations[requestedAnnotation])?.fault],
    [
      priorityAnnotation,
      parsePriority(priority) === undefined
        ? "it counts as normal; there are high, normal and low"
        : undefined,
    ],
  ];
  const unread = unreadKeys(annotations, {
    where: hooks === undefined ? "of a Node, unless an option names it as a hook" : "of a Node",
    known: [...requests, recordAnnotation, ...(hooks ?? [])],
    forPeople: requests,
  });
  const taken = faults
    .filter(([, fault]) => fault !== undefined)
    .map(([key, fault]) => `${key}=${JSON.stringify(shortLine(annotations[key] ?? ""))}: ${fault}`);
  return [...taken, ...unread].slice(0, shownMax);
}
