/** The roll that the README shows: the real daemons in virtual time, so that it is the same whenever it is drawn. */
import { iso } from "../../daemon/time/iso.ts";
import { timelineSvg } from "../demo/timeline.ts";
import { type SmallWorld, startSmallWorld } from "../simulation/small-world.ts";
import type { CycleTimes } from "../world/courses.ts";
import { defaultLock } from "../world/lock-place.ts";
import { type Observer, startObserver } from "../world/observer.ts";

const nodeCount = 8;
const concurrency = 2;
/** How long each machine is down. The fourth checks its file systems. */
const downSeconds = [75, 90, 60, 240, 80, 95, 70, 85];

/** The picture as SVG. Takes a second or two. */
export async function rollPicture(): Promise<string> {
  const world = await startSmallWorld({
    nodes: nodeCount,
    seed: 1,
    rights: "everything",
    kubelet: { podStopMs: 12_000, podStartMs: 8000, readyAfterMs: 15_000 },
    workloads: [
      { name: "agent", namespace: "kube-system" },
      { name: "shop", replicas: 16, budget: { maxUnavailable: 2 } },
      { name: "db", replicas: 1, budget: { minAvailable: 1 } },
    ],
    options: {
      concurrency: `${concurrency}`,
      "drain-timeout": "3m",
      preflight: "off",
      "ready-settle": "20s",
    },
  });
  try {
    const { api, signal, time } = world;
    const observer = startObserver({ api, clock: time.clock, random: () => 0.5, signal }, defaultLock);
    await time.pass(1000);
    world.onMachineEvent = observer.onMachineEvent;
    return await roll(world, observer);
  } finally {
    await world.stop();
  }
}

async function roll(world: SmallWorld, observer: Observer): Promise<string> {
  const { time, machines } = world;
  const startedAt = time.clock.wall();
  const isReleased = releaseLate(world);
  for (const [n, machine] of machines.entries()) {
    machine.behaviour.downMs = (downSeconds[n] ?? 60) * 1000;
    machine.wantReboot();
  }
  await isReleased;
  const isBack = () => machines.every(({ isUp, boots }) => isUp && boots.length === 2);
  await time.until("every machine has rebooted", isBack, 60 * 60_000);
  await world.until("every node is Idle", async () => {
    const { phases, cordoned } = await world.look();
    return cordoned.length === 0 && Object.values(phases).every((phase) => phase === "Idle");
  });
  await time.pass(10_000);
  const { nodes, violations } = observer.report({ concurrency, isOver: true });
  if (violations.length > 0)
    throw new Error(`the roll of the picture broke promises: ${JSON.stringify(violations)}`);
  return timelineSvg({
    startedAt,
    endedAt: time.clock.wall(),
    nodes: nodes.map(({ name, cycles }) => ({ name, cycles: cycles.map(wholeSeconds) })),
    concurrency,
    title: "Eight nodes need a reboot, and at most two may be unavailable at a time",
  });
}

/** Less would show every request that a daemon makes more or less. */
function wholeSeconds(cycle: CycleTimes): CycleTimes {
  const round = (text: string | null) =>
    text === null ? null : iso(Math.round(Date.parse(text) / 1000) * 1000);
  return Object.fromEntries(
    Object.entries(cycle).map(([step, text]) => [step, round(text)]),
  ) as unknown as CycleTimes;
}

/** The budget keeps its pod where it is, until a first drain has been given up. */
async function releaseLate({ api, signal, look, until }: SmallWorld): Promise<void> {
  const hasFailed = async () => Object.values((await look()).phases).includes("Failed");
  await until("a drain has been given up", hasFailed);
  await api.delete("/apis/policy/v1/namespaces/default/poddisruptionbudgets/db", {}, { signal });
}
