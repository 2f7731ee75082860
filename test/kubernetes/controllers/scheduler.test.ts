import assert from "node:assert/strict";
import { addNode, addPod, createTestbed, type Testbed } from "../testbed.ts";
import { conditionOf, type StoredPod } from "./objects.ts";
import { runScheduler } from "./scheduler.ts";

let testbed: Testbed;

const start = () => testbed.run(runScheduler(testbed.ports, testbed.informers()));
const nodeOf = async (name: string) => (await testbed.get<StoredPod>("pods", name)).spec?.nodeName;
const isOn = (pod: string, node: string) => async () => (await nodeOf(pod)) === node;
const cordon = (name: string, unschedulable: boolean | null = true) =>
  testbed.patch("nodes", name, { spec: { unschedulable } });

async function isRefused(pod: string, why: RegExp): Promise<void> {
  await testbed.until(`${pod} is said to be unschedulable`, async () => {
    const message = conditionOf(await testbed.get<StoredPod>("pods", pod), "PodScheduled")?.message;
    return why.test(message ?? "");
  });
}

describe("The scheduler", () => {
  beforeEach(() => {
    testbed = createTestbed();
  });
  afterEach(() => testbed.stop());

  it("leaves out a cordoned node", async () => {
    await addNode(testbed, "a");
    await addNode(testbed, "b");
    await cordon("a");
    start();
    for (const name of ["p1", "p2"]) {
      await addPod(testbed, name);
      await testbed.until(`${name} is on b`, isOn(name, "b"));
    }
  });

  it("says why a pod has no place, and gives it one as soon as there is one", async () => {
    await addNode(testbed, "a");
    await cordon("a");
    start();
    await addPod(testbed, "p");
    await isRefused("p", /^0\/1 nodes are available: 1 node\(s\) were unschedulable\.$/);
    await cordon("a", null);
    await testbed.until("p is on a", isOn("p", "a"));
  });

  it("lets a pod that tolerates the cordon pass", async () => {
    await addNode(testbed, "a");
    await cordon("a");
    start();
    const tolerations = [
      { key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" },
    ];
    await addPod(testbed, "p", { spec: { tolerations } });
    await testbed.until("p is on a", isOn("p", "a"));
  });

  it("obeys taints and node selectors", async () => {
    await addNode(testbed, "a", { disk: "ssd" });
    await addNode(testbed, "b");
    await testbed.patch("nodes", "b", { spec: { taints: [{ key: "gpu", effect: "NoSchedule" }] } });
    start();
    await addPod(testbed, "p", { spec: { nodeSelector: { disk: "ssd" } } });
    await addPod(testbed, "q", { spec: { nodeSelector: { "kubernetes.io/hostname": "b" } } });
    await testbed.until("p is on a", isOn("p", "a"));
    await isRefused("q", /1 node\(s\) had untolerated taint \{gpu: \}/);
  });

  it("spreads pods that were all made at once, also while its watch shows nothing of it", async () => {
    testbed.server.faults.add({ match: { verb: "watch", resource: "pods" }, effect: { status: 503 } });
    for (const name of ["a", "b", "c"]) await addNode(testbed, name);
    const pods = Array.from({ length: 6 }, (_, n) => `p${n}`);
    for (const name of pods) await addPod(testbed, name);
    start();
    await testbed.until("all have a node", async () =>
      (await testbed.list<StoredPod>("pods")).every((pod) => pod.spec?.nodeName !== undefined),
    );
    const places = (await Promise.all(pods.map(nodeOf))).sort().join("");
    assert.equal(places, "aabbcc");
  });

  it("leaves a gated pod alone", async () => {
    await addNode(testbed, "a");
    start();
    await addPod(testbed, "gated", { spec: { schedulingGates: [{ name: "test/wait" }] } });
    await addPod(testbed, "p");
    await testbed.until("p is on a", isOn("p", "a"));
    assert.equal(await nodeOf("gated"), undefined);
  });

  it("goes on after answers that were lost on the way", async () => {
    await addNode(testbed, "a");
    testbed.server.faults.add({
      match: { verb: "create", where: ({ subresource }) => subresource === "binding" },
      times: 2,
      effect: "reset-after",
    });
    start();
    for (const name of ["p", "q", "r"]) await addPod(testbed, name);
    for (const name of ["p", "q", "r"]) await testbed.until(`${name} is on a`, isOn(name, "a"));
  });
});
