/** The only replica of a Deployment: another one is Ready before it goes. */
import assert from "node:assert/strict";
import { createClient } from "../../daemon/cluster/client.ts";
import type { WholePod } from "../../daemon/cluster/objects.ts";
import type { RawOptions } from "../../daemon/config/settings.ts";
import type { StoredDeployment } from "../kubernetes/controllers/objects.ts";
import { podStartAnnotation } from "../kubernetes/machines/pods.ts";
import { createVolume, usesClaim } from "../kubernetes/volumes.ts";
import { createWorkload, type Workload } from "../kubernetes/workloads.ts";
import { daemonUser, daemonUserOn } from "../world/manifests.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const {
  addPod,
  boots,
  evictions,
  isRebooted,
  node,
  pass,
  phase,
  podsOn,
  reasons,
  saysOf,
  until,
  wantReboot,
} = story;

const deployments = "/apis/apps/v1/namespaces/default/deployments";
const surging: RawOptions = { "surge-selector": "app=web" };
const component = ["surge"];
const web: Workload = { name: "web", replicas: 1 };

/** The least number of Ready pods of the app at any time since the call, as the endpoints of its Service. */
function countReady(app = "web"): () => number {
  const { server } = story.world;
  const isServing = ({ metadata, status }: WholePod) =>
    metadata?.labels?.["app"] === app &&
    metadata.deletionTimestamp === undefined &&
    status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True");
  const count = () => (server.storedAll("pods") as unknown as WholePod[]).filter(isServing).length;
  let least = count();
  server.onChange("pods", () => {
    least = Math.min(least, count());
  });
  return () => least;
}

async function start(workload: Workload = web, options: RawOptions = {}, components = component) {
  await story.start({ ...surging, ...options }, { nodes: 2, components });
  await node("n2").patch({ spec: { unschedulable: true } });
  await createWorkload(story.world, workload);
  await pass(5000);
  await node("n2").patch({ spec: { unschedulable: null } });
  assert.equal((await podsOf("n1")).length, 1);
}

const podsOf = async (name: string) => (await podsOn(name)).filter((pod) => pod.startsWith("web-"));
const readWeb = () => story.world.api.get<StoredDeployment>(`${deployments}/web`, story.world);
const patchWeb = (body: object) => story.world.api.patch(`${deployments}/web`, body, story.world);
const restarts = () =>
  story.world.server.ledger
    .entries({ user: daemonUser.name, resource: "deployments", verb: "patch" })
    .map(({ name, status }) => `${name} ${status}`);
const inTemplate = (annotations: Record<string, string>) => ({
  spec: { template: { metadata: { annotations } } },
});

