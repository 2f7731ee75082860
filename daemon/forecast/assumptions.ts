/** The sentences that say on what a forecast stands. Pure. */

import { halted } from "../lock/failures.ts";
import { allPaused, lockedManually } from "../lock/limits.ts";
import { manualHolders, nodeHolders } from "../lock/lock.ts";
import { count } from "../text/count.ts";
import { firstOf } from "../text/list.ts";
import { durationText } from "../time/duration.ts";
import { toTheSecond } from "../time/iso.ts";
import type { VirtualDaemon } from "./daemons.ts";
import type { ForecastInput, ForecastOptions } from "./input.ts";
import type { VirtualNode } from "./node.ts";
import { defaultTimes, type TimesFrom } from "./times.ts";

const namedMax = 5;

export interface Foreseen {
  input: ForecastInput;
  options: ForecastOptions;
  daemons: readonly VirtualDaemon[];
  /** The nodes as they were at the beginning. */
  begun: readonly Begun[];
  times: TimesFrom;
  lotCount: number;
  /** The end, if it came before its time. */
  endedAt: number | undefined;
  isCalendarCut: boolean;
}

/** Facts of a node that it does not have any more at the end. */
export interface Begun extends Pick<VirtualNode, "name" | "closed"> {
  phase: string;
  /** It is under way, and later than it may be. */
  isLost: boolean;
}

export function assumptionsOf(foreseen: Foreseen): string[] {
  const { input, options, daemons, endedAt, isCalendarCut } = foreseen;
  const hooks = daemons.some(
    ({ policy }) => policy.beforeHooks.keys.length + policy.afterHooks.keys.length > 0,
  );
  return [
    ...(options.ifAllNeed === true ? ["each node needs a reboot from the beginning on"] : []),
    ...(options.from === input.at ? [] : [`the cluster is then as it is at ${toTheSecond(input.at)}`]),
    ...heldForAll(foreseen),
    ...timesText(foreseen),
    "no drain, reboot or return fails, each reboot removes its need, and nobody changes anything meanwhile",
    ...gatesText(foreseen),
    ...lostText(foreseen),
    ...lotText(foreseen),
    ...(hooks ? ["hooks answer within the times of the cycles"] : []),
    ...unknownText(foreseen),
    ...(isCalendarCut ? ["there are more windows than are listed"] : []),
    ...(endedAt === undefined
      ? []
      : [`the forecast ends at ${toTheSecond(endedAt)}: there was too much to foresee`]),
  ];
}

/** A person's word holds all nodes, for as long as it stands. */
function heldForAll({ input: { lock }, options: { from }, daemons }: Foreseen): string[] {
  const pause = allPaused(lock.paused, from);
  const halt = daemons
    .map(({ haltAfter }) => halted(lock.failures, haltAfter))
    .find((one) => one !== undefined);
  const [manual] = manualHolders(lock.lock);
  const unreadable = lock.lock.state === "unreadable" ? lock.lock.why : undefined;
  const messages = [pause?.message, halt?.message, unreadable, manual && lockedManually(manual)];
  return messages.flatMap((message) => (message === undefined ? [] : [`it stays so: ${message}`]));
}

function timesText({ times, begun }: Foreseen): string[] {
  if (begun.length === 0) return [];
  const { own, median } = times;
  const { drain, boot, return: back } = defaultTimes;
  const text = (ms: number) => durationText(Math.round(ms / 1000));
  const unknown = `a drain takes ${text(drain)}, a reboot ${text(boot)} and a return ${text(back)}, as no node has had a whole cycle`;
  return [
    ...(own === 0 ? [] : [`a cycle takes as long as those before it on ${count(own, "node")}`]),
    ...(median === 0 ? [] : [`and as the median of the pool or the cluster on ${count(median, "node")}`]),
    ...(times.default === 0 ? [] : [`on ${count(times.default, "node")} ${unknown}`]),
  ];
}

function gatesText({ begun }: Foreseen): string[] {
  const closed = Map.groupBy(
    begun.flatMap(({ name, closed }) => closed.map(({ gate }) => ({ name, gate }))),
    ({ gate }) => gate,
  );
  const stays = [...closed].map(
    ([gate, some]) => `${gate} (${firstOf([...new Set(some.map(({ name }) => name))], namedMax)})`,
  );
  const cannot =
    "alerts, queries, pods, budgets, inhibitors and people cannot be foreseen: their gates stay as they are now";
  return [stays.length === 0 ? `${cannot}, open` : `${cannot}; closed: ${stays.join(", ")}`];
}

function lostText({ begun, input }: Foreseen): string[] {
  const late = begun.filter(({ isLost }) => isLost).map(({ name, phase }) => `${name} (${phase})`);
  const working = new Set(begun.map(({ name }) => name));
  const dead = nodeHolders(input.lock.lock)
    .filter(({ nodeID }) => !working.has(nodeID))
    .map(({ nodeID }) => nodeID);
  return [
    ...(late.length === 0
      ? []
      : [`nodes that are later than they may be do not come back: ${firstOf(late, namedMax)}`]),
    ...(dead.length === 0
      ? []
      : [`holders without a working daemon keep their slots: ${firstOf(dead, namedMax)}`]),
  ];
}

function lotText({ lotCount }: Foreseen): string[] {
  if (lotCount === 0) return [];
  const many = count(lotCount, "node has", "nodes have");
  return [`nodes of one priority go by lot, longer waits first as a rule: ${many} a range of times`];
}

function unknownText({ input }: Foreseen): string[] {
  return input.daemons.flatMap(({ name, unknown = [] }) =>
    unknown.length === 0
      ? []
      : [
          `${name} has options from elsewhere, whose defaults count: ${firstOf(
            unknown.map((one) => `--${one}`),
            namedMax,
          )}`,
        ],
  );
}
