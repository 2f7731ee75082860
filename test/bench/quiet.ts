import type { Transport } from "../../daemon/cluster/transport.ts";
import { type SmallWorld, type SmallWorldOptions, startSmallWorld } from "../simulation/small-world.ts";
import { type Figure, figure } from "./figures.ts";

export interface QuietWorld {
  name: string;
  /** What keeps the node waiting; an idle one needs no reboot. */
  waits?: (world: SmallWorld) => Promise<void>;
  world?: Partial<SmallWorldOptions>;
}

const bench = "broken";
const minute = 60_000;
const hours = 24;
const lease = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/rebootd";

export const quietWorlds: readonly QuietWorld[] = [
  { name: "an idle node" },
  {
    name: "a node that waits for a lock set by hand",
    waits: (world) => setLock(world, { nodeID: "manual" }),
  },
  {
    name: "a node that waits for the slot of another one",
    async waits(world) {
      const { api, signal } = world;
      const { metadata } = await api.create<{ metadata: { uid: string } }>(
        "/api/v1/nodes",
        { metadata: { name: "other" } },
        { signal },
      );
      const created = new Date(world.time.clock.wall()).toISOString();
      const holder = { nodeID: "other", metadata: { unschedulable: false }, created, TTL: 0 };
      await setLock(world, { ...holder, nodeUID: metadata.uid });
    },
  },
  // The world begins on a Tuesday.
  {
    name: "a node that waits for its window",
    waits: async () => {},
    world: { options: { "reboot-days": "sat" } },
  },
];

/** What the daemon asks for in a day in which nothing changes, in virtual time. */
export async function benchQuiet({ name, waits, world: options }: QuietWorld): Promise<Figure[]> {
  const watches = { open: 0, mostOpen: 0, endedByServer: 0 };
  const between = (_: string, transport: Transport) => followingWatches(transport, watches);
  const world = await startSmallWorld({ nodes: 1, between, ...options });
  try {
    await waits?.(world);
    if (waits !== undefined) for (const machine of world.machines) machine.wantReboot();
    await world.pass(10 * minute);
    let requests = 0;
    world.onDaemonRequest = () => void requests++;
    watches.mostOpen = watches.open;
    watches.endedByServer = 0;
    await world.pass(hours * 60 * minute);
    const phase = (await world.look()).phases["n1"];
    if (phase !== (waits ? "Waiting" : "Idle")) throw new Error(`${name}: the node is ${phase}`);
    const [mostRequests, mostWatches] = waits ? [6, 2] : [4, 1];
    // To open a watch anew that the server has ended in order is part of the watch; any other opening is a request.
    const asked = (requests - watches.endedByServer) / hours;
    return [
      figure(
        bench,
        `${name}: requests an hour, but for watches that the server ends`,
        asked,
        "requests",
        mostRequests,
      ),
      figure(bench, `${name}: watches open at a time`, watches.mostOpen, "watches", mostWatches),
    ];
  } finally {
    await world.stop();
  }
}

function followingWatches(
  transport: Transport,
  watches: { open: number; mostOpen: number; endedByServer: number },
): Transport {
  async function* follow(chunks: AsyncIterable<string>): AsyncIterable<string> {
    watches.open += 1;
    watches.mostOpen = Math.max(watches.mostOpen, watches.open);
    try {
      yield* chunks;
      watches.endedByServer += 1;
    } finally {
      watches.open -= 1;
    }
  }
  return async (request) => {
    const response = await transport(request);
    if (response.status !== 200 || !request.path.includes("watch=true")) return response;
    return { ...response, chunks: () => follow(response.chunks()) };
  };
}

async function setLock({ api, signal }: SmallWorld, lock: object): Promise<void> {
  const annotations = { "rebootd.dev/lock": JSON.stringify(lock) };
  await api.patch(lease, { metadata: { annotations } }, { signal });
}
