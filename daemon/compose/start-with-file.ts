import { changeTo } from "../config/change.ts";
import { refuseExpressions } from "../config/expressions.ts";
import { givenWithFile, readConfigText } from "../config/file/read-file.ts";
import type { TypedOptions } from "../config/given.ts";
import { parseSettings, type RawOptions, type Settings } from "../config/settings.ts";
import { lookAtHost } from "../host/host.ts";
import { explain } from "../report/log.ts";
import { createProcessMetrics } from "../report/process-metrics.ts";
import { linked } from "../time/linked.ts";
import { type DaemonPorts, runDaemon } from "./daemon.ts";
import { lookDaemon } from "./look.ts";
import { naming, openPorts, type ProcessPorts } from "./open-ports.ts";
import { type Configuration, watchConfig } from "./watch-config.ts";

/** A configuration, and the world that it asks for. */
interface Opened extends Configuration {
  settings: Settings;
  ports: Omit<DaemonPorts, "processMetrics">;
}

/**
 * `rebootd run --config`. When the file changes, the daemon is composed anew inside the process, as if it had
 * been stopped and started again: what it did is in the record on the Node, so that it may be stopped at any
 * moment. A file that is invalid changes nothing.
 */
export async function startWithFile(
  file: string,
  typed: TypedOptions,
  world: ProcessPorts,
  signal: AbortSignal,
): Promise<void> {
  const text = await readConfigText(file, world.readText);
  const given = givenWithFile(file, text, typed);
  const { settings, ports } = await naming(given, async () => {
    const first = parseSettings(given.raw);
    await refuseExpressions(given.raw);
    const transport = await world.connect(first.node.kubeconfig);
    return { settings: first, ports: await openPorts(first, given, world, transport) };
  });
  if (settings.node.once) return world.out(await naming(given, () => lookDaemon(settings, ports, signal)));

  const processMetrics = createProcessMetrics();
  const read = () => readConfigText(file, world.readText);
  /** Everything that could keep a daemon from starting is tried while the one before still runs. */
  const open = (next: string, has: RawOptions): Promise<Opened> => {
    const nextGiven = givenWithFile(file, next, typed);
    const { raw } = changeTo(has, nextGiven.raw);
    return naming(nextGiven, async () => {
      const nextSettings = parseSettings(raw);
      await refuseExpressions(raw);
      const { reboot, logind } = nextSettings;
      const nextPorts = await openPorts(nextSettings, { ...nextGiven, raw }, world, ports.transport);
      const asked = { ...reboot.machine, inhibitors: logind.inhibitors };
      await lookAtHost(asked, nextPorts.host, signal);
      return { text: next, raw, given: nextGiven, settings: nextSettings, ports: nextPorts };
    });
  };

  let current: Opened = { text, raw: given.raw, given, settings, ports };
  while (!signal.aborted) current = await runUntilChanged(current, open);

  async function runUntilChanged(has: Opened, reopen: typeof open): Promise<Opened> {
    const inner = linked(signal);
    let next = has;
    try {
      await naming(has.given, () =>
        runDaemon(has.settings, { ...has.ports, processMetrics }, inner.signal, (running) => {
          const { clock, random } = world;
          const watching = { clock, random, read, open: (changed: string) => reopen(changed, has.raw) };
          const onChange = (found: Opened) => {
            next = found;
            inner.end();
          };
          watchConfig(has, watching, running, inner.signal).then(onChange, (error: unknown) => {
            if (!inner.signal.aborted) running.configRejected(explain(error));
          });
        }),
      );
    } finally {
      inner.unlink();
    }
    return next;
  }
}
