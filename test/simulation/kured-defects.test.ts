/**
 * Ways in which kured 1.23 loses its lock, a cordon, or the promise that one node is down at a time; each is played here
 * with the real daemon. Those that are about the lock as a value alone are in test/lock.
 */
import assert from "node:assert/strict";
import type { RawOptions } from "../../daemon/config/settings.ts";
import { isFromDaemon } from "./small-world.ts";
import { createStory, minute } from "./story.ts";
import { watchCordons } from "./watch-cordons.ts";

const story = createStory();
const { look, node, pass, start: startStory, until } = story;

const lease = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/rebootd";
const created = "2026-11-24T11:00:00Z";

async function start(nodes: number, options: RawOptions = {}): Promise<void> {
  await startStory(options, { nodes });
}

async function setLock(value: object | null): Promise<void> {
  const text = value === null ? null : JSON.stringify(value);
  const metadata = { annotations: { "rebootd.dev/lock": text } };
  await story.world.api.patch(lease, { metadata }, { signal: story.world.signal });
}

async function setCordon(name: string, unschedulable: true | null): Promise<void> {
  await story.world.api.patch(
    `/api/v1/nodes/${name}`,
    { spec: { unschedulable } },
    { signal: story.world.signal },
  );
}

function wantReboots(): void {
  for (const machine of story.world.machines) machine.wantReboot();
}

const boots = () => story.world.machines.map((machine) => machine.boots.length);

async function holders(): Promise<string[]> {
  const { lock } = await look();
  const value = JSON.parse(lock ?? "{}") as { nodeID?: string; locks?: { nodeID: string }[] };
  return (value.locks ?? (value.nodeID ? [{ nodeID: value.nodeID }] : [])).map(({ nodeID }) => nodeID);
}

async function expectGivenBack(...nodes: string[]): Promise<void> {
  const { phases, cordoned, lock } = await look();
  assert.deepEqual([cordoned, lock], [[], undefined]);
  for (const name of nodes) assert.equal(phases[name], "Idle", name);
}

