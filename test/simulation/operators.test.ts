import assert from "node:assert/strict";
import { createWorkload } from "../kubernetes/workloads.ts";
import { daemonUser } from "../world/manifests.ts";
import {
  addHeldBudget,
  addOwned,
  drainMs,
  dropBudget,
  findPods,
  movePod,
  type Owner,
  runDatabase,
  runLonghorn,
  runWebhook,
} from "./operators.ts";
import { createStory, minute } from "./story.ts";
import { type } from "./typed.ts";

const story = createStory();
const {
  addPod,
  boots,
  evictions,
  isRebooted,
  look,
  pass,
  phase,
  podsOn,
  readNode,
  reasons,
  record,
  saysOf,
  setLock,
  start,
  until,
  wantReboot,
} = story;

const cluster: Owner = { apiVersion: "postgresql.cnpg.io/v1", kind: "Cluster", name: "pg" };
const pg = { "cnpg.io/cluster": "pg" };
const role = { key: "cnpg.io/instanceRole", primary: "primary", replica: "replica" };
const isDraining = async () => (await phase()) === "Draining";
const hasFailed = async () => (await phase()) === "Failed";
const cordonN2 = (unschedulable: true | null) =>
  story.world.api.patch("/api/v1/nodes/n2", { spec: { unschedulable } }, { signal: story.world.signal });

/** A cluster whose primary is on n1, and whose other instances are on these nodes. */
async function addPostgres(...replicas: string[]): Promise<void> {
  for (const [index, on] of ["n1", ...replicas].entries()) {
    const labels = { ...pg, [role.key]: index === 0 ? role.primary : role.replica };
    await addOwned(story.world, `pg-${index + 1}`, { labels, owner: cluster, on });
  }
  const selector = { ...pg, [role.key]: role.primary };
  await addHeldBudget(story.world, "pg-primary", { selector, owner: cluster });
  await pass(5000);
}

const primaryOn = async () =>
  (await findPods(story.world, { ...pg, [role.key]: role.primary })).map(({ spec }) => spec?.nodeName).join();

