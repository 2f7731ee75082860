import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import type { WholeNode } from "../../daemon/cluster/objects.ts";
import { type Phase, parseRecord } from "../../daemon/cycle/record.ts";
import type { FaultEffect, RequestFacts } from "../kubernetes/api/server.ts";
import { isFromDaemon, type SmallWorld, startSmallWorld } from "./small-world.ts";
import { recordOn } from "./stored.ts";

const minute = 60_000;
const workloads = [{ name: "web", replicas: 6, budget: { maxUnavailable: 1 } }];

/** Calls back at each new phase of each node, and keeps the largest number of nodes that were cordoned at a time. */
function follow(world: SmallWorld, onPhase: (node: string, phase: Phase) => void = () => {}) {
  const cordoned = new Set<string>();
  const phases = new Map<string, Phase>();
  const followed = { cordonedMax: 0 };
  const read = async () => {
    while (!world.signal.aborted) {
      const watch = world.api.watch<WholeNode>("/api/v1/nodes", { signal: world.signal });
      try {
        for await (const { object } of watch) see(object);
      } catch {
        await world.time.clock.sleep(10, world.signal).catch(() => {});
      }
    }
  };
  const see = ({ metadata, spec }: WholeNode) => {
    const name = metadata?.name ?? "";
    if (spec?.unschedulable) cordoned.add(name);
    else cordoned.delete(name);
    followed.cordonedMax = Math.max(followed.cordonedMax, cordoned.size);
    const phase = parseRecord(metadata?.annotations?.[contract.cycle.key]).record?.phase ?? "Idle";
    if (phases.get(name) === phase) return;
    phases.set(name, phase);
    onPhase(name, phase);
  };
  void read();
  return followed;
}

async function isRolled(world: SmallWorld, nodes: number): Promise<boolean> {
  const seen = await world.look().catch(() => undefined);
  if (seen === undefined) return false;
  const { phases, cordoned, lock } = seen;
  return (
    world.machines.every(({ boots }) => boots.length === 2) &&
    Object.values(phases).length === nodes &&
    Object.values(phases).every((phase) => phase === "Idle") &&
    cordoned.length === 0 &&
    lock === undefined
  );
}

/** Lets all nodes want a reboot, with a disturbance, and expects the same end as without one. */
async function expectRolled(
  disturb: (world: SmallWorld) => ((node: string, phase: Phase) => void) | undefined,
  { nodes = 3, withinMinutes = 15 } = {},
): Promise<void> {
  const world = await startSmallWorld({ nodes, workloads, options: { "reboot-timeout": "1m" } });
  try {
    const followed = follow(world, disturb(world));
    for (const machine of world.machines) machine.wantReboot();
    for (let passed = 0; passed < withinMinutes && !(await isRolled(world, nodes)); passed += 1) {
      await world.pass(minute);
    }
    const story = world.logs.slice(-40).join("\n");
    assert.ok(await isRolled(world, nodes), `${JSON.stringify(await world.look())}\n${story}`);
    assert.equal(followed.cordonedMax, 1);
    for (const { name } of world.machines)
      assert.equal(recordOn(world, name)?.history?.cycles.rebooted, 1, `${name} has counted its cycle once`);
    const ended = world.events.filter((event) => event.type === "daemon-ended" && event.how === "stopped");
    assert.deepEqual(ended, []);
  } finally {
    await world.stop();
  }
}

function fault(effect: FaultEffect, { probability = 0.3, forMs = 3 * minute, writesOnly = false } = {}) {
  return (world: SmallWorld) => {
    const where = (facts: RequestFacts) =>
      isFromDaemon(facts) && (!writesOnly || facts.verb === "patch" || facts.verb === "create");
    const handle = world.server.faults.add({ match: { where }, probability, effect });
    world.time.timers.setTimeout(() => handle.remove(), forMs);
    return undefined;
  };
}

