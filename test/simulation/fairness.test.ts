/** Whoever may annotate Nodes puts some before others, and asks for their reboot again and again. */

import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import { runProgram } from "../../daemon/cli/program.ts";
import { noTerminal } from "../../daemon/cli/terminal.ts";
import { parseRecord } from "../../daemon/cycle/record.ts";
import type { KubeObject } from "../kubernetes/api/object.ts";
import { openMessages } from "../notify/no-messages.ts";
import { slowCluster } from "./small-world.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const { addPod, look, node, pass, reasons, start, until, wantReboot } = story;

const hour = 60 * minute;
const key = "rebootd.dev/reboot-requested";
const annotate = (name: string, annotations: Record<string, string | null>) =>
  story.world.api.patch(
    `/api/v1/nodes/${name}`,
    { metadata: { annotations } },
    { signal: story.world.signal },
  );
const request = (value: string) => annotate("n1", { [key]: value });
const boots = () => story.world.machines.map((one) => one.boots.length);

/** As a person types it. */
async function rebootdReboot(reason: string): Promise<void> {
  const nowhere = () => {};
  const io = {
    environment: {},
    version: "1",
    terminal: noTerminal,
    clock: story.world.time.clock,
    random: () => 0.5,
    openMessages,
    connect: () => story.world.api,
    out: nowhere,
    err: nowhere,
  };
  const args = ["reboot", "n1", "--reason", reason];
  assert.equal(await runProgram(args, io, () => assert.fail("a daemon was started"), story.world.signal), 0);
}

/** As a script does it that asks in words of its own each time, so often. */
async function keepAsking(
  names: readonly string[],
  everyMs: number,
  forMs: number,
  each: () => Promise<void> = async () => {},
): Promise<void> {
  const end = story.world.time.clock.wall() + forMs;
  for (let number = 1; story.world.time.clock.wall() < end; number += 1) {
    for (const name of names) {
      await annotate(name, { [key]: `${number}`, "rebootd.dev/priority": "high" });
    }
    await pass(everyMs);
    await each();
  }
}

const phaseIn = (node: KubeObject | undefined) =>
  parseRecord(node?.metadata.annotations?.[contract.cycle.key]).record?.phase;

/** How often a node has begun to drain. */
function countDrains(name: string): () => number {
  let drains = 0;
  story.world.server.onChange("nodes", ({ object, previous }) => {
    if (object.metadata.name !== name) return;
    if (phaseIn(object) === "Draining" && phaseIn(previous) !== "Draining") drains += 1;
  });
  return () => drains;
}

