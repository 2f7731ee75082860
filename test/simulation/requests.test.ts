/** P7, prompt and quiet: how much a daemon asks the API server for, whether all goes well or not. */
import assert from "node:assert/strict";
import { costOfCycle, figuresOf } from "../bench/cycle.ts";
import { figureLine } from "../bench/figures.ts";
import { isFromDaemon, type SmallWorld, type SmallWorldOptions, startSmallWorld } from "./small-world.ts";

const minute = 60_000;

let world: SmallWorld;
let requests: string[] = [];

async function start(options: Partial<SmallWorldOptions>): Promise<void> {
  world = await startSmallWorld({ nodes: 1, ...options });
  requests = [];
  world.onDaemonRequest = (_, { method, path }) => requests.push(`${method} ${path}`);
}

describe("A daemon, from the need to the release of its slot,", () => {
  it("makes 37 requests, and one for each pod that it evicts, whatever else others write on its Node", async () => {
    const figures = figuresOf(await costOfCycle());
    assert.deepEqual(figures.filter(({ ok }) => !ok).map(figureLine), []);
    assert.equal(figures.find(({ name }) => name === "all but evictions")?.budget, 37);
  });
});

describe("A daemon whose drain a budget delays", () => {
  afterEach(() => world.stop());

  it("reads neither its Node nor the lock while nothing changes", async () => {
    const budget = { minAvailable: 1 };
    await start({
      workloads: [{ name: "web", replicas: 1, budget }],
      options: { preflight: "off" },
    });
    world.node("n1").wantsReboot();
    await world.pass(35_000);
    requests = [];
    await world.pass(50_000);
    assert.deepEqual(
      requests.filter((request) => /^GET \S*\/(nodes\/n1|leases\/rebootd)$/.test(request)),
      [],
    );
  });
});

describe("A daemon that cannot begin", () => {
  afterEach(() => world.stop());

  const forbidden = { refusal: { code: 403, reason: "Forbidden", message: "a webhook says no" } };
  for (const [why, resource, effect] of [
    ["a webhook forbids all writes of its Node", "nodes", forbidden],
    ["each write of the lock is a conflict", "leases", { status: 409 }],
  ] as const) {
    it(`as ${why}, makes at most 40 requests in the first minute`, async () => {
      await start({ workloads: [{ name: "web", replicas: 1 }] });
      world.server.faults.add({ match: { verb: "patch", resource, where: isFromDaemon }, effect });
      world.node("n1").wantsReboot();
      await world.pass(minute);
      assert.ok(requests.length <= 40, `${requests.length} requests:\n${requests.join("\n")}`);
    });
  }
});

describe("A daemon whose Node somebody else writes in between, twice in a row,", () => {
  afterEach(() => world.stop());

  it("begins all the same within ten seconds", async () => {
    await start({ workloads: [{ name: "web", replicas: 1 }] });
    let conflicts = 0;
    const isEarly = () => {
      conflicts += 1;
      return conflicts <= 2;
    };
    const where: typeof isFromDaemon = (facts) => isFromDaemon(facts) && isEarly();
    world.server.faults.add({ match: { verb: "patch", resource: "nodes", where }, effect: { status: 409 } });
    world.node("n1").wantsReboot();
    await world.pass(10_000);
    assert.ok(conflicts > 2);
    assert.deepEqual((await world.look()).cordoned, ["n1"]);
  });
});

describe("A drain of many pods whose API server breaks down", () => {
  afterEach(() => world.stop());

  it("asks at most 6 times a minute after ten minutes, and goes on once the server works", async () => {
    await start({
      workloads: [{ name: "web", replicas: 60, budget: { maxUnavailable: 0 } }],
      options: { preflight: "off", "drain-timeout": "1h" },
    });
    world.node("n1").wantsReboot();
    await world.pass(5000);
    assert.equal((await world.look()).phases["n1"], "Draining");
    const fault = world.server.faults.add({ match: { where: isFromDaemon }, effect: { status: 500 } });
    world.server.cutWatches();
    await world.pass(10 * minute);
    requests = [];
    await world.pass(20 * minute);
    assert.ok(
      requests.length <= 20 * 6,
      `${requests.length} requests:\n${requests.slice(0, 100).join("\n")}`,
    );
    fault.remove();
    const budget = "/apis/policy/v1/namespaces/default/poddisruptionbudgets/web";
    await world.api.delete(budget, {}, { signal: world.signal });
    await world.time.until("it has rebooted", () => world.machine("n1").boots.length === 2, 3 * minute);
  });
});

describe("A daemon of the control plane", () => {
  afterEach(() => world.stop());

  it("lists the nodes of it by the label that they bear, and once for its turn and its entry by each label", async () => {
    await start({ nodes: 3, controlPlane: { members: 3, staticPods: ["etcd"] } });
    world.node("n1").wantsReboot();
    await world.pass(1500);
    assert.deepEqual((await world.look()).cordoned, ["n1"]);
    assert.equal(requests.filter((request) => request.includes("labelSelector=node-role")).length, 1 + 4);
  });
});