describe("A node with a CloudNativePG primary", () => {
  afterEach(story.stop);

  it("is cordoned, loses the primary to another instance, and reboots", async () => {
    await start({}, { nodes: 2 });
    await addPostgres("n2");
    const path = runDatabase(story.world, { instances: pg, role });
    await pass(minute);
    assert.deepEqual(path, ["n1"]);
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 5 * minute);
    assert.deepEqual(path, ["n1", "n2"]);
    assert.ok(evictions().includes("pg-1 201"), evictions().join());
    assert.ok(
      saysOf(
        "the drain depends on others (budget-held): default/pg-1: PodDisruptionBudget default/pg-primary allows no disruptions",
      ),
      story.world.logs.join("\n"),
    );
  });

  it("is named by rebootd plan, which does not report it as blocking the drain", async () => {
    await start({}, { nodes: 2 });
    await addPostgres("n2");
    const { code, out } = await type(story.world, ["plan", "n1"]);
    assert.equal(code, 0);
    assert.match(out, /^n1: 1 pod would be evicted, .*; nothing blocks the drain/);
    assert.match(
      out,
      /\ndefault\/pg-1 .* until Cluster pg \(postgresql\.cnpg\.io\) releases it; it promotes a Ready instance/,
    );
  });

  it("loses it already while it waits for its slot, where the soft taint is among the operator's DRAIN_TAINTS", async () => {
    const key = "rebootd.dev/reboot-pending";
    await start({ "prefer-no-schedule-taint": key }, { nodes: 2 });
    await addPostgres("n2");
    runDatabase(story.world, { instances: pg, role, drainTaints: [key] });
    await setLock('{"nodeID":"manual"}');
    await wantReboot();
    await until("the primary has moved", async () => (await primaryOn()) === "n2", 20_000);
    assert.equal(await phase(), "Waiting");
    assert.deepEqual((await look()).cordoned, []);
    await setLock(null);
    await until("n1 has rebooted", isRebooted, 5 * minute);
    assert.ok(!evictions().some((one) => one.endsWith("429")), evictions().join());
  });

  it("is given back when the primary finds no other node, says why, and reboots once there is one", async () => {
    await start({}, { nodes: 2 });
    await addPostgres("n2");
    runDatabase(story.world, { instances: pg, role });
    await cordonN2(true);
    await wantReboot();
    await until("n1 is being drained", isDraining, 10_000);
    await until("the drain has failed", hasFailed, drainMs + minute);
    assert.deepEqual((await look()).cordoned, ["n2"]);
    const { out } = await type(story.world, ["explain", "n1"]);
    assert.match(
      out,
      /default\/pg-1: PodDisruptionBudget default\/pg-primary allows no disruptions .* make sure that there is one/,
    );
    await cordonN2(null);
    await until("n1 has rebooted", isRebooted, 10 * minute);
  });

  it("does not start where that is the one instance, names the field to set, and starts once it is set", async () => {
    const key = "rebootd.dev/reboot-pending";
    await start({ "prefer-no-schedule-taint": key }, { nodes: 2 });
    await addPostgres();
    runDatabase(story.world, { instances: pg, role });
    await wantReboot();
    await pass(60 * minute);
    assert.deepEqual([await phase(), boots(), evictions()], ["Waiting", 1, []]);
    assert.match((await reasons())[0] ?? "", /^disruption \(budget-never\): .* spec\.enablePDB: false/);
    for (const command of ["explain", "plan"]) {
      assert.match((await type(story.world, [command, "n1"])).out, /spec\.enablePDB: false/, command);
    }
    const soft = (await readNode()).spec?.taints?.map((one) => `${one.key}:${one.effect}`);
    assert.deepEqual(soft, [`${key}:PreferNoSchedule`], "who sees it can make room");
    await dropBudget(story.world, "pg-primary");
    await until("n1 has rebooted", isRebooted, 15 * minute);
  });

  it("waits for a second instance that is not Ready yet", async () => {
    await start({}, { nodes: 2 });
    await addPostgres();
    const nowhere = { nodeSelector: { "test/disk": "none" } };
    await addOwned(story.world, "pg-2", {
      labels: { ...pg, [role.key]: role.replica },
      owner: cluster,
      spec: nowhere,
    });
    await wantReboot();
    await pass(5 * minute);
    assert.deepEqual([await phase(), evictions()], ["Waiting", []]);
    runDatabase(story.world, { instances: pg, role });
    await addOwned(story.world, "pg-3", {
      labels: { ...pg, [role.key]: role.replica },
      owner: cluster,
      on: "n2",
    });
    await until("n1 has rebooted", isRebooted, 15 * minute);
  });
});

describe("A node with the master of a Patroni cluster of Zalando's operator", () => {
  afterEach(story.stop);

  const spilo = { application: "spilo", "cluster-name": "acid" };
  const spiloRole = { key: "spilo-role", primary: "master", replica: "replica" };

  async function addPatroni({
    drainTaints,
    ...more
  }: {
    owner?: Owner;
    drainTaints?: string[];
  } = {}): Promise<void> {
    const owner = { apiVersion: "apps/v1", kind: "StatefulSet", name: "acid" };
    for (const [index, on] of ["n1", "n2"].entries()) {
      const labels = { ...spilo, "spilo-role": index === 0 ? "master" : "replica" };
      await addOwned(story.world, `acid-${index}`, { labels, owner, on });
    }
    const selector = { ...spilo, "spilo-role": "master" };
    await addHeldBudget(story.world, "postgres-acid-pdb", { selector, labels: spilo, ...more });
    runDatabase(story.world, { instances: spilo, role: spiloRole, ...(drainTaints && { drainTaints }) });
    await pass(5000);
  }

  it("reboots where the option names the budget", async () => {
    await start({ "budget-held-selector": "application=spilo" }, { nodes: 2 });
    await addPatroni();
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 5 * minute);
  });

  it("reboots where the operator owns the budget", async () => {
    await start({}, { nodes: 2 });
    await addPatroni({ owner: { apiVersion: "acid.zalan.do/v1", kind: "postgresql", name: "acid" } });
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 5 * minute);
  });

  it("reboots where the operator heeds the soft taint, which is there while the budget holds the node back", async () => {
    const key = "rebootd.dev/reboot-pending";
    await start({ "prefer-no-schedule-taint": key }, { nodes: 2 });
    await addPatroni({ drainTaints: [key] });
    await wantReboot();
    await until(
      "the budget holds it back",
      async () => /budget-never/.test((await reasons())[0] ?? ""),
      10_000,
    );
    await until("n1 has rebooted", isRebooted, 15 * minute);
    assert.deepEqual((await readNode()).spec?.taints ?? [], []);
  });

  it("waits where nothing tells that somebody would release it", async () => {
    await start({}, { nodes: 2 });
    await addPatroni();
    await wantReboot();
    await pass(10 * minute);
    assert.match((await reasons())[0] ?? "", /^disruption \(budget-never\): /);
    assert.deepEqual(evictions(), []);
  });
});

