import assert from "node:assert/strict";
import type { FaultEffect } from "../kubernetes/api/faults.ts";
import { isFromDaemon } from "./small-world.ts";
import { createStory, minute } from "./story.ts";
import { type } from "./typed.ts";

const story = createStory();
const {
  addBudget,
  addDaemonSet,
  addPod,
  boots,
  isRebooted,
  pass,
  phase,
  readNode,
  reasons,
  record,
  saysOf,
  start: startStory,
  until,
  wantReboot,
} = story;

/** Drains that cannot succeed are begun all the same. */
const start: typeof startStory = (options, more) => startStory({ preflight: "off", ...options }, more);

const drains = () => until("it drains", async () => (await phase()) === "Draining");
const hasFailed = async () => (await phase()) === "Failed";

/** How often the daemon has written its Node. */
const writes = () =>
  story.world.server.ledger
    .entries({ verb: "patch", resource: "nodes" })
    .filter(
      ({ user, subresource }) =>
        subresource === "" && user !== "system:admin" && !user.startsWith("system:node:"),
    ).length;

describe("A drain that waits", () => {
  afterEach(story.stop);

  it("tells status, explain, the Node and the log within a minute who is left, why, and what follows when", async () => {
    await start();
    await addPod("stuck", { finalizers: ["example.com/backup"] });
    await addPod("db");
    await addBudget("db");
    await wantReboot();
    await drains();
    const ends = new Date(Date.parse((await record())?.since ?? "") + 15 * minute);
    await pass(minute);
    const follows = `at ${ends.toISOString().slice(0, 19)}Z the node is restored`;
    const [said = ""] = await reasons();
    assert.match(said, /^drain \(pods-left\): 2 pods remain: /);
    assert.match(said, /default\/stuck: finalizer example\.com\/backup blocks deletion/);
    assert.match(said, /default\/db: PodDisruptionBudget default\/db allows no disruptions/);
    assert.ok(said.endsWith(follows), said);
    const status = await type(story.world, ["status"]);
    assert.match(status.out, /\nn1 .*Draining +2 pods remain: .*default\/stuck: finalizer/);
    const explained = await type(story.world, ["explain", "n1"]);
    assert.match(
      explained.out,
      /n1 is being drained \(.*\n.*\n?held back by \(written .* ago\):\n {2}drain \(pods-left\), .*stuck: finalizer/,
    );
    assert.ok(saysOf(follows), "the log says so too");
  });

  it("tells of one that is released, and of the rest", async () => {
    await start();
    await addPod("a", { finalizers: ["example.com/backup"] });
    await addPod("b", { finalizers: ["example.com/backup"] });
    await wantReboot();
    await drains();
    await pass(2 * minute);
    assert.match((await reasons())[0] ?? "", /2 pods remain/);
    await story.world.api.patch(
      "/api/v1/namespaces/default/pods/a",
      { metadata: { finalizers: null } },
      { signal: story.world.signal },
    );
    await pass(minute);
    assert.match((await reasons())[0] ?? "", /1 pod remains: default\/b: /);
    await story.world.api.patch(
      "/api/v1/namespaces/default/pods/b",
      { metadata: { finalizers: null } },
      { signal: story.world.signal },
    );
    await until("n1 has rebooted", isRebooted);
    assert.deepEqual(await reasons(), []);
  });

  it("says nothing of itself where it takes less than half a minute", async () => {
    await start();
    for (let number = 1; number <= 20; number += 1) await addPod(`p${number}`);
    await wantReboot();
    await drains();
    const before = writes();
    await until("it reboots", async () => (await phase()) === "Rebooting");
    assert.equal(writes() - before, 2, "that it reboots, and that the machine was asked");
  });

  it("writes its Node at most every half minute, however many pods go meanwhile, and at last rarely", async () => {
    const replicas = 40;
    const workload = { name: "web", replicas, budget: { maxUnavailable: 1 } };
    await start({ "drain-timeout": "2h" }, { nodes: 2, workloads: [workload] });
    for (let number = 1; number <= 20; number += 1) {
      await addPod(`slow${number}`, { spec: { terminationGracePeriodSeconds: 30 } });
    }
    await addPod("stuck", { finalizers: ["example.com/backup"] });
    await wantReboot();
    await drains();
    const before = writes();
    await pass(5 * minute);
    const first = writes() - before;
    assert.ok(first > 0 && first <= 10, `${first} in the first 5 minutes`);
    await pass(95 * minute);
    assert.ok(writes() - before - first <= 10, `${writes() - before - first} later, with one stuck pod`);
  });

  it("waits for --reboot-delay with words of its own, not with those of pods that have gone", async () => {
    await start({ "reboot-delay": "3m" });
    await addPod("slow", { finalizers: ["example.com/backup"] });
    await wantReboot();
    await drains();
    await pass(minute);
    assert.match((await reasons())[0] ?? "", /1 pod remains/);
    const patch = { metadata: { finalizers: null } };
    await story.world.api.patch("/api/v1/namespaces/default/pods/slow", patch, {
      signal: story.world.signal,
    });
    await pass(minute);
    assert.match(
      (await reasons())[0] ?? "",
      /^drain \(reboot-delay\): drained; waiting for --reboot-delay until 20/,
    );
  });

  it("is restored with nothing left to be read that holds it back", async () => {
    await start({ "drain-timeout": "2m" });
    await addPod("db");
    await addBudget("db");
    await wantReboot();
    await until("it has failed", hasFailed);
    assert.deepEqual(await reasons(), []);
    assert.equal((await readNode()).spec?.unschedulable, undefined);
  });
});

describe("A drain that cannot see the pods", () => {
  afterEach(story.stop);

  const refusal = { code: 403, reason: "Forbidden", message: 'User "rebootd" cannot do that' };
  /** From the first cordon on: before it nothing starts where pods cannot be seen. */
  function fromTheCordon(verb: string, resource: string, effect: FaultEffect): { remove: () => void } {
    let fault: { remove: () => void } | undefined;
    story.world.onDaemonRequest = (_, { path, body }) => {
      if (fault !== undefined || path.includes("dryRun") || !body?.includes('"unschedulable":true')) return;
      const match = { verb, resource, where: isFromDaemon };
      fault = story.world.server.faults.add({ match, effect });
    };
    return {
      remove: () => (fault ?? assert.fail("there was no cordon")).remove(),
    };
  }

  const unauthorized = { code: 401, reason: "Unauthorized", message: "the token is invalid" };

  for (const [verb, resource] of [
    ["list", "pods"],
    ["get", "daemonsets"],
  ] as const) {
    for (const options of [{}, { "drain-escalation": "evict,reboot" }]) {
      it(`as it may not ${verb} ${resource}, fails within a minute, names that, and never reboots ${JSON.stringify(options)}`, async () => {
        await start({ "max-failures-per-node": "0", ...options });
        await addDaemonSet("agent");
        await addPod("web");
        await pass(3000);
        const fault = fromTheCordon(verb, resource, { refusal });
        await wantReboot();
        await drains();
        await until("it has failed", hasFailed, 75_000);
        assert.match(
          (await record())?.outcome?.message ?? "",
          /^the pods of this node cannot be seen: .*cannot do that/,
        );
        assert.equal((await readNode()).spec?.unschedulable, undefined);
        await pass(30 * minute);
        assert.equal(boots(), 1);
        fault.remove();
        await until("n1 has rebooted", isRebooted, 120 * minute);
      });
    }
  }

  it("as it may not watch them, looks at them from time to time, and reboots", async () => {
    await start();
    await addPod("web", { spec: { terminationGracePeriodSeconds: 5 } });
    const match = { verb: "watch", resource: "pods", where: isFromDaemon };
    const fault = story.world.server.faults.add({ match, effect: { refusal } });
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 3 * minute);
    assert.ok(fault.hits > 0);
    assert.ok(
      saysOf("the pods of this node cannot be listed at the moment: watch"),
      story.world.logs.join("\n"),
    );
  });

  for (const isRenewed of [true, false]) {
    it(`as its token is refused, ${isRenewed ? "goes on once that is renewed" : "fails after minutes"}`, async () => {
      await start();
      await addPod("web");
      await pass(3000);
      const fault = fromTheCordon("list", "pods", { refusal: unauthorized });
      await wantReboot();
      await drains();
      await pass(2 * minute);
      assert.equal(await phase(), "Draining");
      if (isRenewed) {
        fault.remove();
        return await until("n1 has rebooted", isRebooted, 3 * minute);
      }
      await until("it has failed", hasFailed, 3 * minute);
      assert.match((await record())?.outcome?.message ?? "", /cannot be seen: .*the token is invalid/);
    });
  }

  for (const options of [{}, { "drain-escalation": "evict,reboot" }]) {
    it(`as the server fails for them alone, names that at the deadline, and never reboots ${JSON.stringify(options)}`, async () => {
      await start({ "drain-timeout": "5m", "max-failures-per-node": "0", ...options });
      await addPod("web");
      await pass(3000);
      const fault = fromTheCordon("list", "pods", { status: 500 });
      await wantReboot();
      await drains();
      await pass(minute);
      assert.match(
        (await reasons())[0] ?? "",
        /^drain \(cannot-tell\): the pods of this node have not been listed yet; .*500/,
      );
      await until("it has failed", hasFailed, 20 * minute);
      assert.match(
        (await record())?.outcome?.message ?? "",
        /have not been listed yet; .*cannot be listed.*500/,
      );
      assert.equal(boots(), 1);
      fault.remove();
      await until("n1 has rebooted", isRebooted, 120 * minute);
    });
  }
});
