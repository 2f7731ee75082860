/** The sentences for a screen reader: troubles that are new, and ends of waves. All else is silent. Pure. */
import { count } from "../../text/count.ts";
import { firstOf } from "../../text/list.ts";
import { type Fleet, isTroubled } from "./fleet.ts";
import { isUnderWay, phaseLook } from "./phases.ts";

const namesMax = 3;

export function announcements(before: Fleet, after: Fleet): string[] {
  const { halted, failuresMessage, pausedMessage, lock } = after.head;
  const sentences: string[] = [];
  if (halted && !before.head.halted) sentences.push(failuresMessage ?? "HALTED: no node starts a reboot");
  if (lock.state === "unreadable" && before.head.lock.state !== "unreadable") sentences.push(lock.message);
  if (pausedMessage !== undefined && before.head.pausedMessage === undefined) sentences.push(pausedMessage);
  const troubled = newTroubles(before, after);
  if (troubled.length > 0) sentences.push(`New trouble: ${firstOf(troubled, namesMax, "; ")}`);
  const ended = endOfWave(before, after);
  if (ended !== undefined) sentences.push(ended);
  return sentences;
}

function newTroubles(before: Fleet, after: Fleet): string[] {
  return [...after.nodes.values()]
    .filter((node) => {
      const known = before.nodes.get(node.name);
      return isTroubled(node) && !(known !== undefined && isTroubled(known));
    })
    .map(({ name, phase, troubles }) => `${name} ${troubles[0] ?? phaseLook(phase).doing}`);
}

function endOfWave(before: Fleet, after: Fleet): string | undefined {
  if (underWay(before) === 0 || underWay(after) > 0) return undefined;
  const waiting = [...after.nodes.values()].filter(({ phase }) => phase === "Waiting").length;
  const left = waiting === 0 ? "no node waits" : `${count(waiting, "node")} still waiting`;
  return `The wave has ended: no node is rebooting, ${left}.`;
}

function underWay({ nodes }: Fleet): number {
  return [...nodes.values()].filter(({ phase, holdsSlot }) => holdsSlot || isUnderWay(phase)).length;
}
