import { wrapCells } from "../text/cells.ts";
import { count } from "../text/count.ts";
import { oneLine } from "../text/one-line.ts";
import type { ClusterStatus, NodeStatus } from "./cluster-status.ts";
import { age, type Cell, paintedTable } from "./table.ts";
import { noTerminal, paint, type Style, type Terminal, type Text, unpainted } from "./terminal.ts";

/** The form of a status for people. */
export interface StatusLook {
  /** Also the columns that few need. */
  isWide: boolean;
  /** Without it there are only rows of nodes, in one form, for `cut` and `awk`. */
  hasHeaders: boolean;
  terminal: Pick<Terminal, "columns">;
}

const styleOfPhase: Readonly<Record<string, Style>> = {
  Idle: "dim",
  Waiting: "waiting",
  Draining: "busy",
  Rebooting: "busy",
  Returning: "busy",
  Settling: "good",
  Restoring: "busy",
};

/** The phase of a node in its colour; phases that need a person are red. */
export function phaseCell({ phase, troubles }: Pick<NodeStatus, "phase" | "troubles">): Cell {
  return { text: phase, style: troubles.length > 0 ? "trouble" : (styleOfPhase[phase] ?? "trouble") };
}

/** The troubles of a node, then its reasons. */
export function whyCell({ troubles, why }: Pick<NodeStatus, "troubles" | "why">): Cell {
  const text = [...troubles, ...why].join("; ");
  return troubles.length > 0 ? { text, style: "trouble" } : text;
}

/** {@link statusView} for a pipe or a file. */
export function statusText(status: ClusterStatus, isWide: boolean, now: number): string {
  return unpainted(statusView(status, { isWide, hasHeaders: true, terminal: noTerminal }, now));
}

/** Pure. The status for people: a sentence on the lock, and a table for each kind of entry in it. */
export function statusView(status: ClusterStatus, look: StatusLook, now: number): Text {
  if (!look.hasHeaders) return rowsOnly(status, look, now);
  const tables = tablesOf(status, look, now).filter((one) => one !== "");
  const nothing = tables.length === 0 && status.count.nodes > 0 ? [countText(status)] : [];
  const first = [
    ...heading(status, look.terminal),
    ...[...nothing, ...status.misread.map((one) => `not understood: ${one}`)].flatMap((one) =>
      sentence(one, look.terminal),
    ),
  ].map((line) => [line, "\n"]);
  return [first, ...tables].flatMap((part, index) => (index === 0 ? [part] : ["\n", part]));
}

/** Lines: the state of the lock, and everything that keeps all nodes from starting; a halt is first. */
export function heading(
  { lock, halted, failuresMessage, pausedMessage }: ClusterStatus,
  terminal: Pick<Terminal, "columns">,
): Text[] {
  const stopped = lock.state === "manual" || lock.state === "unreadable";
  const lockLine = sentence(
    `${lock.object}, ${lock.annotation}: ${lock.message}`,
    terminal,
    stopped ? "waiting" : undefined,
  );
  const failures = failuresMessage && sentence(failuresMessage, terminal, halted ? "trouble" : undefined);
  const paused = pausedMessage && sentence(pausedMessage, terminal, "waiting");
  const lines = halted ? [failures, lockLine, paused] : [lockLine, paused, failures];
  return lines.flatMap((one) => one ?? []);
}

/** The lines of a sentence, wrapped for the terminal. */
function sentence(text: string, { columns }: Pick<Terminal, "columns">, style?: Style): Text[] {
  const line = oneLine(text);
  const lines = columns === undefined ? [line] : wrapCells(line, columns);
  return style === undefined ? lines : lines.map((one) => paint(style, one));
}

function tablesOf(status: ClusterStatus, { isWide, terminal }: StatusLook, now: number): Text[] {
  const since = (time: string | undefined) => age(time, now);
  const { halted, failures, holders, manual, others } = status;
  const wideOnly = <T>(...cells: T[]) => (isWide ? cells : []);
  return [
    paintedTable(
      ["FAILED", "SINCE", "WHY"],
      halted ? failures.map((one) => [one.node, since(one.at), one.message]) : [],
      terminal,
    ),
    paintedTable(
      ["HOLDER", "SINCE", "PHASE", ...wideOnly("NEEDED", "ZONE", "POOL", "LIMIT"), "WHY"],
      holders.map((one) => [
        one.node,
        since(one.since),
        phaseCell(one),
        ...wideOnly(since(one.neededSince), one.zone, one.pool, one.concurrency?.toString()),
        whyCell(one),
      ]),
      terminal,
    ),
    paintedTable(
      ["MANUAL LOCK", "SINCE", "REASON"],
      manual.map((one) => [one.name, since(one.since), one.reason]),
      terminal,
    ),
    paintedTable(["NODE", ...nodeColumns(isWide)], nodeRows(others, isWide, now), terminal),
  ];
}

const nodeColumns = (isWide: boolean) => [
  ...["SINCE", "PHASE"],
  ...(isWide ? ["NEEDED", "PRIORITY", "FOR"] : []),
  "WHY",
];

function nodeRows(nodes: readonly NodeStatus[], isWide: boolean, now: number): Cell[][] {
  return nodes.map((one) => [
    one.node,
    age(one.since, now),
    phaseCell(one),
    ...(isWide ? [age(one.neededSince, now), one.priority, one.neededFor.join(",")] : []),
    whyCell(one),
  ]);
}

/** Holders first, in the columns of the other nodes. */
function rowsOnly({ holders, others }: ClusterStatus, { isWide, terminal }: StatusLook, now: number): Text {
  const [, ...rows] = linesOf(
    paintedTable(["NODE", ...nodeColumns(isWide)], nodeRows([...holders, ...others], isWide, now), terminal),
  );
  return rows;
}

/** A table is a list of its lines. */
function linesOf(table: Text): readonly Text[] {
  return Array.isArray(table) ? table : [];
}

/** The counts, for a status without tables: it may be the wrong cluster, or one without daemons. */
function countText({ count: { nodes, daemons, needReboot }, pausedMessage }: ClusterStatus): string {
  const needs = count(needReboot, "needs a reboot", "need a reboot");
  const notPaused = pausedMessage === undefined ? ["not paused"] : [];
  return [count(nodes, "node"), count(daemons, "daemon"), needs, ...notPaused].join(", ");
}
