import { Command } from "commander";
import { contract } from "../annotations/names.ts";
import { type Pause, parsePause, pausedText, pauseNow, writePause } from "../annotations/pause.ts";
import { signed } from "../annotations/value.ts";
import { parseRecord, unfailed, writeRecord } from "../cycle/record.ts";
import { invalidValue } from "../text/config-error.ts";
import { parseDurationMs } from "../time/duration.ts";
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
    const now = io.clock.wall();
    const end = until === undefined ? undefined : parseUntil(until, now);
    const api = apiOf(command, io);
    const why = signed(reason, await whoAmI(api, signal));
    const pause: Pause = {
      ...(end !== undefined && { until: end }),
      ...(why !== undefined && { reason: why }),
    };
    const before = await setPause(node, writePause(pause));
    const [who, by] = node === undefined ? ["no node reboots", "--all"] : [`${node} does not reboot`, node];
    const ends = end === undefined ? `rebootd resume ${by}` : iso(end);
    const was = pauseNow(before, now);
    const replaced = was && `before: ${pausedText(was)}\n`;
    io.out(`paused: ${who} until ${ends}\n${replaced ?? ""}`);
  });

  /** Resolves with the annotation before. */
  async function setPause(node: string | undefined, paused: string): Promise<string | undefined> {
    if (node !== undefined) {
      const change = () => ({ [contract.paused.key]: paused });
      return (await annotateNode({ ...io, api: apiOf(command, io) }, node, change, signal))[
        contract.paused.key
      ];
    }
    const { lockObject } = await accessOf(command, io, signal);
    let before: string | undefined;
    await lockObject.swap((lockState) => {
      before = lockState.paused;
      return { paused };
    }, signal);
    return before;
  }
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
function parseUntil(text: string, now: number): number {
  const end = timeIn(text) ?? now + (longDurationMs(text) ?? Number.NaN);
  if (end > now) return end;
  const rule = `must be a time in the future or a duration, for example 2026-12-24T06:00:00Z, "2026-12-24 06:00", 2026-12-24, 90m or 2d`;
  throw invalidValue("until", JSON.stringify(text.slice(0, 80)), rule);
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

function longDurationMs(text: string): number | undefined {
  const [, days, rest = ""] = /^(?:(\d+)d)?(.*)$/s.exec(text) ?? [];
  if (days === undefined) return parseDurationMs(text);
  const restMs = rest === "" ? 0 : parseDurationMs(rest);
  return restMs === undefined ? undefined : Number(days) * 86_400_000 + restMs;
}
