import { PassThrough } from "node:stream";
import type { Transport } from "../../daemon/cluster/transport.ts";
import { compose, type Ports } from "../../daemon/compose/daemon.ts";
import { parseSettings, type RawOptions } from "../../daemon/config/settings.ts";
import { runCycle } from "../../daemon/cycle/run.ts";
import { createHealthLook } from "../../daemon/health/look.ts";
import type { Host } from "../../daemon/host/host.ts";
import type { HttpSend } from "../../daemon/http/send.ts";
import { parseDestinations } from "../../daemon/notify/destination.ts";
import type { Metrics } from "../../daemon/report/metrics.ts";
import { bootIdFile, rebootFile } from "../kubernetes/machines/machine.ts";
import type { MachineStorage } from "../kubernetes/machines/storage.ts";
import type { DaemonHandle } from "../kubernetes/machines/supervisor.ts";
import { simulatedNeed, simulatedUpdate } from "./simulated-need.ts";

export interface SimulatedDaemon {
  options: RawOptions;
  storage: MachineStorage;
  surroundings: Pick<Ports, "transport" | "clock" | "random" | "post" | "doWithout" | "inheritKured">;
  /** Takes the messages; without it there is nobody to take them. */
  receive?: HttpSend;
  /** What logind of the machine says; without it there is none. */
  logind?: Host["logind"];
  /** What systemd of the machine says of its userspace; without it, that it does not count soft reboots. */
  readUserspace?: Host["readUserspace"];
  /** Whether the machine can go by kexec just now. */
  hasLoadedKernel?: () => boolean;
  /** Looks for other reboot managers, as a real daemon does minutes after its start. */
  looksForOthers?: boolean;
  /** The time since the machine started, which no clock that is set changes. */
  uptimeSeconds?: () => number;
  /** Gets every line of the log. */
  onLog: (line: string) => void;
  onMetrics?: (metrics: Metrics) => void;
  /** Told what the people of the machine are told before it goes down. */
  onAnnouncement?: (text: string) => void;
}

/** One for all, as daemons ask all the time, and the stack of an error takes long to make. */
const busError = Object.assign(new Error("no D-Bus socket at /run/dbus/system_bus_socket"), {
  code: "no-bus",
});
const noBus = async () => {
  throw busError;
};

/** A machine without D-Bus. */
export const noLogind: Host["logind"] = { listInhibitors: noBus, listSessions: noBus, isShuttingDown: noBus };

/** A machine with a systemd before version 256. */
export const noCount: Host["readUserspace"] = async () => {
  throw new Error("systemd does not count soft reboots; version 256 or newer does");
};

/**
 * The real daemon from its composition root down, on a machine in memory. Killed, it is cut off at once: whatever its code
 * does afterwards has no effect on anything, as with a process that is gone.
 */
export function startSimulatedDaemon(daemon: SimulatedDaemon): DaemonHandle {
  const { storage, surroundings, onLog, onMetrics, onAnnouncement } = daemon;
  const stop = new AbortController();
  let dead = false;
  const exited = Promise.withResolvers<string>();
  const never = new Promise<never>(() => {});
  const unlessDead = <T>(work: () => T): T | Promise<never> => (dead ? never : work());

  const transport: Transport = async (request) => {
    await unlessDead(() => undefined);
    const answer = await surroundings.transport(request);
    await unlessDead(() => undefined);
    return answer;
  };
  const log = new PassThrough({ encoding: "utf8" });
  log.on("data", (text: string) => {
    for (const line of text.split("\n")) if (line !== "") onLog(line);
  });
  const settings = parseSettings({ "log-format": "text", ...daemon.options });
  const destinations = parseDestinations(settings.notify.urls);
  const { receive } = daemon;
  const send: HttpSend = async (request, signal) => {
    await unlessDead(() => undefined);
    const answer = await receive?.(request, signal);
    return await unlessDead(() => answer ?? { status: 503, text: "", headers: {} });
  };
  const email = async () => {
    await unlessDead(() => undefined);
    throw new Error("there is no mail server");
  };
  const { ports, metrics, noticeOthers, prepare } = compose(
    settings,
    {
      ...surroundings,
      createHealthLook,
      transport,
      log,
      messages: { destinations: () => destinations, net: { send, email } },
      version: "0.0.0",
      instance: "simulated",
      host: {
        need: simulatedNeed(storage),
        updateUnderWay: simulatedUpdate(storage),
        readUserspace: daemon.readUserspace ?? noCount,
        ...(daemon.uptimeSeconds && { uptimeSeconds: daemon.uptimeSeconds }),
        readBootID: async () => (storage.read(bootIdFile) ?? "").trim(),
        rebooter: {
          announce: async (text) => {
            await unlessDead(() => onAnnouncement?.(text));
          },
          possible: async (kind) =>
            kind === "kexec" && daemon.hasLoadedKernel?.() !== true
              ? { kind: "full", why: "no kernel is loaded for kexec" }
              : { kind },
          reboot: async (_signal, kind) => {
            await unlessDead(() => undefined);
            storage.write(rebootFile, kind === "full" ? "" : (kind ?? ""));
          },
        },
        logind: daemon.logind ?? noLogind,
      },
    },
    stop.signal,
  );
  onMetrics?.(metrics);
  if (daemon.looksForOthers) void noticeOthers();
  const run = () => runCycle(ports, stop.signal);
  void (prepare === undefined ? run() : prepare().then(run, () => {})).then(() => exited.resolve("stopped"));

  return {
    kill(signal) {
      if (signal === "SIGKILL") {
        dead = true;
        exited.resolve("SIGKILL");
      }
      stop.abort(new Error(`stopped by ${signal}`));
    },
    exited: exited.promise,
  };
}