describe("A roll", () => {
  it("ends without a trace when nothing goes wrong", () =>
    expectRolled(() => undefined, { withinMinutes: 5 }));

  const phases: Phase[] = ["Idle", "Waiting", "Draining", "Rebooting", "Returning", "Settling"];
  for (const phase of phases) {
    it(`survives an API server that is away for a minute from when a node is ${phase}`, () =>
      expectRolled((world) => {
        let gone = false;
        return (_, now) => {
          if (gone || now !== phase) return;
          gone = true;
          world.server.setAway(true);
          world.time.timers.setTimeout(() => world.server.setAway(false), minute);
        };
      }));

    it(`survives daemons that are killed whenever a node is ${phase}`, () =>
      expectRolled((world) => {
        const killed = new Set<string>();
        return (node, now) => {
          if (now !== phase || killed.has(node)) return;
          killed.add(node);
          world.node(node).crashDaemon();
        };
      }));
  }

  const effects: [what: string, effect: FaultEffect][] = [
    ["500s", { status: 500 }],
    ["503s", { status: 503 }],
    ["409s", { status: 409 }],
    ["429s that ask to wait", { status: 429, retryAfter: 5 }],
    ["connections that break before the write", "reset-before"],
    ["writes that took effect though the answer was lost", "reset-after"],
    ["slow answers", { latencyMs: 3000 }],
    ["requests that are never answered", "hang"],
    ["watches that break", "cut-watch"],
  ];
  for (const [what, effect] of effects) {
    it(`survives ${what}`, () => expectRolled(fault(effect)));
  }

  it("survives an answer lost at every single write", () =>
    expectRolled(fault("reset-after", { probability: 1, forMs: 60 * minute, writesOnly: true }), {
      withinMinutes: 30,
    }));

  // A cycle writes: slot, cordon, evictions, Rebooting, Returning, uncordon, release, Idle, and its events.
  for (let nth = 1; nth <= 16; nth += 1) {
    it(`survives daemons that are killed at their write number ${nth}, which takes effect`, () =>
      expectRolled((world) => {
        const writes = new Map<string, number>();
        world.onDaemonRequest = (node, { method }) => {
          if (method === "GET") return;
          const count = (writes.get(node) ?? 0) + 1;
          writes.set(node, count);
          if (count === nth) world.node(node).crashDaemon();
        };
        return undefined;
      }));
  }

  it("survives an API server that forgets its history and cuts its watches every few seconds", () =>
    expectRolled((world) => {
      const disturb = () => {
        world.server.compact();
        world.server.cutWatches();
        if (!world.signal.aborted) world.time.timers.setTimeout(disturb, 3000);
      };
      disturb();
      return undefined;
    }));
});

describe("A lock set by hand", () => {
  const lock = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/rebootd";
  const setLock = (world: SmallWorld, value: string | null) =>
    world.api.patch(
      lock,
      { metadata: { annotations: { "rebootd.dev/lock": value } } },
      { signal: world.signal },
    );

  it("holds every node back until it is removed", async () => {
    const world = await startSmallWorld({ nodes: 2, options: { concurrency: "2" } });
    await setLock(world, '{"nodeID":"manual"}');
    for (const machine of world.machines) machine.wantReboot();
    await world.pass(60 * minute);
    assert.deepEqual((await world.look()).phases, { n1: "Waiting", n2: "Waiting" });
    await setLock(world, null);
    await world.pass(2000);
    assert.deepEqual((await world.look()).cordoned, ["n1", "n2"]);
    await world.stop();
  });

  it("written over the holder stops it before the reboot, and gives the node back", async () => {
    const world = await startSmallWorld({ nodes: 1, options: { "reboot-delay": "1m" } });
    world.node("n1").wantsReboot();
    await world.pass(5000);
    assert.deepEqual((await world.look()).cordoned, ["n1"]);
    await setLock(world, '{"nodeID":"manual"}');
    await world.pass(5 * minute);
    const { phases, cordoned, lock: value } = await world.look();
    assert.deepEqual(
      { phases, cordoned, value },
      { phases: { n1: "Waiting" }, cordoned: [], value: '{"nodeID":"manual"}' },
    );
    assert.equal(world.machine("n1").boots.length, 1);
    await world.stop();
  });
});
