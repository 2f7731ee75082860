/** The daemon with kured's ServiceAccount: the rights of kured's own manifest, and no other. */
import assert from "node:assert/strict";
import { features } from "../../daemon/cluster/rights.ts";
import type { RawOptions } from "../../daemon/config/settings.ts";
import { kuredUser } from "../world/kured-rights.ts";
import { isFromDaemon, type SmallWorldOptions, slowCluster } from "./small-world.ts";
import { createStory, minute } from "./story.ts";
import { watchCordons } from "./watch-cordons.ts";

const story = createStory();
const { look, node, pass, until } = story;
const kuredLock = { "ds-name": "kured", "ds-namespace": "kube-system" };
const daemonSet = "/apis/apps/v1/namespaces/kube-system/daemonsets/kured";
const clusterRole = "/apis/rbac.authorization.k8s.io/v1/clusterroles/kured";

const start = (nodes: number, options: RawOptions = {}, more: Partial<SmallWorldOptions> = {}) =>
  story.start({ ...kuredLock, ...options }, { nodes, rights: "kured", ...more });

const boots = () => story.world.machines.map((machine) => machine.boots.length);
const requests = (facts = {}) => story.world.server.ledger.entries({ user: kuredUser.name, ...facts });
const warnings = () => story.world.logs.filter((line) => / is off without the right to /.test(line));

function wantReboots(): void {
  for (const machine of story.world.machines) machine.wantReboot();
}

async function errorsCounted(): Promise<number> {
  const counts = await Promise.all(story.world.metrics.map(({ errors }) => errors.get()));
  return counts.flatMap(({ values }) => values).reduce((sum, { value }) => sum + value, 0);
}

async function expectAllBack(): Promise<void> {
  const { phases, cordoned, lock } = await look();
  assert.deepEqual([new Set(Object.values(phases)), cordoned, lock], [new Set(["Idle"]), [], undefined]);
}

/** The DaemonSet without what a write of its annotations changes. */
async function restOfDaemonSet(): Promise<unknown> {
  const object = await story.world.api.getWhole<{ metadata: Record<string, unknown> }>(
    daemonSet,
    story.world,
  );
  const { annotations: _, resourceVersion: __, managedFields: ___, ...metadata } = object.metadata;
  return { ...object, metadata };
}

