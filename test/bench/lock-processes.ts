import { systemClock } from "../../daemon/time/clock.ts";
import { startSimulatedServer } from "../kubernetes/server.ts";
import { startRebootd } from "../world/rebootd.ts";
import { startWorld } from "../world/world.ts";
import { type Figure, figure, median } from "./figures.ts";
import { handOverMs } from "./hand-overs.ts";

export interface ProcessesOptions {
  nodes: number;
  concurrency: number;
}

const bench = "lock";
const deadlineMs = 10 * 60_000;

/** Real daemon processes that all want the lock at once, on the simulated cluster over TLS. */
export async function benchProcesses({ nodes, concurrency }: ProcessesOptions): Promise<Figure[]> {
  const server = await startSimulatedServer(systemClock, {
    authorization: "always-allow",
    ledgerMax: 1_000_000,
  });
  const world = await startWorld({
    server,
    nodes,
    concurrency,
    rebootSeconds: 0.5,
    startDaemon: (place) => startRebootd(place, ["--ready-settle=0"]),
  });
  try {
    const running = () => world.nodes.every(({ machine }) => machine.isUp);
    await world.until("all machines are up", running, deadlineMs);
    server.api.ledger.clear();
    for (const node of world.nodes) node.wantsReboot();
    await world.rolled(undefined, deadlineMs);
    const { nodes: seen, violations, maxUnavailable } = await world.report();
    const times = (key: "releasedAt" | "cordonedAt") =>
      seen.flatMap(({ cycles }) => cycles.map((cycle) => Date.parse(cycle[key] ?? "")));
    const gaps = handOverMs(
      { releasedAt: times("releasedAt"), cordonedAt: times("cordonedAt") },
      concurrency,
    );
    const isLockWrite = { verb: "patch", resource: "leases", name: "rebootd" };
    const writes = server.api.ledger.count(isLockWrite);
    const conflicts = server.api.ledger.count({ ...isLockWrite, status: 409 });
    const what = `${nodes} processes, ${concurrency} at a time`;
    return [
      figure(bench, `${what}: nodes without their turn`, nodes - gaps.length - concurrency, "nodes", 0),
      figure(bench, `${what}: nodes down at one time`, maxUnavailable, "nodes", concurrency),
      figure(bench, `${what}: broken promises`, violations.length, "violations", 0),
      figure(bench, `${what}: lock writes a hand-over`, writes / nodes, "writes", 3),
      figure(bench, `${what}: of them in vain`, conflicts / nodes, "writes", 1),
      figure(bench, `${what}: release to next cordon, median`, median(gaps) / 1000, "s", 2),
      figure(bench, `${what}: release to next cordon, most`, Math.max(...gaps) / 1000, "s", 5),
    ];
  } finally {
    await world.stop();
  }
}
