import { Command } from "commander";
import { unlessNotFound } from "../cluster/api.ts";
import { type PartialObjectMetadata, paths } from "../cluster/objects.ts";
import { ConfigError } from "../config/options.ts";
import { pausedAnnotation } from "../cycle/own-node.ts";
import { parseDurationMs } from "../duration.ts";
import { type Pause, parsePause, writePause } from "../gates/paused.ts";
import { type Access, apiOf, type PersonIo, withCluster } from "./access.ts";
import { noSuchNode } from "./deed.ts";

/** `rebootd pause NODE`: it does not start a cycle, and one that has started ends before the reboot. */
export function pauseCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withCluster(
    new Command("pause")
      .description("keep a node from rebooting, until rebootd resume NODE")
      .argument("<NODE>", "the node")
      .option("--reason <TEXT>", "why; shown on the node while it waits")
      .option(
        "--until <TIME>",
        "when it ends by itself: a time such as 2026-12-24T06:00:00Z, or how long from now",
      ),
  );
  return command.action(async (node: string, { reason, until }: { reason?: string; until?: string }) => {
    const end = until === undefined ? undefined : parseUntil(until, io.clock.now());
    const pause: Pause = { ...(end !== undefined && { until: end }), ...(reason && { reason }) };
    await annotate(apiOf(command, io), node, writePause(pause), signal);
    const ends = end === undefined ? `rebootd resume ${node}` : new Date(end).toISOString();
    io.out(`paused: ${node} does not reboot until ${ends}\n`);
  });
}

/** Ends it, and says what there was. */
export async function resumeNode(api: Access["api"], node: string, signal: AbortSignal): Promise<string> {
  const found = await unlessNotFound(
    api.get<PartialObjectMetadata>(paths.node(node), { signal, metadataOnly: "object" }),
  );
  if (found === undefined) throw noSuchNode(node);
  if (parsePause(found.metadata?.annotations?.[pausedAnnotation]) === undefined)
    return `${node} was not paused\n`;
  await annotate(api, node, null, signal);
  return `resumed: ${node} reboots when it needs to and may\n`;
}

async function annotate(
  api: Access["api"],
  node: string,
  value: string | null,
  signal: AbortSignal,
): Promise<void> {
  const metadata = { annotations: { [pausedAnnotation]: value } };
  const patched = await unlessNotFound(api.patch(paths.node(node), { metadata }, { signal }));
  if (patched === undefined) throw noSuchNode(node);
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
