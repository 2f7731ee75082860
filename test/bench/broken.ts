import { type SmallWorld, startSmallWorld } from "../simulation/small-world.ts";
import { daemonUser } from "../world/manifests.ts";
import type { BrokenWorld } from "./broken-worlds.ts";
import { type Figure, figure } from "./figures.ts";

const bench = "broken";
const minute = 60_000;
const quietAfterMinutes = 10;
const minutes = 40;

/** How much the daemon of a node asks for once the world is broken; in virtual time. */
export async function benchBroken(broken: BrokenWorld): Promise<Figure[]> {
  const { name, from, fault, breaks, twoDaemonsOn } = broken;
  const workloads = [{ name: "web", replicas: 6 }];
  const world = await startSmallWorld({ nodes: 3, workloads, ...broken.world });
  const needReboots = () => {
    for (const machine of world.machines) machine.wantReboot();
  };
  try {
    if (from) {
      needReboots();
      await world.pass(minute);
      const { phases } = await world.look();
      if (!Object.values(phases).includes("Draining")) throw new Error(`${name}: no node drains`);
    }
    const match = { ...fault?.match, user: daemonUser.name };
    const struck = fault && world.server.faults.add({ ...fault, match });
    await breaks?.(world);
    const requests = countByMinute(world, (node) => (node === twoDaemonsOn ? 2 : 1));
    if (!from) needReboots();
    await world.pass(minutes * minute);
    if (struck?.hits === 0) throw new Error(`${name}: no request has met it`);
    const first = mostOf(requests, (counts) => counts[0] ?? 0);
    const later = mostOf(requests, (counts) => sum(counts.slice(quietAfterMinutes, minutes)));
    return [
      figure(bench, `${name}: requests in the first minute`, first, "requests", 45),
      figure(
        bench,
        `${name}: requests a minute after ten minutes`,
        later / (minutes - quietAfterMinutes),
        "requests",
        6,
      ),
    ];
  } finally {
    await world.stop();
  }
}

/**
 * How many requests each daemon sends in each minute from now on, where a node has several on average. To open a watch is one; so is
 * what gets no answer.
 */
function countByMinute(world: SmallWorld, daemonsOn: (node: string) => number): number[][] {
  const { clock } = world.time;
  const start = clock.elapsed();
  const counted = new Map<string, number[]>();
  for (const { name } of world.machines) counted.set(name, Array<number>(minutes).fill(0));
  world.onDaemonRequest = (node) => {
    const counts = counted.get(node) ?? [];
    const now = Math.floor((clock.elapsed() - start) / minute);
    counts[now] = (counts[now] ?? 0) + 1 / daemonsOn(node);
  };
  return [...counted.values()];
}

function mostOf(nodes: readonly number[][], countOf: (counts: readonly number[]) => number): number {
  return Math.max(...nodes.map(countOf));
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
