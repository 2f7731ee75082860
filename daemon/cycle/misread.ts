import { contract, keysOn } from "../annotations/names.ts";
import { parsePause } from "../annotations/pause.ts";
import { parsePriority } from "../annotations/priority.ts";
import { parseRequest } from "../annotations/reboot-request.ts";
import { unreadKeys } from "../annotations/unread-keys.ts";
import { shortLine } from "../text/one-line.ts";

const shownMax = 10;

/**
 * Names annotations of people that perhaps mean something else than they are taken for, each in a sentence:
 * values that are not understood, and unknown keys of rebootd. `hooks` are keys that the options name;
 * undefined where the options are not known. Pure.
 */
export function misreadOn(
  annotations: Readonly<Record<string, string>>,
  hooks: readonly string[] | undefined,
): string[] {
  const priority = annotations[contract.priority.key];
  const faults: [key: string, fault: string | undefined][] = [
    [contract.paused.key, parsePause(annotations[contract.paused.key])?.fault],
    [contract.request.key, parseRequest(annotations[contract.request.key])?.fault],
    [
      contract.priority.key,
      parsePriority(priority) === undefined
        ? "it counts as normal; there are high, normal and low"
        : undefined,
    ],
  ];
  const unread = unreadKeys(annotations, {
    where: hooks === undefined ? "of a Node, unless an option names it as a hook" : "of a Node",
    known: [...keysOn("Node"), ...(hooks ?? [])],
    forPeople: keysOn("Node", "people"),
  });
  const taken = faults
    .filter(([, fault]) => fault !== undefined)
    .map(([key, fault]) => `${key}=${JSON.stringify(shortLine(annotations[key] ?? ""))}: ${fault}`);
  return [...taken, ...unread].slice(0, shownMax);
}
