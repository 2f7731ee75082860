import assert from "node:assert/strict";
import { isFromDaemon } from "./small-world.ts";
import { createStory, minute, pods } from "./story.ts";

const story = createStory();
const {
  addBudget,
  addDaemonSet,
  addPod,
  boots,
  evictions,
  isRebooted,
  look,
  node,
  pass,
  phase,
  podsOn,
  saysOf,
  setCordon,
  start: startStory,
  until,
  wantReboot,
} = story;

/** Drains that cannot succeed are begun all the same. */
const start: typeof startStory = (options, more) => startStory({ preflight: "off", ...options }, more);

describe("A drain", () => {
  afterEach(story.stop);

  it("leaves alone a pod of the same name that a StatefulSet makes elsewhere, while the server says 429", async () => {
    await start({}, { nodes: 2 });
    await addPod("db-0");
    await addBudget("db-0");
    await wantReboot();
    await until("an eviction is refused", async () => evictions().includes("db-0 429"));
    const gone = { gracePeriodSeconds: 0 };
    await story.world.api.delete(`${pods}/db-0`, gone, { signal: story.world.signal });
    await addPod("db-0", { on: "n2" });
    const asked = evictions().length;
    await until("n1 has rebooted", isRebooted);
    assert.equal(evictions().length, asked, "nothing is asked for the new one");
    assert.deepEqual(await podsOn("n2"), ["db-0"]);
  });

  it("takes a pod that was bound just before the cordon and shows up after the list", async () => {
    await start();
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    await addPod("late");
    await until("n1 has rebooted", isRebooted);
    assert.deepEqual(evictions(), ["late 201"]);
  });

  it("takes a pod that comes when the node was empty already, while the reboot is delayed", async () => {
    await start({ "reboot-delay": "20s" });
    await addPod("first");
    await wantReboot();
    await until("the node is empty", async () => saysOf("drained; waiting for --reboot-delay"));
    const emptyAt = story.world.time.clock.wall();
    await addPod("late");
    await until("n1 has rebooted", isRebooted);
    assert.deepEqual(evictions(), ["first 201", "late 201"]);
    assert.ok(story.world.time.clock.wall() - emptyAt > 20_000, "the delay begins anew");
  });

  it("survives a 500 in the middle", async () => {
    await start();
    await addDaemonSet("agent");
    await addPod("web");
    await pass(3000);
    const match = { verb: "get", resource: "daemonsets", where: isFromDaemon };
    const fault = story.world.server.faults.add({ match, times: 1, effect: { status: 500 } });
    await wantReboot();
    await until("n1 has rebooted", isRebooted);
    assert.equal(fault.hits, 1);
    assert.ok(evictions().every((one) => one.startsWith("web ")));
  });

  it("waits for a budget that frees one pod at a time, and asks less and less often", async () => {
    await start({}, { nodes: 2, workloads: [{ name: "web", replicas: 4, budget: { maxUnavailable: 1 } }] });
    await wantReboot();
    await until("n1 has rebooted", isRebooted);
    assert.ok(evictions().some((one) => one.endsWith("429")));
    assert.ok(evictions().length < 30, `${evictions().length} evictions`);
  });

  it("does not ask again for a pod whose eviction was accepted though the answer was lost", async () => {
    await start();
    await addPod("slow", { spec: { terminationGracePeriodSeconds: 30 } });
    story.world.server.faults.add({ match: { subresource: "eviction" }, times: 1, effect: "reset-after" });
    await wantReboot();
    await until("n1 has rebooted", isRebooted);
    assert.equal(evictions().length, 1);
  });

  it("names a pod with two budgets, which the server refuses to evict", async () => {
    await start({ "drain-timeout": "1m" });
    await addPod("db");
    await addBudget("db", "first", { minAvailable: 0 });
    await addBudget("db", "second", { minAvailable: 0 });
    await wantReboot();
    await until("it has failed", async () => (await phase()) === "Failed");
    assert.ok(saysOf("default/db: is selected by PodDisruptionBudgets default/first and default/second"));
  });

  it("says what the server says of a budget that it may not look at", async () => {
    await start({ "drain-timeout": "1m" });
    await addPod("db");
    await addBudget("db", "db", { minAvailable: 1 });
    const refusal = { code: 403, reason: "Forbidden", message: "no" };
    const match = { verb: "list", resource: "poddisruptionbudgets", where: isFromDaemon };
    const fault = story.world.server.faults.add({ match, effect: { refusal } });
    await wantReboot();
    await until("it has failed", async () => (await phase()) === "Failed");
    assert.ok(fault.hits > 0);
    assert.ok(
      saysOf(
        "default/db: The disruption budget db needs 1 healthy pods and has 1 currently; add healthy pods",
      ),
    );
  });

  it("that is past its deadline names the budget with its numbers, and the finalizer", async () => {
    await start({ "drain-timeout": "1m" });
    await addPod("db");
    await addBudget("db", "db", { minAvailable: 1 });
    await addPod("stuck", { finalizers: ["example.com/backup"] });
    await wantReboot();
    await until("it has failed", async () => (await phase()) === "Failed");
    const said = story.world.logs.find((line) => line.includes("the drain timed out")) ?? "";
    assert.match(
      said,
      /default\/db: PodDisruptionBudget default\/db allows no disruptions \(minAvailable 1 of 1\); lower minAvailable/,
    );
    assert.match(said, /default\/stuck: finalizer example\.com\/backup blocks deletion/);
  });

  it("that has failed leaves no trace but its report, and gives the slot up at once", async () => {
    await start({ "drain-timeout": "1m", "lock-release-delay": "10m" });
    await addPod("db");
    await addBudget("db");
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    const before = await story.world.time.clock.wall();
    await until("it is given back", async () => (await phase()) !== "Draining");
    await pass(1000);
    const { cordoned, lock } = await look();
    assert.deepEqual([cordoned, lock], [[], undefined]);
    assert.ok(story.world.time.clock.wall() - before < minute + 3000);
  });

  it("asks ordinary pods first, then those that the cluster needs, then those that the node needs", async () => {
    await start();
    await addPod("node", { spec: { priorityClassName: "system-node-critical" } });
    await addPod("cluster", { spec: { priorityClassName: "system-cluster-critical" } });
    await addPod("a");
    await addPod("b");
    await wantReboot();
    await until("n1 has rebooted", isRebooted);
    assert.deepEqual(evictions().slice(0, 2).sort(), ["a 201", "b 201"]);
    assert.deepEqual(evictions().slice(2), ["cluster 201", "node 201"]);
  });

  it("takes no pod at all when one of them may not be taken", async () => {
    await start({ "drain-force": "false" });
    await addPod("naked");
    await wantReboot();
    await until("it has failed", async () => (await phase()) === "Failed");
    assert.deepEqual(evictions(), []);
    assert.ok(
      saysOf(
        "the node cannot be drained: default/naked is not managed by a controller and will not be recreated",
      ),
    );
    assert.deepEqual((await look()).cordoned, []);
  });

  it("deletes past a budget after the time that the escalation gives", async () => {
    await start({ "drain-escalation": "evict:2m,delete:1m" }, { components: ["delete-pods"] });
    await addPod("db");
    await addBudget("db");
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    const began = story.world.time.clock.wall();
    await until("the machine is down", async () => !story.world.machine("n1").isUp);
    const tookMs = story.world.time.clock.wall() - began;
    assert.ok(tookMs >= 2 * minute && tookMs < 2 * minute + 10_000, `${tookMs} ms`);
  });

  it("asks for the deletion soon again, however long the eviction was refused", async () => {
    await start({ "drain-escalation": "evict:5m,delete:1m" }, { components: ["delete-pods"] });
    await addPod("db");
    await addBudget("db");
    const match = { verb: "delete", resource: "pods", where: isFromDaemon };
    const fault = story.world.server.faults.add({ match, times: 2, effect: { status: 500 } });
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    const began = story.world.time.clock.wall();
    await until("the machine is down", async () => !story.world.machine("n1").isUp);
    const tookMs = story.world.time.clock.wall() - began;
    assert.equal(fault.hits, 2);
    assert.ok(tookMs < 5 * minute + 15_000, `${tookMs} ms`);
  });

  it("reboots anyway when the escalation says so, though a budget holds a pod", async () => {
    await start({ "drain-timeout": "2m", "force-reboot": "true" });
    await addPod("db");
    await addBudget("db");
    await wantReboot();
    await until("n1 has rebooted", isRebooted);
    assert.ok(saysOf("the drain timed out (--drain-timeout); 1 pod remains: default/db"));
    assert.ok(saysOf("; rebooting anyway"));
  });

  it("that is followed by the reboot anyway evicts what it may, and leaves the rest at once", async () => {
    await start({ "drain-escalation": "evict,reboot", "drain-force": "false" });
    await addPod("naked");
    await pass(1000);
    await wantReboot();
    await until("the machine is down", async () => !story.world.machine("n1").isUp, 30_000);
    assert.deepEqual(evictions(), []);
    assert.ok(saysOf("(--drain-force) and goes down with the machine"));
  });

  it("does not reboot anyway without the slot", async () => {
    await start({ "drain-timeout": "1m", "force-reboot": "true" });
    await addPod("db");
    await addBudget("db");
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    await pass(minute - 5000);
    const lease = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/rebootd";
    const manual = { metadata: { annotations: { "rebootd.dev/lock": '{"nodeID":"manual"}' } } };
    await story.world.api.patch(lease, manual, { signal: story.world.signal });
    await until("it is given back", async () => (await phase()) === "Waiting", minute);
    assert.equal(boots(), 1);
  });

  it("deletes past a budget when eviction is disabled", async () => {
    await start({ "disable-eviction": "true" }, { components: ["delete-pods"] });
    await addPod("db");
    await addBudget("db");
    await wantReboot();
    await until("n1 has rebooted", isRebooted);
    assert.deepEqual(evictions(), []);
  });

  it("does not wait for a pod whose time to end was over long ago, when it is told so", async () => {
    await start({ "skip-wait-for-delete-timeout": "30" });
    await addPod("stuck", { finalizers: ["example.com/backup"] });
    await wantReboot();
    await until("the machine is down", async () => !story.world.machine("n1").isUp, 2 * minute);
  });

  it("leaves the pods of a namespace that is left out", async () => {
    await start({ "drain-skip-namespace": ["default"] });
    await addPod("web");
    await wantReboot();
    await until("n1 has rebooted", isRebooted);
    assert.deepEqual(evictions(), []);
  });

  it("cordons the node again, once, when somebody uncordons it, and takes what has come meanwhile", async () => {
    await start({ "reboot-delay": "10s" });
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    await pass(4000);
    await setCordon(null);
    await addPod("newcomer");
    await until("n1 has rebooted", isRebooted);
    assert.deepEqual(evictions(), ["newcomer 201"]);
    assert.ok(saysOf("somebody uncordoned the node during the drain; cordoning it again, once"));
    assert.deepEqual((await look()).cordoned, []);
  });

  it("gives the node up when somebody uncordons it a second time", async () => {
    await start({ "reboot-delay": "1m" });
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    for (let times = 0; times < 2; times += 1) {
      await pass(3000);
      await setCordon(null);
    }
    await until("it has failed", async () => (await phase()) === "Failed", 30_000);
    assert.equal(boots(), 1);
  });

  it("waits while the Node is deleted, and does not reboot a Node of that name made anew", async () => {
    await start({ "reboot-delay": "30s" });
    await addPod("db");
    await addBudget("db");
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    await story.world.api.delete("/api/v1/nodes/n1", {}, { signal: story.world.signal });
    await pass(20_000);
    assert.equal(boots(), 1);
  });

  it("goes on with the old deadline after a SIGKILL", async () => {
    await start({ "drain-timeout": "2m" });
    await addPod("db");
    await addBudget("db");
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    const began = story.world.time.clock.wall();
    await pass(minute);
    node("n1").crashDaemon();
    await until("it has failed", async () => (await phase()) === "Failed");
    const tookMs = story.world.time.clock.wall() - began;
    assert.ok(tookMs > minute && tookMs < 2 * minute + 5000, `${tookMs} ms`);
  });
});
