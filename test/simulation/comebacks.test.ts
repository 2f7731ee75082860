import assert from "node:assert/strict";
import type { SmallWorldOptions } from "./small-world.ts";
import { createStory, pods } from "./story.ts";

const story = createStory();
const {
  addBudget,
  addPod,
  evictions,
  isRebooted,
  node,
  pass,
  phase,
  podsOn,
  saysOf,
  start: startStory,
  until,
  wantReboot,
} = story;

/** A test says itself what holds a drain up. */
const start = (more: Partial<SmallWorldOptions> = {}, options = {}) =>
  startStory({ preflight: "off", ...options }, more);

const everything = { tolerations: [{ operator: "Exists" }] };
const quick = { terminationGracePeriodSeconds: 5 };
const operator = { name: "operator", replicas: 1, spec: { ...everything, ...quick } };

const agreed = () => evictions().filter((one) => one.endsWith(" 201"));
const drained = () => until("n1 has rebooted", isRebooted, 60_000);

describe("A pod that comes back to the node that is drained", () => {
  afterEach(story.stop);

  it("as it tolerates the cordon, is evicted once, and goes down with the machine", async () => {
    await start({ nodes: 3, workloads: [{ ...operator, replicas: 3 }] });
    const before = await podsOn("n1");
    await wantReboot();
    await drained();
    assert.deepEqual(
      agreed(),
      before.map((name) => `${name} 201`),
    );
    assert.ok(saysOf("a pod stays"));
    assert.ok(saysOf("was recreated on this node after an eviction and goes down with the machine"));
  });

  it("as no other node is there, keeps no node of a cluster of one from its reboot", async () => {
    await start({ nodes: 1, workloads: [operator] });
    await wantReboot();
    await drained();
    assert.equal(agreed().length, 1);
  });

  it("is evicted once where evictions are answered late, too", async () => {
    await start({ nodes: 1, workloads: [operator] });
    story.world.server.faults.add({ match: { subresource: "eviction" }, effect: { latencyMs: 2000 } });
    await wantReboot();
    await drained();
    assert.equal(evictions().length, 1);
  });

  it("is evicted once where the answer to the eviction is lost, too", async () => {
    await start({ nodes: 1, workloads: [operator] });
    story.world.server.faults.add({ match: { subresource: "eviction" }, times: 1, effect: "reset-after" });
    await wantReboot();
    await drained();
    assert.equal(evictions().length, 1);
  });

  it("is evicted once by whom the clock deceives, too", async () => {
    for (const skewMs of [-90_000, 90_000]) {
      await start({ nodes: 1, workloads: [operator], skewMs: { n1: skewMs } });
      await wantReboot();
      await drained();
      assert.equal(agreed().length, 1, `${skewMs} ms`);
      await story.stop();
    }
  });

  it("was there before the cordon, and is evicted by a daemon that starts anew, whom the clock deceives", async () => {
    for (const skewMs of [-90_000, 90_000]) {
      await start({ nodes: 2, nodeAgents: { name: "agent", boundBy: "affinity" }, skewMs: { n1: skewMs } });
      const [before] = (await podsOn("n1")).filter((name) => name.startsWith("agent-"));
      const match = { subresource: "eviction" };
      const fault = story.world.server.faults.add({ match, effect: { status: 429 } });
      await wantReboot();
      await until("it is drained", async () => (await phase()) === "Draining");
      await pass(15_000);
      story.world.restartDaemon("n1", { preflight: "off" });
      await pass(5000);
      fault.remove();
      await drained();
      assert.deepEqual(agreed(), [`${before} 201`], `${skewMs} ms`);
      await story.stop();
    }
  });

  it("has its budget respected when it is evicted", async () => {
    await start({ nodes: 1, workloads: [{ ...operator, replicas: 3, budget: { maxUnavailable: 1 } }] });
    const before = await podsOn("n1");
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 180_000);
    assert.ok(evictions().some((one) => one.endsWith(" 429")));
    assert.deepEqual(agreed().sort(), before.map((name) => `${name} 201`).sort());
  });

  for (const boundBy of ["nodeName", "affinity"] as const) {
    it(`as a DaemonSet of another API group binds it by its ${boundBy}, is evicted once`, async () => {
      await start({ nodes: 2, nodeAgents: { name: "agent", boundBy } });
      const before = (await podsOn("n1")).filter((name) => name.startsWith("agent-"));
      assert.equal(before.length, 1);
      await wantReboot();
      await drained();
      assert.deepEqual(agreed(), [`${before[0]} 201`]);
      assert.ok(saysOf("was recreated on this node after an eviction and goes down with the machine"));
    });
  }

  it("as the template of its Deployment names the node, is evicted once", async () => {
    await start({
      nodes: 2,
      workloads: [{ name: "pinned", replicas: 2, spec: { nodeName: "n1", ...quick } }],
    });
    await wantReboot();
    await drained();
    assert.equal(agreed().length, 2);
  });

  it("as somebody without a controller makes it anew under its name, is evicted once", async () => {
    await start({ nodes: 1 });
    await addPod("runner", { spec: quick });
    await wantReboot();
    await until("it is evicted", async () => agreed().length === 1);
    await until("it has gone", async () => (await podsOn("n1")).length === 0);
    await addPod("runner", { spec: quick });
    await drained();
    assert.equal(agreed().length, 1);
  });

  it("is not evicted again by a daemon that was killed in mid-drain", async () => {
    await start({ nodes: 1, workloads: [operator] });
    await addPod("db");
    await addBudget("db");
    await wantReboot();
    await until("one is evicted", async () => agreed().length === 1);
    for (let times = 0; times < 3; times += 1) {
      await pass(20_000);
      node("n1").crashDaemon();
    }
    await pass(20_000);
    assert.equal(agreed().length, 1);
    assert.ok(saysOf("was created after the cordon that it tolerates and goes down with the machine"));
    await story.world.api.delete(`${pods}/db`, { gracePeriodSeconds: 0 }, { signal: story.world.signal });
    await drained();
  });

  it("does not fill the log, however often it is made", async () => {
    await start({ nodes: 1, workloads: [operator] });
    await addPod("db");
    await addBudget("db");
    await wantReboot();
    await until("one is evicted", async () => agreed().length === 1);
    for (let times = 0; times < 30; times += 1) {
      await pass(5000);
      const [last] = (await podsOn("n1")).filter((name) => name !== "db");
      await story.world.api.delete(
        `${pods}/${last}`,
        { gracePeriodSeconds: 0 },
        { signal: story.world.signal },
      );
    }
    assert.equal(await phase(), "Draining");
    assert.equal(agreed().length, 1);
    assert.equal(story.world.logs.filter((line) => line.includes("a pod stays")).length, 10);
  });
});