describe("A node with volumes of Longhorn", () => {
  afterEach(story.stop);

  it("loses the pods that use them first, then Longhorn's own, and reboots", async () => {
    const owner = { apiVersion: "longhorn.io/v1beta2", kind: "InstanceManager", name: "im-1" };
    const labels = { "longhorn.io/component": "instance-manager" };
    await start({}, { nodes: 2 });
    await addOwned(story.world, "im-1", { labels, owner, on: "n1" });
    await addHeldBudget(story.world, "im-1", { selector: labels });
    await cordonN2(true);
    const spec = { terminationGracePeriodSeconds: 20 };
    await createWorkload(
      { api: story.world.api, signal: story.world.signal },
      { name: "web", replicas: 2, spec },
    );
    await pass(5000);
    await cordonN2(null);
    runLonghorn(story.world, "im-1", { app: "web" });
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 10 * minute);
    const gone = evictions().filter((one) => one.endsWith("201"));
    assert.match(gone.at(-1) ?? "", /^im-1 /);
    assert.equal(gone.length, 3, gone.join());
    assert.deepEqual(
      (await findPods(story.world, { app: "web" })).map(({ spec }) => spec?.nodeName),
      ["n2", "n2"],
    );
  });
});

describe("A node with a virtual machine of KubeVirt", () => {
  afterEach(story.stop);

  const owner = { apiVersion: "kubevirt.io/v1", kind: "VirtualMachineInstance", name: "vm" };
  const labels = { "kubevirt.io": "virt-launcher" };
  const name = "virt-launcher-eviction-interceptor.kubevirt.io";
  const says = 'Eviction triggered evacuation of VMI "default/vm"';

  async function addMachine(takesMs: number): Promise<void> {
    await start({}, { nodes: 2 });
    await addOwned(story.world, "virt-launcher-vm-a", { labels, owner, on: "n1" });
    await addHeldBudget(story.world, "kubevirt-vm", { selector: labels, owner });
    const move = () =>
      movePod(story.world, "virt-launcher-vm-a", { labels, owner, on: "n2" }, "virt-launcher-vm-b");
    const reason = "TooManyRequests";
    runWebhook(story.world, { name, code: 429, reason, prefix: "virt-launcher", says, takesMs, move });
    await pass(3000);
    await wantReboot();
  }

  it("reboots once the machine has migrated, however often the webhook says 429 until then", async () => {
    await addMachine(2 * minute);
    await until("n1 has rebooted", isRebooted, 10 * minute);
    const asked = evictions();
    assert.ok(asked.length >= 4 && asked.length <= 10, asked.join());
    assert.ok(asked.every((one) => one === "virt-launcher-vm-a 429"));
    assert.ok(saysOf("Eviction triggered evacuation of VMI"), "the log has the words of the webhook");
    assert.deepEqual(await podsOn("n2"), ["virt-launcher-vm-b"]);
  });

  it("is given back where it does not migrate in time, in the words of the webhook", async () => {
    await addMachine(60 * minute);
    await until("the drain has failed", hasFailed, drainMs + minute);
    const { message = "" } = (await record())?.outcome ?? {};
    assert.ok(message.includes(`default/virt-launcher-vm-a: admission webhook "${name}" denied`), message);
    assert.ok(
      (await type(story.world, ["explain", "n1"])).out.includes("Eviction triggered evacuation of VMI"),
    );
    assert.deepEqual((await look()).cordoned, []);
  });
});