describe("A drain that takes the only replica of a Deployment", () => {
  afterEach(story.stop);

  it("never leaves the Service without a Ready pod", async () => {
    await start();
    const least = countReady();
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 5 * minute);
    assert.equal(least(), 1);
    assert.deepEqual(restarts(), ["web 200"]);
    assert.deepEqual(evictions(), []);
    assert.equal((await podsOf("n2")).length, 1);
    assert.ok(saysOf("a roll-out replaces a pod before it goes"));
  });

  it("leaves it without one where the option is not given, and asks for no Deployment", async () => {
    await start(web, { "surge-selector": undefined as unknown as string });
    const least = countReady();
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 5 * minute);
    assert.equal(least(), 0);
    assert.equal(story.world.server.ledger.count({ user: daemonUser.name, resource: "deployments" }), 0);
  });

  it("does so for two nodes in a row, once in each cycle", async () => {
    await start();
    const least = countReady();
    await wantReboot();
    await until("n1 is in its cycle", async () => (await phase()) !== "Idle");
    node("n2").wantsReboot();
    await until("both have rebooted", async () =>
      ["n1", "n2"].every((name) => story.world.machine(name).boots.length === 2),
    );
    await pass(minute);
    assert.equal(least(), 1);
    assert.deepEqual(restarts(), ["web 200", "web 200"]);
  });

  it("does so where a budget never lets the pod go, which then keeps no node from starting", async () => {
    await start({ ...web, budget: { minAvailable: 1 } });
    const least = countReady();
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 5 * minute);
    assert.equal(least(), 1);
    assert.deepEqual(evictions(), []);
  });

  it("evicts the other pods meanwhile", async () => {
    await start({ ...web, annotations: { [podStartAnnotation]: "60" } });
    await pass(minute);
    await addPod("other");
    await wantReboot();
    await until("the other is evicted", async () => evictions().includes("other 201"), minute);
    assert.equal((await podsOf("n1")).length, 1);
    await until("n1 has rebooted", isRebooted, 5 * minute);
  });

  it("restarts it once though the daemon is killed straight after", async () => {
    await start({ ...web, annotations: { [podStartAnnotation]: "20" } });
    await pass(minute);
    const least = countReady();
    story.world.onDaemonRequest = (_, { method, path }) => {
      if (method !== "PATCH" || !path.includes("/deployments/")) return;
      story.world.onDaemonRequest = () => {};
      void pass(0).then(() => node("n1").crashDaemon());
    };
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 5 * minute);
    assert.equal(least(), 1);
    assert.deepEqual([restarts(), evictions()], [["web 200"], []]);
  });

  it("restarts it once though the answer is lost", async () => {
    await start();
    const least = countReady();
    const match = { user: daemonUser.name, resource: "deployments", verb: "patch" };
    const fault = story.world.server.faults.add({ match, effect: "reset-after", times: 1 });
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 5 * minute);
    assert.equal(fault.hits, 1);
    assert.equal(least(), 1);
    assert.equal((await readWeb()).metadata.annotations?.["deployment.kubernetes.io/revision"], "2");
  });

  it("says while it waits which roll-out it waits for", async () => {
    await start({ ...web, annotations: { [podStartAnnotation]: "120" } });
    await pass(2 * minute);
    await wantReboot();
    await until("the Node says so", async () => (await reasons()).some((text) => text.includes("roll-out")));
    const [reason] = await reasons();
    assert.match(
      reason ?? "",
      /web-.*: waits until the roll-out of Deployment default\/web has put another pod in its place/,
    );
    await until("n1 has rebooted", isRebooted, 5 * minute);
  });

  it("is evicted at the end of --surge-timeout, where no other pod becomes Ready", async () => {
    await start(web, { "surge-timeout": "2m" });
    // The controller gives the template's annotations to the new pod alone.
    await patchWeb({ spec: { paused: true } });
    await patchWeb(inTemplate({ [podStartAnnotation]: "never" }));
    await pass(1000);
    const isPatched = () => restarts().length > 0;
    await patchWeb({ spec: { paused: false } });
    await pass(1000);
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    await pass(minute);
    assert.deepEqual(evictions(), []);
    await until("n1 has rebooted", isRebooted, 5 * minute);
    assert.equal(evictions().length, 1);
    assert.equal(isPatched(), false);
    assert.ok(saysOf("the roll-out of Deployment default/web has not ended within --surge-timeout"));
  });

  it("keeps the node from starting where a budget keeps the pod and no other node has room for the new one", async () => {
    await start({ ...web, budget: { minAvailable: 1 } });
    await node("n2").patch({ spec: { unschedulable: true } });
    await wantReboot();
    await pass(10 * minute);
    assert.deepEqual([await phase(), restarts()], ["Waiting", []]);
    assert.match((await reasons()).join(), /budget-no-room/);
  });

  it("keeps the node from starting again after a roll-out that has not ended, where a budget keeps the pod", async () => {
    await start({ ...web, budget: { minAvailable: 1 } }, { "surge-timeout": "1m", "drain-timeout": "3m" });
    const match = { user: "kubelet:n2", resource: "pods", subresource: "status" };
    const fault = story.world.server.faults.add({ match, effect: { status: 500 } });
    await wantReboot();
    await until("the drain is given up", async () => (await phase()) === "Failed", 5 * minute);
    await pass(40 * minute);
    assert.deepEqual([restarts(), boots()], [["web 200"], 1]);
    assert.match((await reasons()).join(), /no roll-out can replace it first, as .*ProgressDeadlineExceeded/);
    fault.remove();
    await until("n1 has rebooted", isRebooted, 60 * minute);
  });
});

