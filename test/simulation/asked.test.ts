/** From the moment in which a machine was asked to reboot its node is down, whatever the lock, the clock or the API say. */

import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import type { RawOptions } from "../../daemon/config/settings.ts";
import { logindOf } from "./logind-of.ts";
import { type SmallWorld, startSmallWorld } from "./small-world.ts";
import { isCordonedOn, recordOn } from "./stored.ts";

const minute = 60_000;
const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
const lease = `${leases}/rebootd`;

let world: SmallWorld;

const recordOf = (node: string) => recordOn(world, node);
const isCordoned = (node: string) => isCordonedOn(world, node);
const holders = async () => (await world.look()).lock ?? "";
const annotate = (annotations: Record<string, string | null>) =>
  world.api.patch(lease, { metadata: { annotations } }, { signal: world.signal });

/** How each machine went down: was its node cordoned, did it hold a slot, and which others were cordoned beside it. */
function watchDowns(): string[] {
  const seen: string[] = [];
  world.onMachineEvent = ({ type, machine }) => {
    if (type !== "down") return;
    const beside = world.machines.filter(({ name }) => name !== machine && isCordoned(name));
    const names = beside.map(({ name }) => name).join(", ") || "nobody";
    seen.push(`${machine} ${isCordoned(machine) ? "cordoned" : "UNCORDONED"} beside ${names}`);
  };
  return seen;
}

async function start(options: RawOptions = {}, nodes = 2): Promise<void> {
  world = await startSmallWorld({ nodes, options, logind: logindOf, rights: "everything" });
}

describe("A node whose machine was asked to reboot", () => {
  afterEach(() => world.stop());

  it("says so in its record, and before that says that it is to be asked", async () => {
    await start();
    world.machine("n1").behaviour.shutdownMs = 30_000;
    const said: string[] = [];
    world.server.onChange("nodes", ({ object }) => {
      const { phase, askedAt } = recordOf(object.metadata.name) ?? {};
      if (phase === "Rebooting") said.push(askedAt === undefined ? "to be asked" : "asked");
    });
    world.node("n1").wantsReboot();
    await world.pass(20_000);
    assert.deepEqual([...new Set(said)], ["to be asked", "asked"]);
  });

  for (const attempts of ["1", "2"]) {
    it(`is not restored while it goes down, after the API server was away meanwhile for longer than --reboot-timeout (${attempts} attempts)`, async () => {
      await start({ "reboot-attempts": attempts });
      for (const { behaviour } of world.machines) {
        behaviour.shutdownMs = 30_000;
        behaviour.downMs = 2 * minute;
      }
      let isOut = false;
      world.server.onChange("nodes", () => {
        if (isOut || recordOf("n1")?.phase !== "Rebooting") return;
        isOut = true;
        world.time.timers.setTimeout(() => world.setAway("outage", true), 0);
        world.time.timers.setTimeout(() => world.setAway("outage", false), 11 * minute);
      });
      const downs = watchDowns();
      world.node("n1").wantsReboot();
      await world.pass(2000);
      world.node("n2").wantsReboot();
      await world.pass(40 * minute);
      assert.ok(isOut);
      assert.deepEqual(downs, ["n1 cordoned beside nobody", "n2 cordoned beside nobody"]);
    });
  }

  it("is not restored while services take longer to stop than --reboot-timeout, and says that it is overdue", async () => {
    await start({ "reboot-timeout": "2m", "reboot-attempts": "1" });
    world.machine("n1").behaviour.shutdownMs = 30 * minute;
    const downs = watchDowns();
    world.node("n1").wantsReboot();
    world.node("n2").wantsReboot();
    await world.pass(60 * minute);
    assert.deepEqual(downs.sort(), ["n1 cordoned beside nobody", "n2 cordoned beside nobody"]);
    const says = "the machine has been going down for longer than --reboot-timeout; it keeps its slot";
    assert.ok(world.logs.some((line) => line.includes("ERROR") && line.includes(says)));
  });

  it("is not restored when somebody else's shutdown begins while it drains", async () => {
    await start({ "reboot-delay": "5m" });
    const { behaviour } = world.machine("n1");
    behaviour.shutdownMs = 3 * minute;
    const downs = watchDowns();
    world.node("n1").wantsReboot();
    await world.pass(30_000);
    world.machine("n1").shutDown();
    await world.pass(5000);
    world.node("n1").wantsNoReboot();
    await world.pass(2 * minute);
    assert.ok(isCordoned("n1"));
    await world.pass(10 * minute);
    assert.deepEqual(downs, ["n1 cordoned beside nobody"]);
    assert.deepEqual([isCordoned("n1"), (await world.look()).lock], [false, undefined]);
  });

  it("is not restored by a clock that is set forward, also where its daemon is started anew then", async () => {
    await start({ "reboot-attempts": "1" });
    world.machine("n1").behaviour.shutdownMs = 30_000;
    const downs = watchDowns();
    world.node("n1").wantsReboot();
    await world.time.until("it was asked", () => recordOf("n1")?.askedAt !== undefined, minute);
    await world.pass(100);
    world.clockOf("n1").step(15 * minute);
    world.node("n1").crashDaemon();
    await world.pass(40_000);
    assert.deepEqual(downs, ["n1 cordoned beside nobody"]);
  });

  it("does not reboot without a slot after its machine was suspended for an hour in the middle of its checks", async () => {
    await start({}, 3);
    const downs: string[] = [];
    world.onMachineEvent = ({ type, machine }) => {
      if (type === "down") downs.push(machine);
    };
    let isPaused = false;
    world.onDaemonRequest = (node, { method, path }) => {
      const isLastLook =
        method === "GET" && path.endsWith("/leases/rebootd") && recordOf("n1")?.phase === "Rebooting";
      if (node !== "n1" || isPaused || !isLastLook) return;
      isPaused = true;
      world.clockOf("n1").suspend();
    };
    world.node("n1").wantsReboot();
    await world.pass(2 * minute);
    assert.ok(isPaused);
    // A person takes the slot away from a node that does not answer, and lets others go on.
    await annotate({
      "rebootd.dev/lock": null,
      "rebootd.dev/unlocked": JSON.stringify([{ node: "n1", at: "2026-11-24T12:10:00Z" }]),
    });
    await world.pass(60 * minute);
    world.clockOf("n1").resume();
    await world.pass(5000);
    assert.deepEqual(downs, []);
    assert.equal(isCordoned("n1"), false);
  });
});

