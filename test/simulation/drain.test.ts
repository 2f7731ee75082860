import assert from "node:assert/strict";
import type { List, Pod } from "../../daemon/cluster/objects.ts";
import type { RawOptions } from "../../daemon/config/options.ts";
import { isFromDaemon, type SmallWorld, type SmallWorldOptions, startSmallWorld } from "./small-world.ts";

const minute = 60_000;
const pods = "/api/v1/namespaces/default/pods";
const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";

let world: SmallWorld;

async function start(options: RawOptions = {}, more: Partial<SmallWorldOptions> = {}): Promise<void> {
  world = await startSmallWorld({ nodes: 1, options, ...more });
}

interface PodFacts {
  on?: string;
  app?: string;
  finalizers?: string[];
  spec?: object;
}

async function addPod(
  name: string,
  { on = "n1", app = name, finalizers, spec }: PodFacts = {},
): Promise<void> {
  const metadata = { name, labels: { app }, ...(finalizers && { finalizers }) };
  const body = { metadata, spec: { nodeName: on, containers: [{ name: "main", image: "app:1" }], ...spec } };
  await world.admin.create(pods, body, { signal: world.signal });
}

async function addBudget(app: string, name = app, spec: object = { maxUnavailable: 0 }): Promise<void> {
  const body = { metadata: { name }, spec: { ...spec, selector: { matchLabels: { app } } } };
  await world.admin.create(budgets, body, { signal: world.signal });
}

async function addDaemonSet(name: string): Promise<void> {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: "main", image: "agent:1" }] } };
  const body = { metadata: { name }, spec: { selector: { matchLabels: labels }, template } };
  await world.admin.create("/apis/apps/v1/namespaces/default/daemonsets", body, { signal: world.signal });
}

async function setCordon(unschedulable: true | null): Promise<void> {
  await world.admin.patch("/api/v1/nodes/n1", { spec: { unschedulable } }, { signal: world.signal });
}

const podsOn = async (node: string) => {
  const query = { fieldSelector: `spec.nodeName=${node}` };
  const { items } = await world.admin.get<List<Pod>>("/api/v1/pods", { signal: world.signal, query });
  return items.map(({ metadata }) => metadata?.name ?? "");
};

/** What the daemon asked to go: names of pods, in order. */
const evictions = () =>
  world.server.ledger.entries({ subresource: "eviction" }).map(({ name, status }) => `${name} ${status}`);

const phase = async () => (await world.look()).phases["n1"];
const boots = () => world.machine("n1").boots.length;

async function wantReboot(): Promise<void> {
  await world.time.pass(3000);
  world.machine("n1").wantReboot();
}

async function until(what: string, isSo: () => Promise<boolean>, seconds = 1800): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 1) {
    if (await isSo()) return;
    await world.time.pass(1000);
  }
  assert.fail(`${what}: not within ${seconds} s\n${world.logs.slice(-20).join("\n")}`);
}

const isRebooted = async () => boots() === 2 && (await phase()) === "Idle";
const saysOf = (text: string) => world.logs.some((line) => line.includes(text));

describe("A drain", () => {
  afterEach(() => world.stop());

  it("leaves alone a pod of the same name that a StatefulSet makes elsewhere, while the server says 429", async () => {
    await start({}, { nodes: 2 });
    await addPod("db-0");
    await addBudget("db-0");
    await wantReboot();
    await until("an eviction is refused", async () => evictions().includes("db-0 429"));
    const gone = { gracePeriodSeconds: 0 };
    await world.admin.delete(`${pods}/db-0`, gone, { signal: world.signal });
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

  it("survives a 500 in the middle", async () => {
    await start();
    await addDaemonSet("agent");
    await addPod("web");
    await world.time.pass(3000);
    const match = { verb: "get", resource: "daemonsets", where: isFromDaemon };
    const fault = world.server.faults.add({ match, times: 1, effect: { status: 500 } });
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
    world.server.faults.add({ match: { subresource: "eviction" }, times: 1, effect: "reset-after" });
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
    assert.ok(saysOf("default/db: "));
    assert.ok(saysOf("more than one PodDisruptionBudget"));
  });

  it("that is past its deadline names the budget with its numbers, and the finalizer", async () => {
    await start({ "drain-timeout": "1m" });
    await addPod("db");
    await addBudget("db", "db", { minAvailable: 1 });
    await addPod("stuck", { finalizers: ["example.com/backup"] });
    await wantReboot();
    await until("it has failed", async () => (await phase()) === "Failed");
    const said = world.logs.find((line) => line.includes("the drain has passed its deadline")) ?? "";
    assert.match(said, /default\/db: .*disruption budget db needs 1 healthy pods and has 1/);
    assert.match(said, /default\/stuck: is held by its finalizer example\.com\/backup/);
  });

  it("that has failed leaves no trace but its report, and gives the slot up at once", async () => {
    await start({ "drain-timeout": "1m", "lock-release-delay": "10m" });
    await addPod("db");
    await addBudget("db");
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    const before = await world.time.clock.now();
    await until("it is given back", async () => (await phase()) !== "Draining");
    await world.time.pass(1000);
    const { cordoned, lock } = await world.look();
    assert.deepEqual([cordoned, lock], [[], undefined]);
    assert.ok(world.time.clock.now() - before < minute + 3000);
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
    assert.ok(saysOf("the node cannot be drained: default/naked has no controller that would make it anew"));
    assert.deepEqual((await world.look()).cordoned, []);
  });

  it("deletes past a budget when eviction is disabled", async () => {
    await start({ "disable-eviction": "true" }, { rights: "everything" });
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
    await until("the machine is down", async () => !world.machine("n1").isUp, 120);
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
    await world.time.pass(4000);
    await setCordon(null);
    await addPod("newcomer");
    await until("n1 has rebooted", isRebooted);
    assert.deepEqual(evictions(), ["newcomer 201"]);
    assert.ok(saysOf("somebody uncordoned the node while it is drained: cordon it again, this once"));
    assert.deepEqual((await world.look()).cordoned, []);
  });

  it("gives the node up when somebody uncordons it a second time", async () => {
    await start({ "reboot-delay": "1m" });
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    for (let times = 0; times < 2; times += 1) {
      await world.time.pass(3000);
      await setCordon(null);
    }
    await until("it has failed", async () => (await phase()) === "Failed", 30);
    assert.equal(boots(), 1);
  });

  it("waits while the Node is deleted, and does not reboot a Node of that name made anew", async () => {
    await start({ "reboot-delay": "30s" });
    await addPod("db");
    await addBudget("db");
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    await world.admin.delete("/api/v1/nodes/n1", {}, { signal: world.signal });
    await world.time.pass(20_000);
    assert.equal(boots(), 1);
  });

  it("goes on with the old deadline after a SIGKILL", async () => {
    await start({ "drain-timeout": "2m" });
    await addPod("db");
    await addBudget("db");
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    const began = world.time.clock.now();
    await world.time.pass(minute);
    world.machine("n1").crashDaemon();
    await until("it has failed", async () => (await phase()) === "Failed");
    const tookMs = world.time.clock.now() - began;
    assert.ok(tookMs > minute && tookMs < 2 * minute + 5000, `${tookMs} ms`);
  });
});