describe("Requests and priority without end", () => {
  afterEach(story.stop);

  it("of one node do not keep two others from their reboot", async () => {
    await start({ "lock-release-delay": "3s" }, { ...slowCluster, nodes: 3 });
    await pass(3000);
    await annotate("n1", { [key]: "first", "rebootd.dev/priority": "high" });
    await until("n1 is in", async () => (await look()).phases["n1"] === "Draining", minute);
    for (const name of ["n2", "n3"]) node(name).wantsReboot();
    await keepAsking(["n1"], 1000, 15 * minute);
    assert.deepEqual(boots().slice(1), [2, 2]);
  });

  it("of one node that takes them back while it is drained keep nobody from a reboot either", async () => {
    await start({ "reboot-delay": "30s" }, { ...slowCluster, nodes: 2 });
    await pass(3000);
    const isDraining = async () => (await look()).phases["n1"] === "Draining";
    await annotate("n1", { [key]: "first", "rebootd.dev/priority": "high" });
    await until("n1 is in", isDraining, minute);
    node("n2").wantsReboot();
    let round = 0;
    story.world.server.onChange("nodes", ({ object, previous }) => {
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
      await pass(1000);
    }
    assert.ok(round > 0);
    assert.equal(boots()[1], 2);
  });

  it("of two nodes that fail in turn do not keep a third one from its reboot", async () => {
    await start({ "drain-timeout": "90s", "max-failures-per-node": "0" }, { ...slowCluster, nodes: 3 });
    await pass(3000);
    for (const on of ["n1", "n2"]) await addPod(`stuck-${on}`, { on, finalizers: ["example.com/hold"] });
    await keepAsking(["n1", "n2"], 1000, minute);
    node("n3").wantsReboot();
    await keepAsking(["n1", "n2"], 1000, 10 * minute);
    assert.equal(boots()[2], 2);
  });

  it("of many nodes, each of which has its turn within the hour, do not keep another one from its reboot", async () => {
    const many = ["n1", "n2", "n3", "n4", "n5"];
    await start({ "lock-release-delay": "20m" }, { ...slowCluster, nodes: 6 });
    await pass(3000);
    await keepAsking(many, minute, 2 * minute);
    node("n6").wantsReboot();
    await keepAsking(many, minute, 3 * hour);
    assert.equal(boots()[5], 2);
    assert.ok(
      boots().every((count) => count >= 2),
      `${boots()}`,
    );
  });

  it("do not reboot a node more than once an hour, though nobody else waits", async () => {
    await start();
    await pass(3000);
    await keepAsking(["n1"], minute, 6 * hour);
    const [count = 0] = boots();
    assert.ok(count >= 1 + 5 && count <= 1 + 7, `${count} boots`);
  });

  it("do not have a node drained all the time that cannot be drained", async () => {
    await start({ "drain-timeout": "10s" });
    await addPod("web", { finalizers: ["example.com/hold"] });
    await pass(3000);
    const drains = countDrains("n1");
    await keepAsking(["n1"], minute, 6 * hour);
    // At first, and then as often as a node fails before it is given up.
    assert.ok(drains() >= 6 && drains() <= 1 + 6 * 3, `${drains()} drains`);
  });

  it("that are taken back in between do not either", async () => {
    await start({ "drain-timeout": "10s" });
    await addPod("web", { finalizers: ["example.com/hold"] });
    await pass(3000);
    const drains = countDrains("n1");
    await keepAsking(["n1"], 30_000, 6 * hour, async () => {
      await annotate("n1", { [key]: null });
      await pass(30_000);
    });
    assert.ok(drains() <= 1 + 6 * 3, `${drains()} drains`);
  });

  it("do not lift the limit of reboots for a need that stays more than once an hour", async () => {
    await start({ "lock-release-delay": "2m" });
    await wantReboot();
    await keepAsking(["n1"], minute, 6 * hour, async () => node("n1").wantsReboot());
    const [count = 0] = boots();
    assert.ok(count >= 1 + 6 && count <= 1 + 2 + 6 * 2, `${count} boots`);
  });
});

describe("A person who asks for a reboot", () => {
  afterEach(story.stop);

  const boot = async (count: number, seconds = 120) =>
    await until(`n1 has booted ${count} times`, async () => boots()[0] === count, seconds * 1000);

  it("gets it at once, though the node has just rebooted for something else", async () => {
    await start();
    await wantReboot();
    await boot(2);
    await pass(minute);
    await request("new firmware");
    await boot(3);
  });

  it("and asks again within the hour by an annotation, is told when it will be, and gets it then", async () => {
    await start();
    await pass(3000);
    await request("new firmware");
    await boot(2);
    await pass(10 * minute);
    await request("more firmware");
    await pass(minute);
    const [reason = ""] = await reasons();
    assert.match(
      reason,
      /^rest \(requested\): another request was accepted less than an hour ago; this one will be accepted at 2026-11-24T13:0\S+Z, or at once with 'rebootd reboot NODE'$/,
    );
    await pass(40 * minute);
    assert.deepEqual(boots(), [2]);
    await boot(3, 20 * 60);
  });

  it("and asks again by rebootd reboot, gets it at once", async () => {
    await start();
    await pass(3000);
    await request("new firmware");
    await boot(2);
    await pass(minute);
    for (const text of ["more firmware", "still more firmware"]) {
      const before = boots()[0] ?? 0;
      await rebootdReboot(text);
      await boot(before + 1);
      await pass(minute);
    }
  });

  it("has the rest after a failure end, and again by rebootd reboot", async () => {
    await start({ "drain-timeout": "10s" });
    await addPod("web", { finalizers: ["example.com/hold"] });
    await pass(3000);
    const drains = countDrains("n1");
    for (const ask of [request, request, rebootdReboot, rebootdReboot]) {
      const before = drains();
      await ask(`after ${before}`);
      await until("it drains again", async () => drains() > before, 30_000);
      await until("it has failed", async () => (await look()).phases["n1"] === "Failed", minute);
    }
  });
});
