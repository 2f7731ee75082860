import { systemClock } from "../../daemon/time/clock.ts";
import { readLog } from "../e2e/daemon-process.ts";
import type { KubeletOptions } from "../kubernetes/machines/kubelet.ts";
import { startSimulatedServer } from "../kubernetes/server.ts";
import { startInPod } from "../world/pod-process.ts";
import { startWorld } from "../world/world.ts";

const deadlineMs = 2 * 60_000;

/** Built daemons, started as the image does in pods of a default install, each on its own node over TLS. */
export async function startDaemonsInPods(nodes: readonly string[], kubelet: Partial<KubeletOptions>) {
  const server = await startSimulatedServer(systemClock, { authorization: "always-allow" });
  const pids = new Map<string, number>();
  const world = await startWorld({
    server,
    nodes: [...nodes],
    kubelet,
    startDaemon: (place) => {
      const handle = startInPod(place);
      if (handle.pid !== undefined) pids.set(place.name, handle.pid);
      return handle;
    },
  });
  const areUp = async () => {
    const logs = await Promise.all(world.nodes.map(({ logFile }) => readLog(logFile)));
    return logs.every((lines) => lines.some(({ metricsPort }) => metricsPort !== undefined));
  };
  await world.until("their daemons are there", areUp, deadlineMs);
  return { world, pidOf: (name: string) => pids.get(name) ?? Number.NaN };
}
