/** What does not succeed is followed by a rest, whatever it was: nothing is tried without pause, and a person is told. */
import assert from "node:assert/strict";
import { daemonOf } from "./simulated-node.ts";
import { isFromDaemon, type SmallWorld, slowCluster, startSmallWorld } from "./small-world.ts";
import { recordOn } from "./stored.ts";

const minute = 60_000;
const hour = 60 * minute;
const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";

let world: SmallWorld;

const recordOf = (node: string) => recordOn(world, node);
const reasonsOf = (node: string) => recordOf(node)?.reasons.map(({ gate, code }) => `${gate}/${code}`);
const boots = () => world.machines.map((machine) => machine.boots.length);

/** How often the node was cordoned, from now on. */
function countCordons(node: string): () => number {
  const isCordoned = (object: unknown) =>
    (object as { spec?: { unschedulable?: boolean } } | undefined)?.spec?.unschedulable === true;
  let cordons = 0;
  world.server.onChange("nodes", ({ object, previous }) => {
    if (object.metadata.name === node && isCordoned(object) && !isCordoned(previous)) cordons += 1;
  });
  return () => cordons;
}

/** Requests of each node's daemon in a minute, on average over ten. */
async function requestsPerMinute(): Promise<number> {
  let asked = 0;
  world.onDaemonRequest = () => {
    asked += 1;
  };
  await world.pass(10 * minute);
  return asked / 10 / world.machines.length;
}

describe("While the lock cannot be written", () => {
  afterEach(() => world.stop());

  for (const [what, disturb] of [
    ["as the Lease is missing", () => world.api.delete(`${leases}/rebootd`, {}, { signal: world.signal })],
    [
      "as etcd has no space left",
      async () => {
        const isWrite = (verb: string) => ["patch", "create", "delete"].includes(verb);
        world.server.faults.add({
          match: {
            where: (facts) => isFromDaemon(facts) && isWrite(facts.verb) && facts.resource === "leases",
          },
          effect: { status: 500 },
        });
      },
    ],
  ] as const) {
    it(`${what}, a node that waits asks less and less often, and says why it waits`, async () => {
      world = await startSmallWorld({ nodes: 3 });
      await disturb();
      for (const machine of world.machines) machine.wantReboot();
      await world.pass(10 * minute);
      assert.deepEqual(reasonsOf("n1"), ["lock/unwritable"]);
      const perMinute = await requestsPerMinute();
      assert.ok(perMinute <= 6, `${perMinute} requests a minute`);
    });
  }

  it("and the server asks to wait, it is not asked sooner, but within three minutes all the same", async () => {
    world = await startSmallWorld({ nodes: 1 });
    const isWrite = ({ verb, resource }: { verb: string; resource: string }) =>
      verb === "patch" && resource === "leases";
    const fault = world.server.faults.add({
      match: { where: (facts) => isFromDaemon(facts) && isWrite(facts) },
      effect: { status: 429, retryAfter: 3600 },
    });
    const at: number[] = [];
    world.onDaemonRequest = (_, { method, path }) => {
      if (method === "PATCH" && path.includes("/leases/")) at.push(world.time.clock.elapsed());
    };
    world.node("n1").wantsReboot();
    await world.pass(20 * minute);
    const pauses = at.slice(1).map((time, index) => (time - (at[index] ?? 0)) / 1000);
    assert.ok(pauses.length > 5 && pauses.every((seconds) => seconds >= 60 && seconds <= 185), `${pauses}`);
    fault.remove();
    await world.time.until("it has rebooted", () => boots()[0] === 2, 4 * minute);
  });
});

describe("A node whose cycle the API server does not let begin", () => {
  afterEach(() => world.stop());

  it("takes no slot from others, and says why", async () => {
    world = await startSmallWorld({
      nodes: 2,
      // As where each daemon is a user of its own, so that one alone can be refused.
      between: (_, transport) => transport,
    });
    world.server.faults.add({
      match: { user: daemonOf("n1").name, verb: "patch", resource: "nodes" },
      effect: { refusal: { code: 403, reason: "Forbidden", message: "a webhook says no" } },
    });
    world.node("n1").wantsReboot();
    await world.pass(20_000);
    world.node("n2").wantsReboot();
    await world.time.until("n2 has rebooted", () => boots()[1] === 2, 5 * minute);
    await world.pass(20 * minute);
    const { cordoned, lock } = await world.look();
    assert.deepEqual([cordoned, lock, boots()], [[], undefined, [1, 2]]);
    assert.match(world.logs.join("\n"), /the API server refuses the record of this node.*a webhook says no/);
    const perMinute = await requestsPerMinute();
    assert.ok(perMinute <= 6, `${perMinute} requests a minute`);
  });
});

