import { refuseExpressions } from "../config/expressions.ts";
import { merged, type TypedOptions } from "../config/given.ts";
import { parseSettings, type RawOptions } from "../config/settings.ts";
import { createProcessMetrics } from "../report/process-metrics.ts";
import { runDaemon } from "./daemon.ts";
import { lookDaemon } from "./look.ts";
import { naming, openPorts, type ProcessPorts } from "./open-ports.ts";

/**
 * `rebootd run`: until the signal ends it, or with --once until it has printed what would be done. `from` says
 * which of the options are of the environment, and which file has more of them. Rejects with a ConfigError for
 * input that is invalid: for contradictions of the options before any other file is read, for files before a
 * command is run.
 */
export async function start(
  raw: RawOptions,
  world: ProcessPorts,
  signal: AbortSignal,
  from: Omit<TypedOptions, "raw"> = { fromEnvironment: new Set(), file: undefined },
): Promise<void> {
  const typed = { raw, ...from };
  if (typed.file !== undefined) {
    // A daemon without such a file has none of this in its memory.
    const { startWithFile } = await import("./start-with-file.ts");
    return await startWithFile(typed.file, typed, world, signal);
  }
  const given = merged(typed);
  await naming(given, async () => {
    const settings = parseSettings(raw);
    await refuseExpressions(raw);
    const ports = await openPorts(settings, given, world, await world.connect(settings.node.kubeconfig));
    if (settings.node.once) world.out(await lookDaemon(settings, ports, signal));
    else await runDaemon(settings, { ...ports, processMetrics: createProcessMetrics() }, signal);
  });
}
