import { systemClock } from "../../daemon/time/clock.ts";
import { startSimulatedServer } from "../kubernetes/server.ts";
import { bundle, startRebootd } from "../world/rebootd.ts";
import { startWorld } from "../world/world.ts";
import { type Figure, figure } from "./figures.ts";
import { rollEfficiency } from "./roll-efficiency.ts";

export interface RollOptions {
  nodes: number;
  concurrency: number;
}

const bench = "roll";
const downSeconds = 10;
const deadlineMs = 15 * 60_000;

/** How much of their slots' time nodes use that all need a reboot at once: real daemon processes on the simulated cluster over TLS. */
export async function benchRoll({ nodes, concurrency }: RollOptions): Promise<Figure[]> {
  const server = await startSimulatedServer(systemClock, { authorization: "always-allow" });
  const world = await startWorld({
    server,
    nodes,
    concurrency,
    rebootSeconds: downSeconds,
    // Each boot is reported at once, also where another write comes between.
    kubelet: { heartbeatMs: 1000 },
    workloads: [{ name: "web", replicas: 2 * nodes }],
    startDaemon: (place) => startRebootd(place, ["--ready-settle=5s"], bundle),
  });
  try {
    const isUp = () => world.nodes.every(({ machine }) => machine.isUp);
    await world.until("all machines are up", isUp, deadlineMs);
    const neededAt = Date.now();
    for (const node of world.nodes) node.wantsReboot();
    await world.rolled(undefined, deadlineMs);
    const { nodes: seen, violations } = await world.report();
    const away = seen.flatMap(({ cycles }) =>
      cycles.map(({ cordonedAt, uncordonedAt }) => ({
        cordonedAt: Date.parse(cordonedAt ?? ""),
        uncordonedAt: Date.parse(uncordonedAt ?? ""),
      })),
    );
    const what = `${nodes} processes, ${concurrency} at a time, down for ${downSeconds} s`;
    return [
      figure(bench, `${what}: reboots but one of each node`, away.length - nodes, "reboots", 0),
      figure(bench, `${what}: broken promises`, violations.length, "violations", 0),
      // 0.97 of it are to be used.
      figure(
        bench,
        `${what}: part of the slots' time that is not used`,
        1 - rollEfficiency(away, concurrency, neededAt),
        "",
        0.03,
      ),
    ];
  } finally {
    await world.stop();
  }
}