describe("A pod that does not come back", () => {
  afterEach(story.stop);

  it("is evicted though it tolerates the cordon and came just before it", async () => {
    await start({ nodes: 1, workloads: [operator] });
    node("n1").wantsReboot();
    await drained();
    assert.equal(agreed().length, 1);
  });

  it("has finished: it is asked to go, and not waited for whatever holds it", async () => {
    await start({ nodes: 1 });
    await addPod("import", { finalizers: ["batch.kubernetes.io/job-tracking"] });
    await pass(3000);
    const status = { status: { phase: "Succeeded" } };
    await story.world.api.patch(`${pods}/import/status`, status, { signal: story.world.signal });
    await wantReboot();
    await until("the machine is down", async () => !story.world.machine("n1").isUp, 15_000);
    assert.deepEqual(evictions(), ["import 201"]);
  });
});

describe("A drain whose watch has gone deaf", () => {
  afterEach(story.stop);

  it("goes on within a minute, as it lists the pods anew", async () => {
    let isDeaf = false;
    await start({
      nodes: 1,
      between: (_, transport) => async (request) => {
        const answer = await transport(request);
        if (!request.path.startsWith("/api/v1/pods?") || !request.path.includes("watch=true")) return answer;
        return {
          ...answer,
          async *chunks() {
            for await (const chunk of answer.chunks()) {
              if (isDeaf) await new Promise((_, reject) => request.signal.addEventListener("abort", reject));
              yield chunk;
            }
          },
        };
      },
    });
    await addPod("web", { spec: quick });
    story.world.onDaemonRequest = (_, { path }) => {
      isDeaf ||= path.endsWith("/eviction");
    };
    await wantReboot();
    await until("it is evicted", async () => agreed().length === 1);
    await until("it has gone", async () => (await podsOn("n1")).length === 0);
    const goneAt = story.world.time.clock.wall();
    await until("the machine is down", async () => !story.world.machine("n1").isUp, 120_000);
    assert.ok(story.world.time.clock.wall() - goneAt < 60_000);
  });
});

describe("A drain whose eviction the server puts off for an hour", () => {
  afterEach(story.stop);

  it("asks again within a minute", async () => {
    await start({ nodes: 1 });
    await addPod("web", { spec: quick });
    const effect = { status: 429, retryAfter: 3600 } as const;
    story.world.server.faults.add({ match: { subresource: "eviction" }, times: 1, effect });
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 120_000);
    assert.deepEqual(evictions(), ["web 429", "web 201"]);
  });
});
