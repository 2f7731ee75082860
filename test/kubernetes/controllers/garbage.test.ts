import assert from "node:assert/strict";
import { addNode, addPod, createTestbed, deployment, type Testbed } from "../testbed.ts";
import { runOwnerCollector, runPodCollector } from "./garbage.ts";
import { ownedBy, type StoredPod, type StoredReplicaSet } from "./objects.ts";

let testbed: Testbed;

const names = async () => (await testbed.list<StoredPod>("pods")).map((pod) => pod.metadata.name).join();

describe("The garbage collectors", () => {
  beforeEach(() => {
    testbed = createTestbed();
  });
  afterEach(() => testbed.stop());

  describe("The collector of pods", () => {
    it("removes the pods of a node that is gone, and no others", async () => {
      await addNode(testbed, "a");
      await addNode(testbed, "b");
      await addPod(testbed, "on-a", { nodeName: "a" });
      await addPod(testbed, "on-b", { nodeName: "b" });
      await addPod(testbed, "unbound");
      testbed.run(runPodCollector(testbed.ports, testbed.informers(), { quarantineMs: 50 }));
      await testbed.remove("nodes", "a");
      await testbed.until("the pod on a is gone", async () => (await names()) === "on-b,unbound");
    });

    it("waits, as the node may come back", async () => {
      await addNode(testbed, "a");
      await addPod(testbed, "p", { nodeName: "a" });
      testbed.run(runPodCollector(testbed.ports, testbed.informers(), { quarantineMs: 200 }));
      await testbed.remove("nodes", "a");
      await addNode(testbed, "a");
      await testbed.ports.clock.sleep(300, testbed.ports.signal);
      assert.equal(await names(), "p");
    });
  });

  describe("The collector of what has lost its owner", () => {
    it("removes it when the owner goes, and leaves what has none", async () => {
      const set = await testbed.create<StoredReplicaSet>("replicasets", deployment("web", 1, "ReplicaSet"));
      await addPod(testbed, "owned", { metadata: { ownerReferences: ownedBy("ReplicaSet", set) } });
      await addPod(testbed, "bare");
      testbed.run(runOwnerCollector(testbed.ports, testbed.informers()));
      await testbed.ports.clock.sleep(50, testbed.ports.signal);
      assert.equal(await names(), "bare,owned");
      await testbed.remove("replicasets", "web");
      await testbed.until("the owned pod is gone", async () => (await names()) === "bare");
    });

    it("removes it when another has taken the owner's name", async () => {
      const set = await testbed.create<StoredReplicaSet>("replicasets", deployment("web", 1, "ReplicaSet"));
      const earlier = { ...set, metadata: { ...set.metadata, uid: "a-uid-that-was" } };
      await addPod(testbed, "owned", { metadata: { ownerReferences: ownedBy("ReplicaSet", earlier) } });
      testbed.run(runOwnerCollector(testbed.ports, testbed.informers()));
      await testbed.until("the pod is gone", async () => (await names()) === "");
    });
  });
});
