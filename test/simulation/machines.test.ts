import assert from "node:assert/strict";
import { type SmallWorld, type SmallWorldOptions, startSmallWorld } from "./small-world.ts";

const minute = 60_000;
let world: SmallWorld;

async function start(options: SmallWorldOptions): Promise<void> {
  world = await startSmallWorld(options);
  for (const machine of world.machines) machine.wantReboot();
}

const boots = () => world.machines.map((machine) => machine.boots.length);
const deleteNode = (name: string) => world.api.delete(`/api/v1/nodes/${name}`, {}, { signal: world.signal });

/** The node whose machine is the first to go down. */
async function firstDown(): Promise<string> {
  await world.time.until("a machine is down", () => world.machines.some(({ isUp }) => !isUp), 10 * minute);
  return world.machines.find(({ isUp }) => !isUp)?.name ?? "";
}

describe("A roll", () => {
  afterEach(() => world.stop());

  it("goes on when a Node is deleted while its machine reboots and registers anew", async () => {
    await start({ nodes: 2 });
    const name = await firstDown();
    await deleteNode(name);
    await world.pass(20 * minute);
    const { phases, cordoned, lock } = await world.look();
    assert.deepEqual(boots(), [2, 2]);
    assert.deepEqual(
      { phases, cordoned, lock },
      { phases: { n1: "Idle", n2: "Idle" }, cordoned: [], lock: undefined },
    );
  });

  it("goes on without a node that an autoscaler takes away for good", async () => {
    await start({ nodes: 2 });
    const name = await firstDown();
    world.machine(name).behaviour.comesBack = false;
    await deleteNode(name);
    await world.pass(20 * minute);
    const { phases, lock } = await world.look();
    const [left = ""] = Object.keys(phases);
    assert.deepEqual({ phases, lock }, { phases: { [left]: "Idle" }, lock: undefined });
    assert.notEqual(left, name);
    assert.equal(world.machine(left).boots.length, 2);
  });

  it("stops at a machine that does not come back, whose node keeps its slot and its cordon", async () => {
    await start({ nodes: 2 });
    const name = await firstDown();
    world.machine(name).behaviour.comesBack = false;
    await world.pass(24 * 60 * minute);
    const { phases, cordoned, lock } = await world.look();
    assert.deepEqual(cordoned, [name]);
    assert.match(lock ?? "", new RegExp(`"nodeID":"${name}"`));
    assert.deepEqual(Object.values(phases).sort(), ["Rebooting", "Waiting"]);
  });

  it("leaves out a machine that does not go down, and gives its node back", async () => {
    world = await startSmallWorld({ nodes: 2, options: { "reboot-timeout": "1m" } });
    world.machine("n1").behaviour.goesDown = false;
    for (const machine of world.machines) machine.wantReboot();
    const isGivenBack = async () => {
      const { phases, cordoned } = await world.look();
      return phases["n1"] === "Failed" && cordoned.length === 0;
    };
    for (let passed = 0; passed < 60 && !(await isGivenBack()); passed += 1) await world.pass(10_000);
    assert.ok(await isGivenBack());
    await world.pass(8 * minute);
    assert.deepEqual(boots(), [1, 2]);
    assert.ok(
      world.logs.some((line) => line.includes("asked to reboot 2 times, but the machine is still up")),
    );
  });

  it("gives a node back whose pod does not end", async () => {
    world = await startSmallWorld({ nodes: 1, options: { "drain-timeout": "2m" } });
    const metadata = { name: "stuck", finalizers: ["example.com/backup"] };
    const spec = { nodeName: "n1", containers: [{ name: "main", image: "app:1" }] };
    await world.api.create("/api/v1/namespaces/default/pods", { metadata, spec }, { signal: world.signal });
    world.node("n1").wantsReboot();
    await world.pass(2 * minute + 5000);
    const { phases, cordoned, lock } = await world.look();
    assert.deepEqual({ phases, cordoned, lock }, { phases: { n1: "Failed" }, cordoned: [], lock: undefined });
    assert.ok(
      world.logs.some((line) => line.includes("the drain timed out (--drain-timeout); 1 pod remains")),
    );
  });

  it("is not disturbed by clocks that are an hour off", async () => {
    await start({ nodes: 3, skewMs: { n1: 60 * minute, n2: -60 * minute } });
    await world.pass(10 * minute);
    assert.deepEqual(boots(), [2, 2, 2]);
    const { cordoned, lock } = await world.look();
    assert.deepEqual({ cordoned, lock }, { cordoned: [], lock: undefined });
  });
});
