import assert from "node:assert/strict";
import { addPod, createTestbed, deployment, namespace, setPodReady, type Testbed } from "../testbed.ts";
import { runBudgets } from "./budgets.ts";
import {
  collection,
  ownedBy,
  type StoredBudget,
  type StoredDeployment,
  type StoredPod,
  type StoredReplicaSet,
} from "./objects.ts";
import { runReplicaSets } from "./replicasets.ts";

let testbed: Testbed;

function budget(spec: object): object {
  const selector = { matchLabels: { app: "web" } };
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "web" },
    spec: { selector, ...spec },
  };
}

async function has(expected: Record<string, number>): Promise<void> {
  let last: unknown = "a status of its own generation";
  await testbed
    .until("the budget has counted", async () => {
      const { status, metadata } = await testbed.get<StoredBudget>("poddisruptionbudgets", "web");
      if (status?.observedGeneration !== metadata.generation) return false;
      last = Object.fromEntries(
        Object.keys(expected).map((name) => [name, status?.[name as keyof typeof status] ?? 0]),
      );
      return JSON.stringify(last) === JSON.stringify(expected);
    })
    .catch(() => assert.deepEqual(last, expected));
}

async function evict(pod: string): Promise<void> {
  const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: pod, namespace } };
  await testbed.api.create(`${collection("pods", namespace)}/${pod}/eviction`, body, testbed.ports);
}

describe("The budget controller", () => {
  beforeEach(() => {
    testbed = createTestbed();
  });
  afterEach(() => testbed.stop());

  describe("for the pods of a ReplicaSet", () => {
    const rows = [
      { spec: { maxUnavailable: 1 }, replicas: 4, ready: 4, desired: 3, allowed: 1 },
      { spec: { maxUnavailable: 1 }, replicas: 4, ready: 3, desired: 3, allowed: 0 },
      { spec: { maxUnavailable: 0 }, replicas: 4, ready: 4, desired: 4, allowed: 0 },
      { spec: { maxUnavailable: "25%" }, replicas: 5, ready: 5, desired: 3, allowed: 2 },
      { spec: { maxUnavailable: "100%" }, replicas: 3, ready: 3, desired: 0, allowed: 3 },
      { spec: { minAvailable: 2 }, replicas: 3, ready: 3, desired: 2, allowed: 1 },
      { spec: { minAvailable: 5 }, replicas: 3, ready: 3, desired: 5, allowed: 0 },
      { spec: { minAvailable: "50%" }, replicas: 5, ready: 5, desired: 3, allowed: 2 },
    ];
    for (const { spec, replicas, ready, desired, allowed } of rows) {
      const [[name, value] = []] = Object.entries(spec);
      it(`grants ${allowed} with ${name} ${value} and ${ready} of ${replicas} ready`, async () => {
        const informers = testbed.informers();
        testbed.run(runReplicaSets(testbed.ports, informers));
        await testbed.create("poddisruptionbudgets", budget(spec));
        await testbed.create("replicasets", deployment("web", replicas, "ReplicaSet"));
        const pods = () => testbed.list<StoredPod>("pods");
        await testbed.until("the pods are there", async () => (await pods()).length === replicas);
        for (const pod of (await pods()).slice(0, ready)) await setPodReady(testbed, pod.metadata.name);
        testbed.run(runBudgets(testbed.ports, informers));
        await has({
          expectedPods: replicas,
          currentHealthy: ready,
          desiredHealthy: desired,
          disruptionsAllowed: allowed,
        });
      });
    }

    it("follows a change of the number that its ReplicaSet or Deployment asks for", async () => {
      // Nothing but the budget controller runs, so that no pod changes meanwhile.
      const deployed = await testbed.create<StoredDeployment>("deployments", deployment("web", 2));
      const set = await testbed.create<StoredReplicaSet>("replicasets", {
        ...deployment("web", 2, "ReplicaSet"),
        metadata: { name: "web", ownerReferences: ownedBy("Deployment", deployed) },
      });
      await addPod(testbed, "p", {
        metadata: { labels: { app: "web" }, ownerReferences: ownedBy("ReplicaSet", set) },
      });
      await testbed.create("poddisruptionbudgets", budget({ maxUnavailable: 1 }));
      testbed.run(runBudgets(testbed.ports, testbed.informers()));
      await has({ expectedPods: 2, desiredHealthy: 1 });
      await testbed.patch("deployments", "web", { spec: { replicas: 5 } });
      await has({ expectedPods: 5, desiredHealthy: 4 });
      await testbed.remove("deployments", "web");
      await has({ expectedPods: 2 });
      await testbed.patch("replicasets", "web", { spec: { replicas: 3 } });
      await has({ expectedPods: 3, desiredHealthy: 2 });
    });
  });

  describe("for bare pods", () => {
    beforeEach(async () => {
      for (const name of ["p1", "p2", "p3"]) {
        await addPod(testbed, name, { nodeName: "a" });
        await setPodReady(testbed, name);
      }
      await testbed.create("poddisruptionbudgets", budget({ minAvailable: 2 }));
      testbed.run(runBudgets(testbed.ports, testbed.informers()));
      await has({ expectedPods: 3, currentHealthy: 3, desiredHealthy: 2, disruptionsAllowed: 1 });
    });

    it("counts a pod that is being deleted no more", async () => {
      await evict("p1");
      await has({ expectedPods: 3, currentHealthy: 2, disruptionsAllowed: 0 });
      await assert.rejects(evict("p2"), { code: "too-many-requests" });
    });

    it("does not mind pods of another name or place", async () => {
      await addPod(testbed, "other", { app: "cart" });
      await testbed.remove("pods", "p1", { gracePeriodSeconds: 0 });
      await has({ expectedPods: 2, currentHealthy: 2, disruptionsAllowed: 0 });
    });

    it("works out a changed budget anew", async () => {
      await testbed.patch("poddisruptionbudgets", "web", { spec: { minAvailable: 1 } });
      await has({ desiredHealthy: 1, disruptionsAllowed: 2 });
    });

    it("gives back an eviction that came to nothing within two minutes", async () => {
      const longAgo = new Date(Date.now() - 121_000).toISOString().replace(/\.\d+/, "");
      const status = { disruptedPods: { p1: longAgo }, disruptionsAllowed: 0 };
      await testbed.patch("poddisruptionbudgets", "web", { status }, "status");
      await has({ currentHealthy: 3, disruptionsAllowed: 1 });
      const { status: after } = await testbed.get<StoredBudget>("poddisruptionbudgets", "web");
      assert.deepEqual(after?.disruptedPods ?? {}, {});
    });

    it("counts a pod with a granted eviction as gone until then", async () => {
      const now = new Date().toISOString().replace(/\.\d+/, "");
      await testbed.patch(
        "poddisruptionbudgets",
        "web",
        { status: { disruptedPods: { p1: now } } },
        "status",
      );
      await has({ currentHealthy: 2, disruptionsAllowed: 0 });
    });
  });
});
