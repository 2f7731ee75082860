/** The lines of `rebootd watch`. Pure. */
import type { Metadata } from "../cluster/objects.ts";
import { phases } from "../cycle/record.ts";
import { cutCells } from "../text/cells.ts";
import { count } from "../text/count.ts";
import { oneLine } from "../text/one-line.ts";
import { type ClusterStatus, fleetStatus, type NodeStatus } from "./cluster-status.ts";
import type { Fleet } from "./fleet.ts";
import { recordOf } from "./record-of.ts";
import type { ScreenSize } from "./screen.ts";
import { heading, phaseCell, whyCell } from "./status-text.ts";
import { age, type Cell, paintedTable } from "./table.ts";
import { paint, type Text } from "./terminal.ts";
import { clampedOffset, type Extent, type Sorting, type WatchState } from "./watch-keys.ts";

export interface WatchedFleet {
  fleet: Fleet;
  /** A sentence if changes may be missed. */
  trouble: string | undefined;
}

export interface WatchView {
  /** At most as many as the screen has. */
  lines: readonly Text[];
  extent: Extent;
}

/** Cycles that ended in this time are shown. */
const recentMs = 24 * 60 * 60_000;
const recentMax = 10;

const sortingNames: Readonly<Record<Sorting, string>> = {
  wait: "longest wait",
  name: "name",
  phase: "phase",
};

/** The whole window: the lock, then what fits of the nodes, then the keys. */
export function watchView(
  { fleet, trouble }: WatchedFleet,
  { sorting, offset }: Pick<WatchState, "sorting" | "offset">,
  { columns, rows }: ScreenSize,
  now: number,
): WatchView {
  const status = fleetStatus(fleet, {}, now);
  const head = [
    ...(trouble === undefined
      ? []
      : [paint("trouble", cutCells(`not up to date: ${oneLine(trouble)}`, columns))]),
    ...heading(status, { columns }),
    countLine(status),
    "",
  ].slice(0, Math.max(1, rows - 2));
  const body = bodyOf(status, fleet, sorting, columns, now);
  const extent = { lines: body.length, room: Math.max(0, rows - head.length - 1) };
  const from = clampedOffset(offset, extent);
  const shown = body.slice(from, from + extent.room);
  const blank = Array<Text>(extent.room - shown.length).fill("");
  const lines = [...head, ...shown, ...blank, footer(sorting, from, extent, columns)];
  return { lines: lines.slice(0, rows), extent };
}

function countLine({ count: { nodes, daemons }, holders, others }: ClusterStatus): string {
  const inPhase = (phase: string) => others.filter((one) => one.phase === phase).length;
  return [
    count(nodes, "node"),
    count(daemons, "daemon"),
    `${holders.length} in the wave`,
    `${inPhase("Waiting")} waiting`,
    `${inPhase("Failed")} failed`,
  ].join(", ");
}

function bodyOf(status: ClusterStatus, fleet: Fleet, sorting: Sorting, columns: number, now: number): Text[] {
  const byName = new Map(fleet.nodes.map((node) => [node.name ?? "", node]));
  const sections = [
    rowsOf(["WAVE", "SLOT", "PHASE", "FOR", "DOING"], waveRows(status, byName, now), columns),
    rowsOf(
      ["MANUAL LOCK", "SINCE", "REASON"],
      status.manual.map((one) => [one.name, age(one.since, now), one.reason]),
      columns,
    ),
    rowsOf(
      ["NODE", "NEEDED", "PHASE", "GATES", "WHY"],
      sorted(status.others, sorting).map((one) => [
        shortName(one.node),
        age(one.neededSince, now),
        phaseCell(one),
        gatesOf(byName.get(one.node)),
        whyCell(one),
      ]),
      columns,
    ),
    rowsOf(["ENDED", "AGO", "RESULT", "MESSAGE"], endedRows(fleet.nodes, now), columns),
  ].filter((rows) => rows.length > 0);
  if (sections.length === 0) return ["nothing to do: no node needs a reboot"];
  return sections.flatMap((rows, index) => (index === 0 ? rows : ["", ...rows]));
}

function rowsOf(header: string[], rows: readonly (readonly Cell[])[], columns: number): Text[] {
  const table = paintedTable(header, rows, { columns }, { tooWide: "cut" });
  if (!Array.isArray(table)) return [];
  // Each row ends in its line break.
  return table.map((row: Text) => (Array.isArray(row) ? row.slice(0, row.lastIndexOf("\n")) : row));
}

/** A long name is cut, as the columns behind it matter more here. */
const nameMaxCells = 32;

function shortName(name: string): string {
  return cutCells(oneLine(name), nameMaxCells);
}

function waveRows({ holders }: ClusterStatus, byName: ReadonlyMap<string, Metadata>, now: number): Cell[][] {
  return holders.map((one) => {
    const node = byName.get(one.node);
    const since = node && recordOf(node).record?.since;
    return [shortName(one.node), age(one.since, now), phaseCell(one), age(since, now), whyCell(one)];
  });
}

/** The names of the closed gates. */
function gatesOf(node: Metadata | undefined): string {
  const { record } = node === undefined ? {} : recordOf(node);
  return [...new Set((record?.reasons ?? []).map(({ gate }) => gate))].join(",");
}

function sorted(nodes: readonly NodeStatus[], sorting: Sorting): readonly NodeStatus[] {
  if (sorting === "wait") return nodes;
  const place = ({ phase }: NodeStatus) => (phases as readonly string[]).indexOf(phase);
  const byName = (a: NodeStatus, b: NodeStatus) => Number(a.node > b.node) - Number(a.node < b.node);
  const byPhase = (a: NodeStatus, b: NodeStatus) => place(b) - place(a);
  return [...nodes].sort((a, b) => (sorting === "phase" ? byPhase(a, b) : 0) || byName(a, b));
}

const styleOfResult = { rebooted: "good", failed: "trouble", withdrawn: "waiting" } as const;

/** The cycles that have ended last, newest first. */
function endedRows(nodes: readonly Metadata[], now: number): Cell[][] {
  const ended = nodes.flatMap((node) => {
    const { outcome } = recordOf(node).record ?? {};
    const at = Date.parse(outcome?.at ?? "");
    return outcome === undefined || !(now - at < recentMs) ? [] : [{ name: node.name ?? "", at, outcome }];
  });
  return ended
    .sort((a, b) => b.at - a.at)
    .slice(0, recentMax)
    .map(({ name, outcome: { at, result, message } }) => [
      shortName(name),
      age(at, now),
      { text: result, style: styleOfResult[result] },
      message,
    ]);
}

function footer(sorting: Sorting, from: number, { lines, room }: Extent, columns: number): Text {
  const keys = `q quit  s sorted by ${sortingNames[sorting]}`;
  const more =
    lines > room
      ? `  arrows, PgUp, PgDn: lines ${from + 1} to ${Math.min(from + room, lines)} of ${lines}`
      : "";
  return paint("dim", cutCells(`${keys}${more}`, columns));
}
