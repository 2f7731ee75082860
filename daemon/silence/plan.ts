/** Decides what is to be done about one silence of a node. Pure; all times in milliseconds by the server's clock. */
import {
  asOver,
  cyclePrefix,
  isOver,
  nodePrefix,
  silenceAuthor,
  silenceComment,
} from "../prometheus/own-silence.ts";
import { type Matcher, matchersKey } from "./matchers.ts";

const minuteMs = 60_000;
/**
 * From the last extension. A machine that does not come back is silent no longer than this, and its daemon
 * cannot extend it.
 */
export const lengthMs = 25 * minuteMs;
/** It is extended when no more than this is left: Alertmanager may be away for so long without any noise. */
export const renewMs = 15 * minuteMs;
/** From the beginning: whatever takes longer than this is trouble that people are to hear of. */
export const capMs = 4 * 60 * minuteMs;
/** After the end of a cycle; alerts are resolved some minutes after their cause. */
export const tailMs = 5 * minuteMs;
/** An extension by less is not worth a request. */
const gainLeastMs = minuteMs;
/** Expired by a person, a silence ends when it was updated last. */
const byHandMs = 1000;

/** A cycle of this node. */
export interface Cycle {
  /** The same for the whole cycle, and for no other one of the node. */
  id: string;
  /** For people: why the node reboots. */
  reason: string;
}

/** A silence as Alertmanager has it. */
export interface Silence {
  id: string;
  state: string;
  startsAt: number;
  endsAt: number;
  updatedAt: number;
  createdBy: string;
  comment: string;
  matchers: readonly Matcher[];
}

/** One request. Without an ID it creates a silence. */
export interface Step {
  outcome: "created" | "extended" | "ended";
  id?: string;
  startsAt: number;
  endsAt: number;
  comment: string;
}

export interface Plan {
  steps: readonly Step[];
  /** When the alerts of the node are no longer silenced, once the steps are done; 0 where they are not. */
  endsAt: number;
  /** When it is to be looked at again, if nothing else happens before; undefined for never. */
  lookAt?: number;
}

/** The silences of rebootd about this node, with these matchers. */
export function ownSilences(
  silences: readonly Silence[],
  nodeName: string,
  matchers: readonly Matcher[],
): readonly Silence[] {
  const key = matchersKey(matchers);
  return silences.filter(
    ({ createdBy, comment, matchers: its }) =>
      createdBy === silenceAuthor && comment.startsWith(nodePrefix(nodeName)) && matchersKey(its) === key,
  );
}

/** `own`: all silences of this node with the same matchers. Without a cycle what is there is to end. */
export function planSilence(
  cycle: Cycle | undefined,
  own: readonly Silence[],
  nodeName: string,
  now: number,
): Plan {
  const live = own
    .filter(({ state, endsAt }) => state !== "expired" && endsAt > now)
    .toSorted((a, b) => a.startsAt - b.startsAt || (a.id < b.id ? -1 : 1));
  if (cycle === undefined) return ending(live, now);
  const [kept, ...others] = live;
  const ended = ending(others, now).steps;
  const ofCycle = own.filter(({ comment }) => comment.startsWith(cyclePrefix(nodeName, cycle.id)));
  const began = Math.min(
    now,
    ...[...ofCycle, ...(kept === undefined ? [] : [kept])].map((one) => one.startsAt),
  );
  const endsAt = Math.min(now + lengthMs, began + capMs);
  const commentOf = (reason: string) => silenceComment(nodeName, cycle.id, false, reason);
  const comment = commentOf(cycle.reason);
  if (kept !== undefined) {
    // One of the cycle before, in its tail, becomes that of this one.
    const isOfCycle = kept.comment.startsWith(commentOf(""));
    return extending(kept, isOfCycle, ended, { startsAt: kept.startsAt, endsAt, comment }, now);
  }
  // A person has ended it, who wants to hear of this node.
  const isByHand = ofCycle.some((one) => one.updatedAt >= one.endsAt - byHandMs);
  if (isByHand || endsAt - now < gainLeastMs) return { steps: [], endsAt: 0 };
  const created: Step = { outcome: "created", startsAt: now, endsAt, comment };
  return { steps: [created], endsAt, ...nextLook(endsAt, began) };
}

function extending(
  kept: Silence,
  isOfCycle: boolean,
  ended: readonly Step[],
  wanted: Pick<Step, "startsAt" | "endsAt" | "comment">,
  now: number,
): Plan {
  const endsAt = Math.max(kept.endsAt, wanted.endsAt);
  const isTakenOver = !isOfCycle && wanted.endsAt - now >= gainLeastMs;
  const isWorthIt = isTakenOver || wanted.endsAt - kept.endsAt >= gainLeastMs;
  const extended: Step = { outcome: "extended", id: kept.id, ...wanted, endsAt };
  const steps = isWorthIt ? [extended, ...ended] : ended;
  return { steps, endsAt, ...nextLook(isWorthIt ? endsAt : kept.endsAt, kept.startsAt) };
}

/** At the cap it is left to run out. */
function nextLook(endsAt: number, began: number): Pick<Plan, "lookAt"> {
  return endsAt >= began + capMs - gainLeastMs ? {} : { lookAt: endsAt - renewMs };
}

/** A silence that ends within the tail ends no later. */
function ending(live: readonly Silence[], now: number): Plan {
  const steps = live.flatMap((one): Step[] => {
    const endsAt = Math.min(one.endsAt, now + tailMs);
    // The server refuses an end that is in the past once it arrives.
    const isNearlyOver = endsAt - now < gainLeastMs / 2;
    if (isNearlyOver || (isOver(one) && one.endsAt - endsAt < gainLeastMs)) return [];
    return [{ outcome: "ended", id: one.id, startsAt: one.startsAt, endsAt, comment: asOver(one.comment) }];
  });
  const ends = live.map(({ endsAt }) => Math.min(endsAt, now + tailMs));
  return { steps, endsAt: Math.max(0, ...ends) };
}
