import { Command } from "commander";
import { contract } from "../annotations/names.ts";
import { type Pause, parsePause, pausedText, pauseNow, writePause } from "../annotations/pause.ts";
import { signed } from "../annotations/value.ts";
import type { Api } from "../cluster/api.ts";
import { parseRecord, unfailed, writeRecord } from "../cycle/record.ts";
import type { LockObject } from "../lock/lock-object.ts";
import { invalidValue } from "../text/config-error.ts";
import type { Clock, Random } from "../time/clock.ts";
import { parseLongDurationMs } from "../time/duration.ts";
import { iso } from "../time/iso.ts";
import { accessOf, apiOf, type PersonIo, withAccess } from "./access.ts";
import { annotateNode } from "./admin.ts";
import { nodeName, nodeOrAll } from "./node-name.ts";
import { whoAmI } from "./who.ts";

interface Given {
  reason?: string;
  until?: string;
  all?: boolean;
}

/**
 * `rebootd pause NODE`, or `--all`: no cycle starts there, or anywhere, and one that has started ends before
 * the reboot.
 */
export function pauseCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withAccess(
    new Command("pause")
      .description("Keep a node from rebooting, or all nodes, until rebootd resume")
      .argument("[NODE]", "The node", nodeName)
      .option("--all", "All nodes")
      .option("--reason <TEXT>", "Reason, shown on each node that waits")
      .option(
        "--until <TIME>",
        "End of the pause: a time such as 2026-12-24T06:00:00Z or 2026-12-24, or a duration such as 8h or 2d",
      ),
  );
  return command.action(async (given: string | undefined, { reason, until, all = false }: Given) => {
    const node = nodeOrAll("pause", given, all);
    const way = {
      ...io,
      api: () => apiOf(command, io),
      lockObject: async () => (await accessOf(command, io, signal)).lockObject,
    };
    io.out(await pause(way, node, { reason, until }, signal));
  });
}

/** The cluster, as far as a change needs it: each part is opened where it is used. */
interface Way {
  api: () => Api;
  lockObject: () => Promise<LockObject>;
  clock: Clock;
  random: Random;
}

/**
 * Pauses a node, or all, with the name of the person. Resolves with the text to print. A time that is none is a
 * ConfigError before anything is changed.
 */
export async function pause(
  way: Way,
  node: string | undefined,
  { reason, until }: { reason?: string | undefined; until?: string | undefined },
  signal: AbortSignal,
): Promise<string> {
  const now = way.clock.wall();
  const end = until === undefined ? undefined : parseComingTime("until", until, now);
  const api = way.api();
  const why = signed(reason, await whoAmI(api, signal));
  const wanted: Pause = {
    ...(end !== undefined && { until: end }),
    ...(why !== undefined && { reason: why }),
  };
  const paused = writePause(wanted);
  const before = await (node === undefined
    ? pauseAll(await way.lockObject(), paused, signal)
    : pauseNode({ ...way, api }, node, paused, signal));
  const [who, by] = node === undefined ? ["no node reboots", "--all"] : [`${node} does not reboot`, node];
  const ends = end === undefined ? `rebootd resume ${by}` : iso(end);
  const was = pauseNow(before, now);
  const replaced = was && `before: ${pausedText(was)}\n`;
  return `paused: ${who} until ${ends}\n${replaced ?? ""}`;
}

/** Resolves with the annotation before. */
async function pauseNode(
  io: Parameters<typeof annotateNode>[0],
  node: string,
  paused: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const before = await annotateNode(io, node, () => ({ [contract.paused.key]: paused }), signal);
  return before[contract.paused.key];
}

/** Resolves with the annotation before. */
async function pauseAll(
  lockObject: LockObject,
  paused: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  let before: string | undefined;
  await lockObject.swap((lockState) => {
    before = lockState.paused;
    return { paused };
  }, signal);
  return before;
}

/** Ends the pause of a node, and resets its failure count. Resolves with the text to print. */
export async function resumeNode(
  io: Parameters<typeof annotateNode>[0],
  node: string,
  signal: AbortSignal,
): Promise<string> {
  let text = "";
  await annotateNode(
    io,
    node,
    (annotations) => {
      const pause = parsePause(annotations[contract.paused.key]);
      const { record } = parseRecord(annotations[contract.cycle.key]);
      const hasFailed = record?.phase === "Failed";
      if (pause === undefined && !hasFailed) {
        text = `${node} is not paused and has not failed\n`;
        return undefined;
      }
      const failures = hasFailed ? `failure count reset (it was ${record.failures}); ` : "";
      const was = pause === undefined ? "" : `before: ${pausedText(pause)}\n`;
      text = `resumed: ${failures}${node} may reboot\n${was}`;
      return {
        ...(pause !== undefined && { [contract.paused.key]: null }),
        ...(hasFailed && { [contract.cycle.key]: writeRecord({ ...record, ...unfailed }) }),
      };
    },
    signal,
  );
  return text;
}

const day = /^\d{4}-\d{2}-\d{2}/;
const withZone = new RegExp(`${day.source}T.*(?:Z|[+-]\\d{2}:\\d{2})$`);
const local = new RegExp(`${day.source}(?:[T ]\\d{2}:\\d{2}(?::\\d{2})?)?$`);

/**
 * A time, in this machine's zone unless it names one, or a duration from now, in days and Go's units. Milliseconds
 * since the epoch.
 */
export function parseComingTime(option: string, text: string, now: number): number {
  const end = timeIn(text) ?? now + (parseLongDurationMs(text) ?? Number.NaN);
  if (end > now) return end;
  const rule = `must be a time in the future or a duration, for example 2026-12-24T06:00:00Z, "2026-12-24 06:00", 2026-12-24, 90m or 2d`;
  throw invalidValue(option, JSON.stringify(text.slice(0, 80)), rule);
}

function timeIn(text: string): number | undefined {
  const isLocal = local.test(text);
  if (!isLocal && !withZone.test(text)) return undefined;
  const whole = isLocal && text.length === 10 ? `${text}T00:00` : text.replace(" ", "T");
  const [date = ""] = day.exec(text) ?? [];
  const midnight = Date.parse(`${date}T00:00Z`);
  // JavaScript takes February 30 for March 2.
  const exists = !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(date);
  return exists ? Date.parse(whole) : Number.NaN;
}
