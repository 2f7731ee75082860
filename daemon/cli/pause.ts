import { Command } from "commander";
import { readNodeMetadata } from "../cluster/nodes.ts";
import { ConfigError } from "../config/options.ts";
import { parseRecord, recordAnnotation, unfailed, writeRecord } from "../cycle/record.ts";
import { parseDurationMs } from "../duration.ts";
import { type Pause, parsePause, pausedAnnotation, writePause } from "../pause.ts";
import { type Access, accessOf, apiOf, type PersonIo, withAccess } from "./access.ts";
import { annotateNode, noSuchNode } from "./deed.ts";

/** `rebootd pause [NODE]`: no cycle starts there, or anywhere, and one that has started ends before the reboot. */
export function pauseCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withAccess(
    new Command("pause")
      .description("keep a node from rebooting, or all nodes, until rebootd resume")
      .argument("[NODE]", "the node; without it all nodes")
      .option("--reason <TEXT>", "why; shown on each node that waits")
      .option(
        "--until <TIME>",
        "when it ends by itself: a time such as 2026-12-24T06:00:00Z, or how long from now",
      ),
  );
  return command.action(
    async (node: string | undefined, { reason, until }: { reason?: string; until?: string }) => {
      const end = until === undefined ? undefined : parseUntil(until, io.clock.wall());
      const pause: Pause = { ...(end !== undefined && { until: end }), ...(reason && { reason }) };
      const paused = writePause(pause);
      if (node === undefined) await accessOf(command, io).carrier.swap(() => ({ paused }), signal);
      else await annotateNode(apiOf(command, io), node, { [pausedAnnotation]: paused }, signal);
      const who = node === undefined ? "no node reboots" : `${node} does not reboot`;
      const by = node === undefined ? "rebootd resume" : `rebootd resume ${node}`;
      io.out(`paused: ${who} until ${end === undefined ? by : new Date(end).toISOString()}\n`);
    },
  );
}

/** Ends the pause of a node, and says what there was. */
export async function resumeNode(api: Access["api"], node: string, signal: AbortSignal): Promise<string> {
  const found = await readNodeMetadata(api, node, signal);
  if (found === undefined) throw noSuchNode(node);
  const { annotations = {}, resourceVersion } = found;
  const isPaused = parsePause(annotations[pausedAnnotation]) !== undefined;
  const { record } = parseRecord(annotations[recordAnnotation]);
  const hasFailed = record?.phase === "Failed";
  if (!isPaused && !hasFailed) return `${node} was not paused, and has not failed\n`;
  const changes = {
    ...(isPaused && { [pausedAnnotation]: null }),
    ...(hasFailed && { [recordAnnotation]: writeRecord({ ...record, ...unfailed }) }),
  };
  await annotateNode(api, node, changes, signal, hasFailed ? resourceVersion : undefined);
  const failures = hasFailed ? `its ${record.failures} failures in a row no longer count; ` : "";
  return `resumed: ${failures}${node} reboots when it needs to and may\n`;
}

function parseUntil(text: string, now: number): number {
  const ms = parseDurationMs(text);
  const end =
    ms === undefined
      ? Date.parse(/^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:\d{2})$/.test(text) ? text : "")
      : now + ms;
  if (end > now) return end;
  throw new ConfigError(
    `--until=${JSON.stringify(text.slice(0, 80))}: allowed is a time to come such as 2026-12-24T06:00:00Z, or a duration such as 90m`,
  );
}
