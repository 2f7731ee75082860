/** Whoever may annotate Nodes puts some before others, and asks for their reboot again and again. */

import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import { runProgram } from "../../daemon/cli/program.ts";
import { parseRecord } from "../../daemon/cycle/record.ts";
import type { KubeObject } from "../kubernetes/api/object.ts";
import { addPod, minute, reasons, start, until, wantReboot, world } from "./story.ts";

const hour = 60 * minute;
const key = "rebootd.dev/reboot-requested";
const annotate = (name: string, annotations: Record<string, string | null>) =>
  world.admin.patch(`/api/v1/nodes/${name}`, { metadata: { annotations } }, { signal: world.signal });
const request = (value: string) => annotate("n1", { [key]: value });
const boots = () => world.machines.map((one) => one.boots.length);

/** As a person types it. */
async function rebootdReboot(reason: string): Promise<void> {
  const nowhere = () => {};
  const io = {
    environment: {},
    version: "1",
    clock: world.time.clock,
    random: () => 0.5,
    connect: () => world.admin,
    out: nowhere,
    err: nowhere,
  };
  const args = ["reboot", "n1", "--reason", reason];
  assert.equal(await runProgram(args, io, () => assert.fail("a daemon was started"), world.signal), 0);
}

/** As a script does it that asks in words of its own each time, so often. */
async function keepAsking(
  names: readonly string[],
  everyMs: number,
  forMs: number,
  each: () => Promise<void> = async () => {},
): Promise<void> {
  const end = world.time.clock.wall() + forMs;
  for (let number = 1; world.time.clock.wall() < end; number += 1) {
    for (const name of names) {
      await annotate(name, { [key]: `${number}`, "rebootd.dev/priority": "high" });
    }
    await world.time.pass(everyMs);
    await each();
  }
}

const phaseIn = (node: KubeObject | undefined) =>
  parseRecord(node?.metadata.annotations?.[contract.cycle.key]).record?.phase;

/** How often a node has begun to drain. */
function countDrains(name: string): () => number {
  let drains = 0;
  world.server.onChange("nodes", ({ object, previous }) => {
    if (object.metadata.name !== name) return;
    if (phaseIn(object) === "Draining" && phaseIn(previous) !== "Draining") drains += 1;
  });
  return () => drains;
}