describe("While a node is down, no other goes", () => {
  afterEach(() => world.stop());

  async function expectOneAtATime(disturb: () => Promise<unknown>): Promise<void> {
    await start({}, 4);
    for (const { behaviour } of world.machines) behaviour.downMs = 5 * minute;
    let most = 0;
    world.server.onChange("nodes", () => {
      most = Math.max(most, world.machines.filter(({ name }) => isCordoned(name)).length);
    });
    for (const machine of world.machines) machine.wantReboot();
    await world.time.until("one is down", () => world.machines.some(({ isUp }) => !isUp), 10 * minute);
    await disturb();
    await world.pass(120 * minute);
    assert.equal(most, 1);
    const boots = world.machines.map((machine) => machine.boots.length);
    assert.deepEqual([boots, await holders()], [[2, 2, 2, 2], ""]);
  }

  it("though the Lease is deleted and applied anew", () =>
    expectOneAtATime(async () => {
      await world.api.delete(lease, {}, { signal: world.signal });
      await world.pass(10_000);
      await world.api.create(leases, { metadata: { name: "rebootd" }, spec: {} }, { signal: world.signal });
    }));

  it("though a person removes the annotation, again and again", () =>
    expectOneAtATime(async () => {
      for (let n = 0; n < 3; n += 1) {
        await annotate({ "rebootd.dev/lock": null });
        await world.pass(20_000);
      }
    }));

  it("though a person overwrites the lock by hand, and removes that again", () =>
    expectOneAtATime(async () => {
      await annotate({ "rebootd.dev/lock": '{"nodeID":"manual"}' });
      await world.pass(minute);
      await annotate({ "rebootd.dev/lock": null });
    }));

  it("though the daemons are told to use another lock", () =>
    expectOneAtATime(async () => {
      await world.api.create(leases, { metadata: { name: "new-lock" }, spec: {} }, { signal: world.signal });
      const options = { "lock-object": "lease/new-lock" };
      for (const { name, isUp } of world.machines) {
        if (isUp) world.restartDaemon(name, options);
        await world.pass(10_000);
      }
      for (const { name } of world.machines) world.restartDaemon(name, options);
    }));

  it("until a person takes its slot away with rebootd unlock NODE", async () => {
    await start({}, 2);
    for (const { behaviour } of world.machines) behaviour.downMs = 60 * minute;
    world.node("n1").wantsReboot();
    await world.time.until("n1 is down", () => !world.machine("n1").isUp, 10 * minute);
    world.node("n2").wantsReboot();
    await world.pass(5 * minute);
    assert.ok(world.machine("n2").isUp);
    await annotate({
      "rebootd.dev/lock": null,
      "rebootd.dev/unlocked": JSON.stringify([{ node: "n1", at: "2026-11-24T12:10:00Z" }]),
    });
    await world.time.until("n2 is down", () => !world.machine("n2").isUp, 3 * minute);
    // Back, n1 does not put its entry beside that of n2.
    world.machine("n1").behaviour.downMs = 0;
    await world.pass(58 * minute);
    assert.doesNotMatch(await holders(), /n1/);
  });
});

describe("A reboot that was none", () => {
  afterEach(() => world.stop());

  for (const [what, changes] of [
    ["as the record names no boot ID", { phase: "Rebooting" }],
    ["as the machine was put back to a snapshot from before it", { phase: "Returning", bootID: "same" }],
  ] as const) {
    it(`is not said to have been one, ${what}`, async () => {
      await start({}, 1);
      const bootID = world.machine("n1").boots[0]?.bootID;
      const found = { since: "2026-11-24T12:00:00Z", attempt: 1, cordoned: true };
      const record = { ...found, ...changes, ...("bootID" in changes && { bootID }) };
      const annotations = { [contract.cycle.key]: JSON.stringify(record) };
      await world.api.patch(
        "/api/v1/nodes/n1",
        { metadata: { annotations }, spec: { unschedulable: true } },
        { signal: world.signal },
      );
      world.node("n1").crashDaemon();
      await world.pass(5 * minute);
      assert.notEqual(recordOf("n1")?.outcome?.result, "rebooted");
      assert.deepEqual([isCordoned("n1"), world.machine("n1").boots.length], [false, 1]);
    });
  }
});
