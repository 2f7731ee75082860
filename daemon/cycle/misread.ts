import { parsePriority, priorityAnnotation } from "../lock/rank.ts";
import { shortLine } from "../one-line.ts";
import { parsePause, pausedAnnotation } from "../pause.ts";
import { recordAnnotation } from "./record.ts";
import { parseRequest, requestedAnnotation } from "./request.ts";

const prefix = "rebootd.dev/";
const wishes = [pausedAnnotation, priorityAnnotation, requestedAnnotation];
const shownMax = 10;

/**
 * What people have written on a Node and perhaps meant otherwise than it is taken, each as a sentence: values that are not
 * understood, and keys that nobody reads. `hooks` are keys that the options name. Pure.
 */
export function misreadOn(
  annotations: Readonly<Record<string, string>>,
  hooks: readonly string[] = [],
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
  const known = [...wishes, recordAnnotation, ...hooks];
  const unread = Object.keys(annotations)
    .filter((key) => key.startsWith(prefix) && !known.includes(key))
    .sort()
    .map(
      (key) => `${shortLine(key)}: nobody reads this annotation of a Node; there are ${wishes.join(", ")}`,
    );
  const taken = faults
    .filter(([, fault]) => fault !== undefined)
    .map(([key, fault]) => `${key}=${JSON.stringify(shortLine(annotations[key] ?? ""))}: ${fault}`);
  return [...taken, ...unread].slice(0, shownMax);
}