describe("With kured's rights alone", () => {
  afterEach(story.stop);

  describe("the daemons of three nodes", () => {
    beforeEach(async () => {
      await start(3, {}, { workloads: [{ name: "web", replicas: 4, budget: { maxUnavailable: 1 } }] });
    });

    it("reboot them one at a time, without an error", async () => {
      const seen = watchCordons(story.world);
      const before = await restOfDaemonSet();
      wantReboots();
      await pass(6 * minute);
      assert.deepEqual(boots(), [2, 2, 2]);
      assert.equal(seen.most, 1);
      await expectAllBack();
      assert.equal(await errorsCounted(), 0);
      assert.deepEqual(await restOfDaemonSet(), before, "the DaemonSet is what it was, but for the lock");
    });

    it("say once in each process what is off", async () => {
      wantReboots();
      await pass(6 * minute);
      const names = new Set(features.map(({ name }) => name));
      const off = warnings().map(
        (line) => / (\S+) \w+: (.*) is off without/.exec(line)?.slice(1).join(" ") ?? line,
      );
      for (const line of off) assert.ok(names.has(line.slice(3)), line);
      const processes = story.world.metrics.length;
      assert.equal(processes, 6);
      const ofNode = off.filter((line) => line.startsWith("n1 "));
      for (const name of names) {
        const times = ofNode.filter((line) => line === `n1 ${name}`).length;
        assert.ok(times <= 2, `${name}: ${times} times by the two processes of n1`);
      }
      assert.ok(new Set(off.map((line) => line.slice(3))).size >= 7, off.join("\n"));
    });

    it("send only requests that they may send, or that tell what is off", async () => {
      wantReboots();
      await pass(6 * minute);
      const refused = requests().filter(({ status }) => status === 403);
      const kinds = new Set(
        refused.map(({ verb, group, resource, subresource }) =>
          `${verb} ${group}/${resource}/${subresource}`.replace(/\/$/, ""),
        ),
      );
      assert.deepEqual([...kinds].sort(), [
        "create events.k8s.io/events",
        "list /nodes",
        "list policy/poddisruptionbudgets",
        "patch /nodes/status",
        "patch apps/daemonsets",
        "watch /nodes",
        "watch /pods",
        "watch apps/daemonsets",
      ]);
      assert.ok(refused.length <= story.world.metrics.length * 10, `${refused.length} were refused`);
    });
  });

  it("a node that is idle makes at most 4 requests an hour", async () => {
    await start(2, {}, slowCluster);
    await pass(12 * 60 * minute);
    const before = requests().length;
    await pass(24 * 60 * minute);
    const perHour = (requests().length - before) / 2 / 24;
    assert.ok(perHour <= 4, `${perHour} an hour`);
  }).timeout(120_000);

  it("a node that waits reads the lock at least once a minute, and asks for little else", async () => {
    await start(1, {}, slowCluster);
    await story.world.api.patch(
      daemonSet,
      { metadata: { annotations: { "weave.works/kured-node-lock": '{"nodeID":"manual"}' } } },
      story.world,
    );
    wantReboots();
    await pass(10 * minute);
    const before = requests().length;
    await pass(60 * minute);
    const inHour = requests().slice(before);
    const ofLock = inHour.filter(({ resource }) => resource === "daemonsets");
    assert.ok(ofLock.length >= 60 && ofLock.length <= 125, `${ofLock.length} for the lock`);
    assert.ok(inHour.length - ofLock.length <= 12, `${inHour.length - ofLock.length} others`);
    assert.deepEqual(boots(), [1]);
    await story.world.api.patch(
      daemonSet,
      { metadata: { annotations: { "weave.works/kured-node-lock": null } } },
      story.world,
    );
    await pass(3 * minute);
    assert.deepEqual(boots(), [2]);
  });

  it("a drain that a budget refuses goes on once it allows it, and makes at most 6 requests a minute after ten", async () => {
    await start(1, { "drain-timeout": "1h" });
    await story.addPod("cart");
    await story.addBudget("cart");
    wantReboots();
    await pass(10 * minute);
    assert.equal(await story.phase(), "Draining");
    const before = requests().length;
    await pass(20 * minute);
    const perMinute = (requests().length - before) / 20;
    const kinds = Map.groupBy(requests().slice(before), ({ verb, resource }) => `${verb} ${resource}`);
    const shown = [...kinds].map(([kind, ones]) => `${ones.length} ${kind}`).join(", ");
    assert.ok(perMinute <= 6, `${perMinute} a minute: ${shown}`);
    await story.world.api.delete(
      "/apis/policy/v1/namespaces/default/poddisruptionbudgets/cart",
      {},
      story.world,
    );
    await pass(3 * minute);
    assert.deepEqual(boots(), [2]);
    assert.equal(await errorsCounted(), 0);
  });

  it("a drain that cannot succeed ends in time, and the node is restored", async () => {
    await start(2, { "drain-timeout": "1m" });
    await story.addPod("cart", { finalizers: ["example.com/never"] });
    node("n1").wantsReboot();
    await until("the failure is recorded", async () => (await look()).phases["n1"] === "Failed");
    const { cordoned, lock } = await look();
    assert.deepEqual([cordoned, lock, boots()], [[], undefined, [1, 1]]);
    node("n2").wantsReboot();
    await pass(4 * minute);
    assert.deepEqual(boots(), [1, 2]);
  });

  it("the pods that come while a node is drained are evicted too, and those of a DaemonSet are not", async () => {
    await start(1, { "reboot-delay": "1m" });
    await story.addDaemonSet("agent");
    await pass(2000);
    wantReboots();
    await pass(10_000);
    await story.addPod("late");
    await pass(50_000);
    assert.ok(story.evictions().some((line) => line === "late 201"));
    assert.ok(!story.evictions().some((line) => line.startsWith("agent")));
    await pass(3 * minute);
    assert.deepEqual(boots(), [2]);
  });

  it("a node that does not come back keeps its slot, and is followed once it does", async () => {
    await start(2);
    story.world.machine("n1").behaviour.comesBack = false;
    node("n1").wantsReboot();
    await until("n1 is down", async () => !story.world.machine("n1").isUp);
    node("n2").wantsReboot();
    await pass(60 * minute);
    assert.deepEqual(boots(), [1, 1]);
    story.world.machine("n1").powerOn();
    await pass(5 * minute);
    assert.deepEqual(boots(), [2, 2]);
    await expectAllBack();
  });

  it("a cycle survives a daemon that is killed at any of its writes", async () => {
    for (let nth = 1; nth <= 9; nth += 1) {
      await start(2);
      await story.addPod("web");
      let writes = 0;
      story.world.onDaemonRequest = (name, { method }) => {
        if (name !== "n1" || method === "GET") return;
        writes += 1;
        if (writes === nth) node("n1").crashDaemon();
      };
      const seen = watchCordons(story.world);
      wantReboots();
      await pass(8 * minute);
      assert.deepEqual(boots(), [2, 2], `killed at write ${nth}`);
      assert.equal(seen.most, 1);
      await expectAllBack();
      await story.stop();
    }
  }).timeout(120_000);

  it("the lock survives conflicts and lost answers: each enters once, one at a time", async () => {
    await start(4);
    const match = { verb: "update", resource: "daemonsets", where: isFromDaemon };
    story.world.server.faults.add({ match, times: 3, effect: "reset-after" });
    story.world.server.faults.add({ match, probability: 0.4, effect: { status: 409 } });
    const seen = watchCordons(story.world);
    wantReboots();
    await pass(15 * minute);
    assert.deepEqual(boots(), [2, 2, 2, 2]);
    assert.equal(seen.most, 1);
    await expectAllBack();
  });

  it("nodes of the control plane go one at a time, as the Nodes of the holders are read", async () => {
    await start(
      5,
      { concurrency: "3", "reboot-delay": "20s" },
      {
        controlPlane: { members: 3, staticPods: ["etcd"] },
      },
    );
    let most = 0;
    story.world.server.onChange("nodes", () => {
      const down = story.world.server
        .storedAll("nodes")
        .filter((one) => (one["spec"] as { unschedulable?: boolean }).unschedulable)
        .map(({ metadata }) => metadata.name);
      most = Math.max(most, down.filter((name) => ["n1", "n2", "n3"].includes(name)).length);
    });
    wantReboots();
    await pass(20 * minute);
    assert.deepEqual(boots(), [2, 2, 2, 2, 2]);
    assert.equal(most, 1);
    await expectAllBack();
  });

  it("a percentage is one node, as their number is unknown", async () => {
    await start(4, { concurrency: "50%", "reboot-delay": "20s" });
    const seen = watchCordons(story.world);
    wantReboots();
    await pass(10 * minute);
    assert.deepEqual(boots(), [2, 2, 2, 2]);
    assert.equal(seen.most, 1);
  });

  it("--max-unavailable, which a person has asked for and nobody can judge, keeps the node waiting, and says why", async () => {
    await start(1, { "max-unavailable": "2" });
    wantReboots();
    await pass(5 * minute);
    assert.deepEqual(boots(), [1]);
    assert.match((await story.reasons()).join(), /nodes-unknown.*without the right to list nodes/);
  });

  it("a request to reboot, and a pause, are noticed within the period", async () => {
    await start(1, { period: "10m" });
    await story.patchNode({ metadata: { annotations: { "rebootd.dev/paused": "upgrade" } } });
    await pass(11 * minute);
    await story.patchNode({ metadata: { annotations: { "rebootd.dev/reboot-requested": "please" } } });
    await pass(11 * minute);
    assert.deepEqual(boots(), [1]);
    await story.patchNode({ metadata: { annotations: { "rebootd.dev/paused": null } } });
    await pass(13 * minute);
    assert.deepEqual(boots(), [2]);
  });

  it("a right that is granted later is used, and that is said", async () => {
    await start(1);
    const role = await story.world.api.get<{ rules: object[] }>(clusterRole, story.world);
    const rules = [...role.rules, { apiGroups: [""], resources: ["nodes"], verbs: ["list", "watch"] }];
    await story.world.api.patch(clusterRole, { rules }, story.world);
    await pass(2 * 60 * minute);
    assert.ok(story.saysOf("watching the own Node is on again"));
    await story.patchNode({ metadata: { annotations: { "rebootd.dev/reboot-requested": "please" } } });
    await pass(2 * minute);
    assert.deepEqual(boots(), [2]);
  });
});

describe("With rebootd's own rights but one", () => {
  afterEach(story.stop);

  it("the missing one is an error, and nothing is off in silence", async () => {
    await story.start({}, { nodes: 1 });
    const role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/rebootd";
    const { rules } = await story.world.api.get<{ rules: { resources: string[] }[] }>(role, story.world);
    const less = rules.filter(({ resources }) => !resources.includes("poddisruptionbudgets"));
    await story.world.api.patch(role, { rules: less }, story.world);
    await story.addPod("web");
    wantReboots();
    await pass(5 * minute);
    assert.deepEqual(boots(), [1]);
    assert.deepEqual(warnings(), []);
    assert.match((await story.reasons()).join(), /poddisruptionbudgets/);
  });
});