describe("A node with a broker of Strimzi, and its Drain Cleaner", () => {
  afterEach(story.stop);

  it("reboots once the operator has moved the broker that the webhook has refused to evict", async () => {
    const owner = { apiVersion: "core.strimzi.io/v1beta2", kind: "StrimziPodSet", name: "kafka" };
    const labels = { "strimzi.io/cluster": "kafka" };
    await start({}, { nodes: 2 });
    await addOwned(story.world, "kafka-0", { labels, owner, on: "n1" });
    const kafka = { apiVersion: "kafka.strimzi.io/v1beta2", kind: "Kafka", name: "kafka" };
    await addHeldBudget(story.world, "kafka", {
      selector: labels,
      spec: { maxUnavailable: 0 },
      owner: kafka,
    });
    const name = "strimzi-drain-cleaner.strimzi.io";
    const says = "The pod kafka-0 will be rolled by the Strimzi Cluster Operator";
    const move = () => movePod(story.world, "kafka-0", { labels, owner, on: "n2" }, "kafka-1");
    const takesMs = 2 * minute;
    runWebhook(story.world, { name, code: 403, reason: "Forbidden", prefix: "kafka", says, takesMs, move });
    await pass(3000);
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 10 * minute);
    assert.ok(saysOf(says));
    assert.ok(evictions().every((one) => one === "kafka-0 403"));
  });
});

describe("A node with the leader of EDB Postgres Distributed", () => {
  afterEach(story.stop);

  it("reboots once the hand-over is done, and the webhook lets the eviction through", async () => {
    const owner = { apiVersion: "pgd.k8s.enterprisedb.io/v1beta1", kind: "PGDGroup", name: "pgd" };
    await start({}, { nodes: 2 });
    await addOwned(story.world, "pgd-1", { labels: { app: "pgd" }, owner, on: "n1" });
    const says = "hand-over to pgd-2 is in progress, 1.2 MB to go";
    const facts = { name: "evict.pgd.example.com", code: 429, reason: "TooManyRequests" };
    runWebhook(story.world, { ...facts, prefix: "pgd", says, takesMs: 90_000 });
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 10 * minute);
    assert.ok(saysOf(says));
    assert.equal(evictions().at(-1), "pgd-1 201");
  });
});

describe("A drain", () => {
  afterEach(story.stop);

  it("goes on when a webhook for evictions could not be asked for two minutes", async () => {
    await start({}, { nodes: 2 });
    for (const name of ["a", "b", "c"]) await addPod(name);
    const message =
      'Internal error occurred: failed calling webhook "evict.example.com": failed to call webhook: Post "https://evict.default.svc:443/?timeout=10s": connect: connection refused';
    const refusal = { code: 500, reason: "InternalError", message };
    const fault = story.world.server.faults.add({ match: { subresource: "eviction" }, effect: { refusal } });
    await wantReboot();
    await until("n1 is being drained", isDraining, 10_000);
    await pass(2 * minute);
    assert.ok(saysOf("failed calling webhook"));
    assert.ok(evictions().length <= 12, `${evictions().length} evictions`);
    fault.remove();
    await until("n1 has rebooted", isRebooted, 5 * minute);
  });

  it("fails within seconds where the daemon has no right to evict, and says which right is missing", async () => {
    await start();
    await addPod("web");
    const path = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    type Role = { metadata: { name: string }; rules?: { resources?: string[] }[] };
    const { items } = await story.world.api.list<Role>(path, { signal: story.world.signal });
    const isEvicting = ({ resources = [] }: { resources?: string[] }) => resources.includes("pods/eviction");
    const role = items.find(
      ({ metadata, rules = [] }) => /^rebootd/.test(metadata.name) && rules.some(isEvicting),
    );
    const rules = role?.rules?.filter((one) => !isEvicting(one));
    await story.world.api.patch(`${path}/${role?.metadata.name}`, { rules }, { signal: story.world.signal });
    await wantReboot();
    await until("the drain has failed", hasFailed, 40_000);
    const { message = "" } = (await record())?.outcome ?? {};
    assert.ok(message.includes(`User "${daemonUser.name}" cannot create resource "pods/eviction"`), message);
    assert.match(message, /grant the daemon's service account this right/);
    assert.equal(evictions().length, 4);
    assert.deepEqual((await look()).cordoned, []);
  });
});