describe("What goes wrong with kured does not here", () => {
  afterEach(story.stop);

  describe("A node is not left cordoned, nor the lock with nobody", () => {
    it("when a TTL is shorter than the reboot, so that the slot has expired when the node comes back", async () => {
      await start(1, { "lock-ttl": "3s" });
      wantReboots();
      await pass(20 * minute);
      assert.deepEqual(boots(), [2]);
      await expectGivenBack("n1");
    });

    it("when its own slot has expired while it was drained: it is not entered again under a cordon of its own", async () => {
      await start(1, { "lock-ttl": "20s", "reboot-delay": "1m" });
      wantReboots();
      await until("the node is given back", async () =>
        story.world.logs.some((line) => line.includes("Restoring")),
      );
      await pass(2000);
      assert.deepEqual(boots(), [1]);
      const { phases, cordoned, lock } = await look();
      if (phases["n1"] === "Waiting") assert.deepEqual([cordoned, lock], [[], undefined]);
      node("n1").wantsNoReboot();
      await pass(5 * minute);
      await expectGivenBack("n1");
    });

    it("when the lock cannot be read for minutes after the reboot, while all else can", async () => {
      await start(2);
      node("n1").wantsReboot();
      await until("the machine is down", async () => !story.world.machine("n1").isUp);
      const match = { resource: "leases", where: isFromDaemon };
      const fault = story.world.server.faults.add({ match, effect: { status: 500 } });
      await pass(12 * minute);
      fault.remove();
      await pass(2 * minute);
      assert.deepEqual(boots(), [2, 1]);
      await expectGivenBack("n1");
    });

    it("when the daemon is killed between any two steps of giving up a drain", async () => {
      for (let nth = 1; nth <= 12; nth += 1) {
        await start(1, { "drain-timeout": "10s", "lock-release-delay": "5m" });
        const spec = { nodeName: "n1", containers: [{ name: "main", image: "app:1" }] };
        const metadata = { name: "stuck", finalizers: ["example.com/never"] };
        await story.world.api.create("/api/v1/namespaces/default/pods", { metadata, spec }, story.world);
        let writes = 0;
        story.world.onDaemonRequest = (_, { method }) => {
          if (method === "GET") return;
          writes += 1;
          if (writes === nth) node("n1").crashDaemon();
        };
        wantReboots();
        await until("the failure is recorded", async () => (await look()).phases["n1"] === "Failed");
        const { cordoned, lock } = await look();
        assert.deepEqual([cordoned, lock], [[], undefined], `killed at write ${nth}`);
        await story.stop();
      }
    });

    it("when there is an expired entry of its own beside a free slot: all of its entries go", async () => {
      await start(1, { concurrency: "2" });
      const expired = { nodeID: "n1", created: "2026-11-24T10:00:00Z", TTL: 60e9 };
      await setLock({ maxOwners: 2, locks: [expired] });
      wantReboots();
      await pass(5 * minute);
      assert.deepEqual(boots(), [2]);
      await expectGivenBack("n1");
    });

    it("when the concurrency was lowered to one and an empty list of several slots is left", async () => {
      await start(1);
      await setLock({ maxOwners: 2, locks: [] });
      wantReboots();
      await pass(5 * minute);
      assert.deepEqual(boots(), [2]);
      await expectGivenBack("n1");
    });

    it("when the machine never goes down", async () => {
      await start(1, { "reboot-timeout": "1m" });
      story.world.machine("n1").behaviour.goesDown = false;
      wantReboots();
      await until("the failure is recorded", async () => (await look()).phases["n1"] === "Failed");
      const { cordoned, lock } = await look();
      assert.deepEqual([cordoned, lock], [[], undefined]);
    });

    it("when the object with the lock is deleted in mid-cycle", async () => {
      await start(2, { "reboot-delay": "1m" });
      node("n1").wantsReboot();
      await pass(20_000);
      assert.deepEqual(await holders(), ["n1"]);
      await story.world.api.delete(lease, {}, { signal: story.world.signal });
      // The manifests bring it back; the daemons may not make one.
      const body = { metadata: { name: "rebootd" }, spec: {} };
      await story.world.api.create(lease.replace(/\/rebootd$/, ""), body, { signal: story.world.signal });
      await pass(minute);
      assert.deepEqual(boots(), [1, 1], "it is not rebooted without a slot");
      await pass(10 * minute);
      assert.deepEqual(boots(), [2, 1]);
      await expectGivenBack("n1");
    });
  });

  describe("A node is not uncordoned that somebody else has cordoned", () => {
    it("after a failed drain", async () => {
      await start(1, { "drain-timeout": "10s" });
      await setCordon("n1", true);
      const metadata = { name: "stuck", finalizers: ["example.com/never"] };
      const spec = { nodeName: "n1", containers: [{ name: "main", image: "app:1" }] };
      await story.world.api.create("/api/v1/namespaces/default/pods", { metadata, spec }, story.world);
      wantReboots();
      await until("the failure is recorded", async () => (await look()).phases["n1"] === "Failed");
      assert.deepEqual((await look()).cordoned, ["n1"]);
    });

    it("between the daemon's last look at it and its own cordon", async () => {
      await start(1);
      let cordonedByHand = false;
      story.world.onDaemonRequest = (_, { method, body = "" }) => {
        if (cordonedByHand || method !== "PATCH" || !body.includes('"unschedulable":true')) return;
        cordonedByHand = true;
        void setCordon("n1", true);
      };
      wantReboots();
      await pass(5 * minute);
      assert.deepEqual(boots(), [2]);
      assert.ok(cordonedByHand);
      const { cordoned, lock } = await look();
      assert.deepEqual([cordoned, lock], [["n1"], undefined]);
    });

    it("by a daemon that was only started anew while it held the slot: it goes on, and says nothing of success", async () => {
      await start(1, { "reboot-delay": "1m" });
      wantReboots();
      await pass(20_000);
      node("n1").crashDaemon();
      await pass(10_000);
      const { phases, cordoned } = await look();
      assert.deepEqual([phases, cordoned], [{ n1: "Draining" }, ["n1"]]);
      assert.ok(!story.world.logs.some((line) => line.includes("the node is back")));
      await pass(5 * minute);
      assert.deepEqual(boots(), [2]);
    });
  });

  describe("No second node goes down", () => {
    it("when a TTL is shorter than the drain: whose slot has expired is not rebooted", async () => {
      await start(2, { "lock-ttl": "20s", "reboot-delay": "1m", period: "10s" });
      wantReboots();
      await pass(10 * minute);
      assert.deepEqual(boots(), [1, 1]);
    });

    it("by the strict daemon when the limit was lowered and one of three entries has expired", async () => {
      await start(4, { concurrency: "2" });
      const locks = ["n2", "n3", "n4"].map((nodeID) => ({
        nodeID,
        created,
        TTL: nodeID === "n4" ? 60e9 : 0,
      }));
      await setLock({ maxOwners: 3, locks });
      // These would give back what they do not need.
      for (const name of ["n2", "n3", "n4"]) {
        story.world.machine(name).behaviour.comesBack = false;
        node(name).losesPower();
      }
      await pass(1000);
      await setLock({ maxOwners: 3, locks });
      node("n1").wantsReboot();
      await pass(60 * minute);
      assert.equal(boots()[0], 1);
    });

    it("while the concurrency goes from one to two and back with slots held", async () => {
      await start(4, { "reboot-delay": "30s" });
      const followed = watchCordons(story.world);
      node("n1").wantsReboot();
      await until("n1 holds the lock", async () => (await holders()).includes("n1"));
      // Daemons of the new configuration come in beside it.
      await story.world.restartDaemons({ concurrency: "2", "reboot-delay": "30s" }, ["n2", "n3"]);
      node("n2").wantsReboot();
      node("n3").wantsReboot();
      await pass(5000);
      assert.deepEqual(await holders(), ["n1"], "who wants to be alone is alone");
      await until("both of the new ones hold a slot", async () => (await holders()).length === 2);
      assert.equal(boots()[0], 2);
      assert.equal(followed.most, 2);
      await story.world.restartDaemons({ concurrency: "1", "reboot-delay": "30s" }, ["n1", "n2", "n3", "n4"]);
      node("n4").wantsReboot();
      followed.most = 0;
      await pass(5000);
      assert.equal((await holders()).length, 2, "nobody is forgotten");
      await pass(10 * minute);
      assert.deepEqual(boots(), [2, 2, 2, 2]);
      assert.ok(followed.most <= 2);
      await expectGivenBack("n1", "n2", "n3", "n4");
    });

    it("before the first is Ready again and has settled", async () => {
      await start(2, { "ready-settle": "30s" });
      wantReboots();
      await until("a machine is down", async () => story.world.machines.some(({ isUp }) => !isUp));
      const first = story.world.machines.findIndex(({ isUp }) => !isUp);
      await until("it is up again", async () => story.world.machines.every(({ isUp }) => isUp));
      await pass(25_000);
      assert.equal(boots()[1 - first], 1);
      assert.deepEqual(await holders(), [`n${first + 1}`]);
      await pass(5 * minute);
      assert.deepEqual(boots(), [2, 2]);
    });

    it("in a zone that has its share of them", async () => {
      await start(4, { concurrency: "4", "max-per-zone": "1", "reboot-delay": "20s" });
      for (const [index, name] of ["n1", "n2", "n3", "n4"].entries()) {
        const labels = { "topology.kubernetes.io/zone": index < 2 ? "a" : "b" };
        await story.world.api.patch(
          `/api/v1/nodes/${name}`,
          { metadata: { labels } },
          { signal: story.world.signal },
        );
      }
      const followed = watchCordons(story.world);
      wantReboots();
      await pass(10_000);
      const inside = await holders();
      assert.equal(inside.filter((name) => name <= "n2").length, 1);
      assert.equal(inside.filter((name) => name > "n2").length, 1);
      await pass(10 * minute);
      assert.deepEqual(boots(), [2, 2, 2, 2]);
      assert.equal(followed.most, 2);
    });

    it("of the control plane, nor any beside one that is not Ready", async () => {
      await start(3, { concurrency: "3", "reboot-delay": "20s" });
      for (const name of ["n1", "n2"]) {
        const labels = { "node-role.kubernetes.io/control-plane": "" };
        await story.world.api.patch(
          `/api/v1/nodes/${name}`,
          { metadata: { labels } },
          { signal: story.world.signal },
        );
      }
      story.world.machine("n2").behaviour.comesBack = false;
      node("n2").losesPower();
      await pass(2 * minute);
      node("n1").wantsReboot();
      await pass(10 * minute);
      assert.equal(boots()[0], 1);
      assert.ok(story.world.logs.some((line) => line.includes("control-plane nodes are not Ready: n2")));
      story.world.machine("n2").powerOn();
      await pass(2 * minute);
      assert.equal(boots()[0], 2, "it goes once that is Ready");
      wantReboots();
      await pass(10_000);
      const inside = await holders();
      assert.equal(inside.filter((name) => name !== "n3").length, 1);
      assert.ok(inside.includes("n3"), "the limit is three");
      await pass(10 * minute);
      assert.deepEqual(boots(), [3, 3, 2]);
    });
  });

  it("Who enters is in the lock once, though the answer to the write was lost", async () => {
    await start(2, { concurrency: "2", "reboot-delay": "20s" });
    const match = { verb: "patch", resource: "leases", where: isFromDaemon };
    story.world.server.faults.add({ match, times: 2, effect: "reset-after" });
    wantReboots();
    await until("both are in", async () => (await holders()).length >= 2);
    await pass(10_000);
    assert.deepEqual((await holders()).sort(), ["n1", "n2"]);
    await pass(10 * minute);
    assert.deepEqual(boots(), [2, 2]);
    await expectGivenBack("n1", "n2");
  });

  it("Who lost the race does not wait for a period, but enters within seconds of the release", async () => {
    await start(2, { period: "24h" });
    await setLock({ nodeID: "n2", created, TTL: 0, concurrency: 1 });
    story.world.machine("n2").behaviour.comesBack = false;
    node("n2").losesPower();
    node("n1").wantsReboot();
    await pass(60 * minute);
    assert.equal(boots()[0], 1);
    await setLock(null);
    await pass(2000);
    assert.deepEqual(await holders(), ["n1"]);
  });
});
