import { askDaemon } from "../e2e/daemon-process.ts";
import type { World } from "../world/world.ts";
import { startDaemonsInPods } from "./daemons-in-pods.ts";
import { type Figure, figure, medianFigure } from "./figures.ts";
import { memoryOf, type ProcessMemory } from "./process-memory.ts";

const bench = "memory";
const deadlineMs = 2 * 60_000;
/** V8 has compiled what it compiles and collected its garbage by then. */
const settleMs = 20_000;
const graceSeconds = 5;

/** Each daemon has settled, and has answered Prometheus and the probe once. */
async function settled(world: World): Promise<void> {
  await world.pass(settleMs / 2);
  for (const { logFile } of world.nodes)
    for (const path of ["/metrics", "/healthz"]) await askDaemon(logFile, path);
  await world.pass(settleMs / 2);
}

async function idle(count: number): Promise<ProcessMemory[]> {
  const names = Array.from({ length: count }, (_, index) => `n${index + 1}`);
  const { world, pidOf } = await startDaemonsInPods(names, { podStopMs: 0, podStartMs: 0 });
  try {
    await settled(world);
    return names.map((name) => memoryOf(pidOf(name)));
  } finally {
    await world.stop();
  }
}

/** The peak up to the reboot, in a drain of so many pods. */
async function peakOfDrain(pods: number): Promise<number> {
  const { world, pidOf } = await startDaemonsInPods(["n1"], {
    podStopMs: graceSeconds * 1000,
    podStartMs: 0,
  });
  try {
    const spec = {
      nodeName: "n1",
      terminationGracePeriodSeconds: graceSeconds,
      containers: [{ name: "main", image: "registry.test/app:1" }],
    };
    for (let number = 1; number <= pods; number += 1) {
      const body = { metadata: { name: `p${number}` }, spec };
      await world.api.create("/api/v1/namespaces/default/pods", body, { signal: world.signal });
    }
    const node = world.node("n1");
    const run = async () => (await node.pods()).every(({ status }) => status?.phase === "Running");
    await world.until("all pods run", run, deadlineMs);
    await settled(world);
    const pid = pidOf("n1");
    let { peak } = memoryOf(pid);
    node.wantsReboot();
    const isRebooting = async () => {
      if (node.machine.boots.length > 1) return true;
      // The daemon ends with its machine.
      if (pidOf("n1") === pid) peak = Math.max(peak, peakOf(pid));
      return (await node.record())?.phase === "Rebooting";
    };
    await world.until("the node is empty", isRebooting, deadlineMs);
    return peak;
  } finally {
    await world.stop();
  }
}

function peakOf(pid: number): number {
  try {
    return memoryOf(pid).peak;
  } catch {
    return 0;
  }
}

/** The memory of the daemon; MiB of 2^20 bytes. */
export async function benchMemory(): Promise<Figure[]> {
  const daemons = await idle(5);
  const small: number[] = [];
  for (let run = 1; run <= 3; run += 1) small.push(await peakOfDrain(110));
  const large = await peakOfDrain(1000);
  const of = (key: keyof ProcessMemory) => daemons.map((memory) => memory[key]);
  return [
    medianFigure(bench, "idle: resident, median of 5", of("resident"), "MiB", 66),
    medianFigure(bench, "idle: anonymous, median of 5", of("anonymous"), "MiB", 20),
    medianFigure(bench, "start: most resident, median of 5", of("peak"), "MiB", 80),
    medianFigure(bench, "drain of 110 pods: most resident, median of 3", small, "MiB", 80),
    figure(bench, "drain of 1,000 pods: most resident", large, "MiB", 110),
  ];
}