describe("Requests and priority without end", () => {
  afterEach(() => world.stop());

  it("of one node do not keep two others from their reboot", async () => {
    await start({ "lock-release-delay": "3s" }, { nodes: 3 });
    await world.time.pass(3000);
    await annotate("n1", { [key]: "first", "rebootd.dev/priority": "high" });
    await until("n1 is in", async () => (await world.look()).phases["n1"] === "Draining", 60);
    for (const name of ["n2", "n3"]) world.machine(name).wantReboot();
    await keepAsking(["n1"], 1000, 15 * minute);
    assert.deepEqual(boots().slice(1), [2, 2]);
  });

  it("of one node that takes them back while it is drained keep nobody from a reboot either", async () => {
    await start({ "reboot-delay": "30s" }, { nodes: 2 });
    await world.time.pass(3000);
    const isDraining = async () => (await world.look()).phases["n1"] === "Draining";
    await annotate("n1", { [key]: "first", "rebootd.dev/priority": "high" });
    await until("n1 is in", isDraining, 60);
    world.machine("n2").wantReboot();
    let round = 0;
    world.server.onChange("nodes", ({ object, previous }) => {
      if (
        object.metadata.name !== "n1" ||
        phaseIn(object) !== "Restoring" ||
        phaseIn(previous) !== "Draining"
      )
        return;
      round += 1;
      void annotate("n1", { [key]: `round ${round}` });
    });
    for (let second = 0; second < 10 * 60; second += 1) {
      if (await isDraining()) await annotate("n1", { [key]: null });
      await world.time.pass(1000);
    }
    assert.ok(round > 0);
    assert.equal(boots()[1], 2);
  });

  it("of two nodes that fail in turn do not keep a third one from its reboot", async () => {
    await start({ "drain-timeout": "90s", "max-failures-per-node": "0" }, { nodes: 3 });
    await world.time.pass(3000);
    for (const on of ["n1", "n2"]) await addPod(`stuck-${on}`, { on, finalizers: ["example.com/hold"] });
    await keepAsking(["n1", "n2"], 1000, minute);
    world.machine("n3").wantReboot();
    await keepAsking(["n1", "n2"], 1000, 10 * minute);
    assert.equal(boots()[2], 2);
  });

  it("of many nodes, each of which has its turn within the hour, do not keep another one from its reboot", async () => {
    const many = ["n1", "n2", "n3", "n4", "n5"];
    await start({ "lock-release-delay": "20m" }, { nodes: 6 });
    await world.time.pass(3000);
    await keepAsking(many, minute, 2 * minute);
    world.machine("n6").wantReboot();
    await keepAsking(many, minute, 3 * hour);
    assert.equal(boots()[5], 2);
    assert.ok(
      boots().every((count) => count >= 2),
      `${boots()}`,
    );
  });

  it("do not reboot a node more than once an hour, though nobody else waits", async () => {
    await start();
    await world.time.pass(3000);
    await keepAsking(["n1"], minute, 6 * hour);
    const [count = 0] = boots();
    assert.ok(count >= 1 + 5 && count <= 1 + 7, `${count} boots`);
  });

  it("do not have a node drained all the time that cannot be drained", async () => {
    await start({ "drain-timeout": "10s" });
    await addPod("web", { finalizers: ["example.com/hold"] });
    await world.time.pass(3000);
    const drains = countDrains("n1");
    await keepAsking(["n1"], minute, 6 * hour);
    // At first, and then as often as a node fails before it is given up.
    assert.ok(drains() >= 6 && drains() <= 1 + 6 * 3, `${drains()} drains`);
  });

  it("that are taken back in between do not either", async () => {
    await start({ "drain-timeout": "10s" });
    await addPod("web", { finalizers: ["example.com/hold"] });
    await world.time.pass(3000);
    const drains = countDrains("n1");
    await keepAsking(["n1"], 30_000, 6 * hour, async () => {
      await annotate("n1", { [key]: null });
      await world.time.pass(30_000);
    });
    assert.ok(drains() <= 1 + 6 * 3, `${drains()} drains`);
  });

  it("do not lift the limit of reboots for a need that stays more than once an hour", async () => {
    await start({ "lock-release-delay": "2m" });
    await wantReboot();
    await keepAsking(["n1"], minute, 6 * hour, async () => world.machine("n1").wantReboot());
    const [count = 0] = boots();
    assert.ok(count >= 1 + 6 && count <= 1 + 2 + 6 * 2, `${count} boots`);
  });
});

describe("A person who asks for a reboot", () => {
  afterEach(() => world.stop());

  const boot = async (count: number, seconds = 120) =>
    await until(`n1 has booted ${count} times`, async () => boots()[0] === count, seconds);

  it("gets it at once, though the node has just rebooted for something else", async () => {
    await start();
    await wantReboot();
    await boot(2);
    await world.time.pass(minute);
    await request("new firmware");
    await boot(3);
  });

  it("and asks again within the hour by an annotation, is told when it will be, and gets it then", async () => {
    await start();
    await world.time.pass(3000);
    await request("new firmware");
    await boot(2);
    await world.time.pass(10 * minute);
    await request("more firmware");
    await world.time.pass(minute);
    const [reason = ""] = await reasons();
    assert.match(
      reason,
      /^rest \(requested\): another request was accepted less than an hour ago; this one will be accepted at 2026-11-24T13:0\S+Z, or at once with 'rebootd reboot NODE'$/,
    );
    await world.time.pass(40 * minute);
    assert.deepEqual(boots(), [2]);
    await boot(3, 20 * 60);
  });

  it("and asks again by rebootd reboot, gets it at once", async () => {
    await start();
    await world.time.pass(3000);
    await request("new firmware");
    await boot(2);
    await world.time.pass(minute);
    for (const text of ["more firmware", "still more firmware"]) {
      const before = boots()[0] ?? 0;
      await rebootdReboot(text);
      await boot(before + 1);
      await world.time.pass(minute);
    }
  });

  it("has the rest after a failure end, and again by rebootd reboot", async () => {
    await start({ "drain-timeout": "10s" });
    await addPod("web", { finalizers: ["example.com/hold"] });
    await world.time.pass(3000);
    const drains = countDrains("n1");
    for (const ask of [request, request, rebootdReboot, rebootdReboot]) {
      const before = drains();
      await ask(`after ${before}`);
      await until("it drains again", async () => drains() > before, 30);
      await until("it has failed", async () => (await world.look()).phases["n1"] === "Failed", 60);
    }
  });
});
