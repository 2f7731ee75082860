import { isAtRest } from "../cycle/record.ts";
import { nodeHolders } from "../lock/lock.ts";
import { iso } from "../time/iso.ts";
import { assumptionsOf, type Begun } from "./assumptions.ts";
import { calendarOf } from "./calendar.ts";
import { createCluster } from "./cluster.ts";
import { virtualDaemon } from "./daemons.ts";
import { daysMax, type ForecastInput, type ForecastNode, type ForecastOptions } from "./input.ts";
import { type Lot, lotsOf } from "./lots.ts";
import { type VirtualNode, virtualNode } from "./node.ts";
import type { Waited } from "./pass.ts";
import type { Forecast, NodeForecast } from "./result.ts";
import { runTimeline, type Timeline } from "./timeline.ts";
import { learnTimes } from "./times.ts";

const dayMs = 86_400_000;

/**
 * When which node would reboot: the code of the daemons decides, in virtual time, over a cluster as it is at one moment.
 * Pure: the same input gives the same answer.
 */
export function forecast(input: ForecastInput, options: ForecastOptions): Forecast {
  const { from } = options;
  const until = from + Math.min(Math.max(options.days, 0), daysMax) * dayMs;
  const daemons = new Map(input.daemons.map((one) => [one.name, virtualDaemon(one, input.nodes.length)]));
  const daemonOf = ({ daemon, trouble }: ForecastNode) =>
    daemon === undefined || trouble !== undefined ? undefined : daemons.get(daemon);
  const times = learnTimes(
    input.nodes,
    (node) => daemons.get(node.daemon ?? "")?.policy,
    ({ daemon, facts }) => facts.labels[daemons.get(daemon ?? "")?.limits.poolLabel ?? ""],
  );
  const virtual = new Map<ForecastNode, VirtualNode>();
  for (const node of input.nodes) {
    const daemon = daemonOf(node);
    if (daemon !== undefined) virtual.set(node, virtualNode(node, daemon, times.of(node), input.at, options));
  }
  const nodes = [...virtual.values()];
  const laterMs = from - input.at;
  for (const { nodeID, created } of nodeHolders(input.lock.lock)) {
    const cycle = nodes.find(({ name }) => name === nodeID)?.cycle;
    if (cycle !== undefined) cycle.startsAt = Date.parse(created ?? "") + laterMs || cycle.startsAt;
  }
  const begun = nodes.map(begunOf);
  const timeline = runTimeline(createCluster(input), nodes, { from, until });
  const lots = lotsOf(nodes, timeline);
  const { windows, blackouts, isCut } = calendarOf(input.daemons, from, until);
  return {
    from: iso(from),
    until: iso(until),
    nodes: input.nodes.map((node) => forecastOf(node, virtual.get(node), timeline, lots)),
    windows,
    blackouts,
    assumptions: assumptionsOf({
      input,
      options,
      daemons: [...daemons.values()],
      begun,
      times: times.from,
      lotCount: lots.size,
      endedAt: timeline.until < until ? timeline.until : undefined,
      isCalendarCut: isCut,
    }),
  };
}

/** A machine whose end is infinitely far away is later than it may be. */
function begunOf({ name, closed, record, bootAt, readyAt }: VirtualNode): Begun {
  const isLost = [bootAt, readyAt].includes(Number.POSITIVE_INFINITY);
  return { name, closed, phase: record.phase, isLost };
}

function forecastOf(
  { name, daemon, trouble, record }: ForecastNode,
  node: VirtualNode | undefined,
  timeline: Timeline,
  lots: ReadonlyMap<VirtualNode, Lot>,
): NodeForecast {
  if (node === undefined) {
    const none = daemon === undefined ? "no DaemonSet of rebootd is for it" : "its options are not known";
    return { node: name, isNeeded: record?.need !== undefined, why: [trouble ?? none] };
  }
  const { cycle } = node;
  const lot = lots.get(node);
  const { startsAt, endsAt } = cycle ?? {};
  return {
    node: name,
    isNeeded: cycle !== undefined || node.record.need !== undefined,
    ...(startsAt !== undefined && { startsAt: iso(startsAt) }),
    ...(endsAt !== undefined && { endsAt: iso(endsAt) }),
    ...(lot !== undefined && { lot: { earliest: iso(lot.earliest), latest: iso(lot.latest) } }),
    why: record === undefined || isAtRest(record) ? whyOf(node, timeline) : [`it is ${record.phase} now`],
  };
}

function textOf(waited: Waited | undefined): string[] {
  if (waited === undefined) return [];
  const { action, reasons = [], why } = waited;
  if (action.slot === true && reasons.length === 0) return ["waits for its turn"];
  return reasons.length > 0 ? reasons.map(({ message }) => message) : [why];
}

/** The opening is the start, or shortly before it. */
const windowText = "waits for the maintenance window";

/** Why it does not start at once; of a node that does not start at all, why not at the end. */
function whyOf(node: VirtualNode, { first, last }: Timeline): string[] {
  const { cycle } = node;
  if (cycle === undefined) return textOf(last.get(node));
  const before = first.get(node);
  const { reasons = [] } = before ?? {};
  const texts = reasons.some(({ gate }) => gate === "window")
    ? [windowText, ...reasons.flatMap(({ gate, message }) => (gate === "window" ? [] : [message]))]
    : textOf(before);
  const isInVain = cycle.endsAt !== undefined && !cycle.isProved;
  const outcome = node.record.outcome?.message ?? "it was cancelled";
  return isInVain ? [...texts, `its cycle does not lead to a reboot: ${outcome}`] : texts;
}
