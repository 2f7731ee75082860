import assert from "node:assert/strict";
import { addNode, addPod, createTestbed, setPodReady, setReady, type Testbed } from "../testbed.ts";
import { runNodeLifecycle } from "./node-lifecycle.ts";
import { collection, conditionOf, isReady, type StoredNode, type StoredPod } from "./objects.ts";

const graceMs = 150;
let testbed: Testbed;

const start = (grace = 60_000) =>
  testbed.run(runNodeLifecycle(testbed.ports, testbed.informers(), { graceMs: grace }));
const node = () => testbed.get<StoredNode>("nodes", "a");
const taints = async () =>
  ((await node()).spec?.taints ?? [])
    .map(({ key, effect }) => `${key.split("/")[1] ?? key}:${effect}`)
    .join(" ");
const hasTaints = (wanted: string) =>
  testbed.until(`the taints are [${wanted}]`, async () => (await taints()) === wanted);

const leases = collection("leases", "kube-node-lease");
function leaseAt(now: number): object {
  const renewTime = new Date(now).toISOString().replace("Z", "000Z");
  return { metadata: { name: "a" }, spec: { holderIdentity: "a", leaseDurationSeconds: 40, renewTime } };
}

describe("The node lifecycle controller", () => {
  beforeEach(async () => {
    testbed = createTestbed();
    await addNode(testbed, "a");
  });
  afterEach(() => testbed.stop());

  it("turns a cordon into a taint, and takes it away with the cordon", async () => {
    start();
    await testbed.patch("nodes", "a", { spec: { unschedulable: true } });
    await hasTaints("unschedulable:NoSchedule");
    await testbed.patch("nodes", "a", { spec: { unschedulable: null } });
    await hasTaints("");
  });

  it("copies the labels for the system and its processor to their old names", async () => {
    start();
    const labels = async () => (await node()).metadata.labels ?? {};
    await testbed.patch("nodes", "a", {
      metadata: { labels: { "kubernetes.io/os": "linux", "kubernetes.io/arch": "arm64" } },
    });
    await testbed.until("both are there", async () => {
      const { "beta.kubernetes.io/os": os, "beta.kubernetes.io/arch": arch } = await labels();
      return os === "linux" && arch === "arm64";
    });
  });

  it("leaves taints of others alone", async () => {
    start();
    await testbed.patch("nodes", "a", { spec: { taints: [{ key: "gpu", effect: "NoSchedule" }] } });
    await testbed.patch("nodes", "a", { spec: { unschedulable: true } });
    await hasTaints("gpu:NoSchedule unschedulable:NoSchedule");
    await testbed.patch("nodes", "a", { spec: { unschedulable: null } });
    await hasTaints("gpu:NoSchedule");
  });

  it("taints a node that is not Ready for as long as it is not", async () => {
    start();
    await setReady(testbed, "a", "False");
    await hasTaints("not-ready:NoSchedule not-ready:NoExecute");
    await setReady(testbed, "a", "True");
    await hasTaints("");
  });

  it("declares a node Unknown whose Lease is not renewed", async () => {
    start(graceMs);
    await hasTaints("unreachable:NoSchedule unreachable:NoExecute");
    const ready = conditionOf(await node(), "Ready");
    assert.deepEqual([ready?.status, ready?.reason], ["Unknown", "NodeStatusUnknown"]);
  });

  it("trusts a node for as long as its Lease is renewed", async () => {
    const { clock, signal } = testbed.ports;
    await testbed.api.create(leases, leaseAt(clock.wall()), { signal });
    start(graceMs);
    for (let n = 0; n < 10; n += 1) {
      await clock.sleep(graceMs / 4, signal);
      await testbed.api.patch(`${leases}/a`, leaseAt(clock.wall()), { signal });
    }
    assert.ok(isReady(await node()));
    await hasTaints("unreachable:NoSchedule unreachable:NoExecute");
  });

  it("marks the pods of a node once, when it stops being Ready", async () => {
    await addPod(testbed, "p", { nodeName: "a" });
    await addPod(testbed, "elsewhere", { nodeName: "b" });
    await setPodReady(testbed, "p");
    await setPodReady(testbed, "elsewhere");
    start();
    const isPodReady = async (name: string) => isReady(await testbed.get<StoredPod>("pods", name));
    await testbed.until("the node is known", async () => testbed.server.openWatches >= 3);
    await setReady(testbed, "a", "False");
    await testbed.until("p is not ready", async () => !(await isPodReady("p")));
    assert.ok(await isPodReady("elsewhere"));
    await setPodReady(testbed, "p");
    await testbed.patch("nodes", "a", { spec: { unschedulable: true } });
    await hasTaints("not-ready:NoSchedule not-ready:NoExecute unschedulable:NoSchedule");
    assert.ok(await isPodReady("p"));
  });

  it("gets through conflicts", async () => {
    testbed.server.faults.add({
      match: { verb: "patch", resource: "nodes" },
      times: 2,
      effect: { status: 409 },
    });
    start(graceMs);
    await hasTaints("unreachable:NoSchedule unreachable:NoExecute");
  });
});