describe("A cycle that is broken off", () => {
  afterEach(() => world.stop());

  it("by the daemon of a second DaemonSet with another lock, is begun three times in an hour at most", async () => {
    world = await startSmallWorld({
      nodes: 2,
      rights: "everything",
      options: { "reboot-delay": "5s" },
      workloads: [{ name: "web", replicas: 4 }],
    });
    await world.api.create(leases, { metadata: { name: "other" }, spec: {} }, { signal: world.signal });
    world.runSecondDaemon("n1", { "reboot-delay": "5s", "lock-object": "lease/other" });
    await world.pass(1000);
    const cordons = countCordons("n1");
    world.node("n1").wantsReboot();
    await world.pass(hour);
    assert.ok(cordons() <= 3, `${cordons()} cordons in an hour`);
  });

  it("by somebody who removes the lock every 30 s, is begun six times in two hours at most", async () => {
    world = await startSmallWorld({ nodes: 1, options: { "reboot-delay": "1m" } });
    const cordons = countCordons("n1");
    world.node("n1").wantsReboot();
    for (let passed = 0; passed < 2 * hour; passed += 30_000) {
      await world.pass(30_000);
      const annotations = { "rebootd.dev/lock": null };
      await world.api.patch(`${leases}/rebootd`, { metadata: { annotations } }, { signal: world.signal });
    }
    assert.ok(cordons() >= 1 && cordons() <= 6, `${cordons()} cordons in two hours`);
    assert.deepEqual(reasonsOf("n1"), ["rest/withdrawn"]);
  });
});

describe("A drain that fails each time", () => {
  afterEach(() => world.stop());

  it("is begun three times, then its node is left alone until a person asks", async () => {
    world = await startSmallWorld({
      ...slowCluster,
      nodes: 1,
      options: { preflight: "off" },
      workloads: [{ name: "web", replicas: 2, budget: { minAvailable: 1 } }],
    });
    const cordons = countCordons("n1");
    world.node("n1").wantsReboot();
    await world.pass(24 * hour);
    assert.equal(cordons(), 3);
    assert.deepEqual([recordOf("n1")?.phase, reasonsOf("n1")], ["Failed", ["failures/given-up"]]);
    assert.ok(
      world.logs.some((line) => line.includes("ERROR") && line.includes("gave up after 3 failures in a row")),
    );
    await world.api.delete(
      "/apis/policy/v1/namespaces/default/poddisruptionbudgets/web",
      {},
      { signal: world.signal },
    );
    const annotations = { "rebootd.dev/reboot-requested": "the budget is gone" };
    await world.api.patch("/api/v1/nodes/n1", { metadata: { annotations } }, { signal: world.signal });
    await world.time.until("n1 has rebooted", () => boots()[0] === 2, 5 * minute);
  });
});

describe("kured's entry for this very node", () => {
  afterEach(() => world.stop());

  it("stays in the lock: after the reboot it tells kured to uncordon", async () => {
    const daemonSets = "/apis/apps/v1/namespaces/kube-system/daemonsets";
    const annotation = "weave.works/kured-node-lock";
    world = await startSmallWorld({ nodes: 2, rights: "everything", options: { "ds-name": "kured" } });
    const labels = { name: "kured" };
    const containers = [{ name: "kured", image: "kured:1" }];
    const template = { metadata: { labels }, spec: { containers, nodeSelector: { nowhere: "true" } } };
    const body = { metadata: { name: "kured" }, spec: { selector: { matchLabels: labels }, template } };
    await world.api.create(daemonSets, body, { signal: world.signal });
    const entry = {
      nodeID: "n1",
      metadata: { unschedulable: false },
      created: "2026-11-24T12:00:05Z",
      TTL: 0,
    };
    const annotations = { [annotation]: JSON.stringify(entry) };
    await world.api.patch(`${daemonSets}/kured`, { metadata: { annotations } }, { signal: world.signal });
    await world.api.patch("/api/v1/nodes/n1", { spec: { unschedulable: true } }, { signal: world.signal });
    world.node("n1").losesPower();
    await world.pass(2 * minute);
    world.node("n1").wantsReboot();
    await world.pass(2 * hour);
    const { metadata } = await world.api.get<{ metadata: { annotations?: Record<string, string> } }>(
      `${daemonSets}/kured`,
      { signal: world.signal },
    );
    assert.equal(metadata.annotations?.[annotation], annotations[annotation]);
    assert.deepEqual(reasonsOf("n1"), ["lock/lock-foreign"]);
  });
});