describe("A pod of --surge-selector is evicted as ever, and the log says why,", () => {
  afterEach(story.stop);

  const template = (spec: object) => ({ spec: { template: { spec } } });
  const hostPath = { volumes: [{ name: "logs", hostPath: { path: "/var/log" } }] };
  const rows: [row: string, change: object, why: string][] = [
    [
      "under Recreate",
      { spec: { strategy: { type: "Recreate", rollingUpdate: null } } },
      "has the strategy Recreate",
    ],
    [
      "without a surge",
      { spec: { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } } },
      "has maxSurge 0",
    ],
    [
      "that may be unavailable",
      { spec: { strategy: { rollingUpdate: { maxUnavailable: 1 } } } },
      "has maxUnavailable 1",
    ],
    ["that is paused", { spec: { paused: true } }, "is paused"],
    ["with a hostPath volume", template(hostPath), "has the hostPath volume logs"],
    [
      "bound to a node",
      template({ nodeSelector: { "kubernetes.io/hostname": "n1" } }),
      "is bound to node n1",
    ],
  ];
  for (const [row, change, why] of rows) {
    it(row, async () => {
      await start();
      await node("n2").patch({ spec: { unschedulable: true } });
      await patchWeb(change);
      await pass(10_000);
      await node("n2").patch({ spec: { unschedulable: null } });
      await wantReboot();
      await until("n1 has rebooted", isRebooted, 5 * minute);
      assert.deepEqual(restarts(), []);
      assert.equal(evictions().length, 1);
      assert.ok(saysOf(`Deployment default/web ${why}`), story.world.logs.join("\n"));
    });
  }

  it("with a volume for one node at a time", async () => {
    await story.start(surging, { nodes: 2, components: component });
    await createVolume({ api: story.world.api, signal: story.world.signal }, { name: "data" });
    await node("n2").patch({ spec: { unschedulable: true } });
    await createWorkload(story.world, { ...web, spec: usesClaim("data") });
    await pass(5000);
    await node("n2").patch({ spec: { unschedulable: null } });
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 10 * minute);
    assert.deepEqual(restarts(), []);
    assert.ok(saysOf("has the volume claim data (ReadWriteOnce)"), story.world.logs.join("\n"));
  });

  it("of a StatefulSet", async () => {
    const owner = { apiVersion: "apps/v1", kind: "StatefulSet", name: "db", uid: "s1", controller: true };
    await story.start(surging, { nodes: 2, components: component });
    await addPod("db-0", { app: "web", ownerReferences: [owner] });
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 5 * minute);
    assert.ok(saysOf("it belongs to StatefulSet db, not to a Deployment"));
  });

  it("without the rights", async () => {
    await start(web, {}, []);
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 5 * minute);
    assert.equal(evictions().length, 1);
    assert.ok(saysOf("the daemon lacks a right that manifests/components/surge gives"));
  });

  it("with more replicas, in silence", async () => {
    await start();
    await patchWeb({ spec: { replicas: 2 } });
    await pass(10_000);
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 5 * minute);
    assert.deepEqual(restarts(), []);
    assert.equal(saysOf("without a roll-out"), false);
  });
});

describe("The policy of components/surge", () => {
  afterEach(story.stop);

  /** Why n1's daemon may not write this; "" where it may. */
  async function refusalOf(body: object): Promise<string> {
    const { server, time } = story.world;
    const transport = server.transport(server.addUser(daemonUserOn("n1")));
    const api = createClient({ transport, clock: time.clock });
    const work = api.patch(`${deployments}/web`, body, { signal: story.world.signal });
    const [outcome] = await Promise.allSettled([work, pass(1000)]);
    return outcome.status === "rejected" ? String(outcome.reason) : "";
  }
  const restartedAt = { "kubectl.kubernetes.io/restartedAt": "2026-11-24T12:00:00.000Z" };
  const rows: [row: string, body: object, isAllowed: boolean][] = [
    ["a restart", inTemplate(restartedAt), true],
    ["another annotation of the template", inTemplate({ ...restartedAt, other: "x" }), false],
    ["a label of the Deployment", { metadata: { labels: { a: "b" } } }, false],
    ["an annotation of the Deployment", { metadata: { annotations: { a: "b" } } }, false],
    ["the number of replicas", { spec: { replicas: 5 } }, false],
    [
      "the image",
      { spec: { template: { spec: { containers: [{ name: "main", image: "registry.test/evil:1" }] } } } },
      false,
    ],
  ];
  for (const [row, body, isAllowed] of rows) {
    it(`${isAllowed ? "lets" : "does not let"} a daemon write ${row}`, async () => {
      await start();
      assert.match(await refusalOf(body), isAllowed ? /^$/ : /rebootd-surge/);
    });
  }

  it("lets it restart no Deployment with two replicas", async () => {
    await start();
    await patchWeb({ spec: { replicas: 2 } });
    assert.match(await refusalOf(inTemplate(restartedAt)), /only a Deployment with one replica/);
  });
});
