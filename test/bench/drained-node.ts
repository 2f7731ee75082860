import { systemClock } from "../../daemon/time/clock.ts";
import { askDaemon, readLog } from "../e2e/daemon-process.ts";
import type { ApiServerOptions } from "../kubernetes/api/server.ts";
import { type SimulatedServer, startSimulatedServer } from "../kubernetes/server.ts";
import { bundle, startRebootd } from "../world/rebootd.ts";
import { startWorld, type World } from "../world/world.ts";

export const deadlineMs = 5 * 60_000;

export interface NodeToDrain {
  server: ApiServerOptions;
  podStopMs: number;
  /** What is there before the node needs a reboot. */
  add: (world: World) => Promise<void>;
}

export interface DrainedNode {
  /** Of the requests of the daemon, from its need on. */
  ledger: SimulatedServer["api"]["ledger"];
  /** Of the daemon's process, before the need and at most up to the reboot; MB of 10^6. */
  residentBefore: number;
  residentMost: number;
}

/** A real daemon process, as the image runs it, drains the only node; `read` is called while all of it is still there. */
export async function drainNode<T>(
  { server: options, podStopMs, add }: NodeToDrain,
  read: (drained: DrainedNode) => T,
): Promise<T> {
  const server = await startSimulatedServer(systemClock, { authorization: "always-allow", ...options });
  const world = await startWorld({
    server,
    nodes: ["n1"],
    kubelet: { podStopMs, podStartMs: 0 },
    startDaemon: (place) => startRebootd(place, [], bundle),
  });
  try {
    await add(world);
    const node = world.node("n1");
    const isStarted = async () =>
      (await readLog(node.logFile)).some(({ metricsPort }) => metricsPort !== undefined);
    await world.until("its daemon is there", isStarted);
    const residentBefore = await residentMb(node.logFile);
    const { ledger } = server.api;
    ledger.clear();
    node.wantsReboot();
    let residentMost = residentBefore;
    const isRebooting = async () => {
      // After the drain the daemon is killed with its machine.
      residentMost = Math.max(residentMost, await residentMb(node.logFile).catch(() => 0));
      return (await node.record())?.phase === "Rebooting" || node.machine.boots.length > 1;
    };
    await world.until("the node is empty", isRebooting, deadlineMs);
    return read({ ledger, residentBefore, residentMost });
  } finally {
    await world.stop();
  }
}

async function residentMb(logFile: string): Promise<number> {
  const metrics = await askDaemon(logFile, "/metrics");
  return Number(/^process_resident_memory_bytes\S* (\S+)$/m.exec(metrics)?.[1]) / 1e6;
}
