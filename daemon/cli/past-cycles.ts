/** The last cycles of nodes, and the totals of all of them, for `rebootd history`. Pure. */
import { contract } from "../annotations/names.ts";
import type { Metadata } from "../cluster/objects.ts";
import { boundsSeconds, type History, total } from "../cycle/history.ts";
import type { LastCycle } from "../cycle/last-cycles.ts";
import { isBackMessage, type Outcome, outcomeNames } from "../cycle/outcomes.ts";
import { parseRecord } from "../cycle/record.ts";
import { type Part, partNames } from "../cycle/took.ts";
import { count } from "../text/count.ts";
import { durationText } from "../time/duration.ts";
import { age, type Cell, paintedTable } from "./table.ts";
import { paint, type Style, type Terminal, type Text } from "./terminal.ts";

export interface PastCycles {
  /** The newest first, at most the limit. */
  cycles: readonly ({ node: string } & LastCycle)[];
  summary: Summary;
}

export interface Summary {
  /** How many cycles fit, with those that the limit leaves out. */
  known: number;
  /** Nodes of which a cycle has ended. */
  nodes: number;
  /** All cycles that the nodes have counted, by outcome; the Nodes keep the last few of them. */
  total: Readonly<Record<Outcome, number>>;
  /** Half of all cycles took at most so long for the part, in seconds; null: longer than the longest bound. */
  halfWithinSeconds: Partial<Record<Part, number | null>>;
}

/** `from`: cycles that ended before are left out. */
export function pastCycles(
  nodes: readonly Metadata[],
  { limit, from = 0 }: { limit: number; from?: number | undefined },
): PastCycles {
  const histories = nodes.flatMap(({ name = "", annotations }) => {
    const history = parseRecord(annotations?.[contract.cycle.key]).record?.history;
    return history === undefined ? [] : [{ name, history }];
  });
  const cycles = histories
    .flatMap(({ name, history }) => history.last.map((cycle) => ({ node: name, ...cycle })))
    .filter(({ at }) => Date.parse(at) >= from)
    .sort((one, other) => Date.parse(other.at) - Date.parse(one.at) || (one.node < other.node ? -1 : 1));
  return {
    cycles: cycles.slice(0, limit),
    summary: summaryOf(
      histories.map(({ history }) => history),
      cycles.length,
    ),
  };
}

function summaryOf(histories: readonly History[], known: number): Summary {
  const cycles = histories.map(({ cycles }) => cycles);
  const totals = outcomeNames.map((name) => [name, total(cycles.map((counts) => counts[name]))] as const);
  const halves = partNames.flatMap((part) => {
    const seconds = halfWithin(histories.map(({ parts }) => parts[part].counts));
    return seconds === undefined ? [] : [[part, seconds] as const];
  });
  return {
    known,
    nodes: cycles.filter((counts) => total(Object.values(counts)) > 0).length,
    total: Object.fromEntries(totals) as Record<Outcome, number>,
    halfWithinSeconds: Object.fromEntries(halves),
  };
}

/** The upper bound of the bucket that has the median; undefined without a duration. */
function halfWithin(counts: readonly (readonly number[])[]): number | null | undefined {
  const sums = [...boundsSeconds, null].map((_, bucket) => total(counts.map((one) => one[bucket] ?? 0)));
  const half = total(sums) / 2;
  if (half === 0) return undefined;
  let before = 0;
  const median = sums.findIndex((sum) => {
    before += sum;
    return before >= half;
  });
  return boundsSeconds[median] ?? null;
}

const outcomeStyles: Readonly<Record<Outcome, Style>> = {
  rebooted: "good",
  failed: "trouble",
  withdrawn: "waiting",
};

/** A table, and sentences on what it leaves out and on all cycles. */
export function historyText(
  { cycles, summary }: PastCycles,
  { isWide, hasHeaders }: { isWide: boolean; hasHeaders: boolean },
  terminal: Terminal,
  now: number,
): Text {
  const header = ["NODE", "ENDED", "OUTCOME", "WAIT", "DRAIN", "DOWN", "RETURN"];
  const rows = cycles.map((cycle): Cell[] => {
    const { node, at, result, kind, why, message } = cycle;
    const parts = [cycle.waitMs, cycle.drainMs, cycle.bootMs, cycle.returnMs].map(tookText);
    const outcome = { text: kind === "soft" ? "soft-rebooted" : result, style: outcomeStyles[result] };
    const start = [node, isWide ? at : age(at, now), outcome, ...parts];
    return isWide ? [...start, why, message] : [...start, shortWhy(cycle)];
  });
  const headings = [...header, ...(isWide ? ["NEEDED FOR", "MESSAGE"] : ["WHY"])];
  const table = paintedTable(headings, rows, terminal);
  if (!hasHeaders) return withoutFirst(table);
  const lines = summaryLines(cycles.length, summary);
  return [table, cycles.length > 0 ? "\n" : "", ...lines.map((line) => [paint("dim", line), "\n"])];
}

/** The outcome says already that the node is back. */
function shortWhy({ why, message }: LastCycle): string {
  return [why, isBackMessage(message) ? "" : message].filter((text) => text !== "").join(": ");
}

/** The rows of a table are its parts. */
function withoutFirst(table: Text): Text {
  return Array.isArray(table) ? table.slice(1) : table;
}

function tookText(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : durationText(Math.round(ms / 1000));
}

/** The names of the parts as the table has them. */
const partTitles: Readonly<Record<Part, string>> = {
  wait: "wait",
  drain: "drain",
  boot: "down",
  return: "return",
};

function summaryLines(shown: number, { known, nodes, total: counts, halfWithinSeconds }: Summary): string[] {
  const all = total(Object.values(counts));
  if (all === 0 && known === 0) return ["no cycle has ended yet"];
  const outcomes = outcomeNames.map((name) => `${counts[name]} ${name}`).join(", ");
  const halves = partNames.flatMap((part) => {
    const seconds = halfWithinSeconds[part];
    if (seconds === undefined) return [];
    const longest = boundsSeconds.at(-1) ?? 0;
    const text = seconds === null ? `over ${durationText(longest)}` : durationText(seconds);
    return [`${partTitles[part]} ${text}`];
  });
  return [
    ...(shown < known ? [`the newest ${shown} of ${known} cycles; see --limit`] : []),
    ...(shown === 0 && known === 0 ? ["none of the cycles that the Nodes keep is shown"] : []),
    `in all ${count(all, "cycle")} of ${count(nodes, "node")}: ${outcomes}`,
    ...(halves.length > 0 ? [`half of them took at most: ${halves.join(", ")}`] : []),
  ];
}
