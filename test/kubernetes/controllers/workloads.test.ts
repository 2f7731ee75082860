import assert from "node:assert/strict";
import { addNode, createTestbed, deployment, setPodReady, type Testbed } from "../testbed.ts";
import { runDaemonSets } from "./daemonsets.ts";
import { runDeployments } from "./deployments.ts";
import type { StoredDaemonSet, StoredDeployment, StoredPod, StoredReplicaSet } from "./objects.ts";
import { runReplicaSets } from "./replicasets.ts";

let testbed: Testbed;

const pods = () => testbed.list<StoredPod>("pods");
const thereAre = (count: number) =>
  testbed.until(`there are ${count} pods`, async () => (await pods()).length === count);

async function firstPod(): Promise<StoredPod> {
  const [pod] = await pods();
  assert.ok(pod);
  return pod;
}

/** Long enough for a controller that wants to do more to do it. */
async function staysAt(count: number): Promise<void> {
  const { server } = testbed;
  let quietSince = server.resourceVersion;
  await testbed.until("nothing more is written", async () => {
    await testbed.ports.clock.sleep(50, testbed.ports.signal);
    const isQuiet = quietSince === server.resourceVersion;
    quietSince = server.resourceVersion;
    return isQuiet;
  });
  assert.equal((await pods()).length, count);
}

describe("The workload controllers", () => {
  beforeEach(() => {
    testbed = createTestbed();
  });
  afterEach(() => testbed.stop());

  describe("The ReplicaSet controller", () => {
    beforeEach(async () => {
      testbed.run(runReplicaSets(testbed.ports, testbed.informers()));
      await testbed.create("replicasets", deployment("web", 3, "ReplicaSet"));
      await thereAre(3);
    });

    it("makes as many pods as are asked for, not one more", async () => {
      await staysAt(3);
      const created = testbed.server.ledger.count({ verb: "create", resource: "pods" });
      assert.equal(created, 3);
    });

    it("replaces a pod as soon as it is being deleted, while it still stops", async () => {
      const { name, namespace } = (await firstPod()).metadata;
      const target = { kind: "Node", name: "a" };
      const path = `/api/v1/namespaces/${namespace}/pods/${name}/binding`;
      await testbed.api.create(path, { metadata: { name, namespace }, target }, testbed.ports);
      await testbed.remove("pods", name);
      await thereAre(4);
      await staysAt(4);
    });

    it("makes no pod a second time that its watch has not shown yet", async () => {
      const held = testbed.server.faults.add({
        match: { verb: "watch", resource: "pods" },
        effect: { status: 503 },
      });
      testbed.server.cutWatches();
      const created = () => testbed.server.ledger.count({ verb: "create", resource: "pods" });
      await testbed.patch("replicasets", "web", { spec: { replicas: 4 } });
      await thereAre(4);
      const looks = testbed.server.ledger.count({ resource: "replicasets", verb: "patch" });
      await testbed.patch("replicasets", "web", { spec: { replicas: 5 } });
      await thereAre(5);
      assert.ok(testbed.server.ledger.count({ resource: "replicasets", verb: "patch" }) > looks);
      await staysAt(5);
      assert.equal(created(), 5);
      held.remove();
    });

    it("removes pods that are asked for no more, those that are not ready first", async () => {
      const [ready] = await pods();
      await setPodReady(testbed, ready?.metadata.name ?? "");
      await testbed.patch("replicasets", "web", { spec: { replicas: 1 } });
      await thereAre(1);
      assert.equal((await firstPod()).metadata.name, ready?.metadata.name);
    });

    it("counts in the status", async () => {
      await setPodReady(testbed, (await firstPod()).metadata.name);
      await testbed.until("one is ready", async () => {
        const { status } = await testbed.get<StoredReplicaSet>("replicasets", "web");
        return status?.replicas === 3 && status.readyReplicas === 1 && status.availableReplicas === 1;
      });
    });

    it("makes no pod twice when answers are lost and watches are cut", async () => {
      testbed.server.faults.add({
        match: { verb: "create", resource: "pods" },
        times: 2,
        effect: "reset-after",
      });
      testbed.server.cutWatches();
      await testbed.patch("replicasets", "web", { spec: { replicas: 6 } });
      await testbed.until("there are at least 6", async () => (await pods()).length >= 6);
      await testbed.until("there are 6 again", async () => (await pods()).length === 6);
      await staysAt(6);
    });

    it("goes on when the server is back", async () => {
      testbed.server.setAway(true);
      await testbed.ports.clock.sleep(100, testbed.ports.signal);
      testbed.server.setAway(false);
      await testbed.patch("replicasets", "web", { spec: { replicas: 4 } });
      await thereAre(4);
    });
  });

  describe("The Deployment controller", () => {
    beforeEach(async () => {
      const informers = testbed.informers();
      testbed.run(runReplicaSets(testbed.ports, informers));
      testbed.run(runDeployments(testbed.ports, informers));
      await testbed.create("deployments", deployment("web", 2));
      await thereAre(2);
    });
    const allReady = async () => {
      for (const pod of await pods()) await setPodReady(testbed, pod.metadata.name);
    };
    const sets = () => testbed.list<StoredReplicaSet>("replicasets");
    const restart = () => {
      const metadata = { annotations: { restarted: "yes" } };
      return testbed.patch("deployments", "web", { spec: { template: { metadata } } });
    };

    it("has one ReplicaSet, which it scales", async () => {
      await testbed.patch("deployments", "web", { spec: { replicas: 4 } });
      await thereAre(4);
      assert.equal((await sets()).length, 1);
    });

    it("counts in the status", async () => {
      await allReady();
      await testbed.until("it is available", async () => {
        const { status } = await testbed.get<StoredDeployment>("deployments", "web");
        const available = status?.conditions?.find(({ type }) => type === "Available");
        return status?.availableReplicas === 2 && available?.status === "True";
      });
    });

    it("empties the old ReplicaSet once the pods of a new template are available", async () => {
      const [old] = await sets();
      await allReady();
      await restart();
      await thereAre(3);
      await staysAt(3);
      const isOld = (pod: StoredPod) => pod.metadata.ownerReferences?.[0]?.name === old?.metadata.name;
      await testbed.until("only new pods are left", async () => {
        await allReady();
        const left = await pods();
        return left.length === 2 && !left.some(isOld);
      });
    });

    it("takes no pod away while the new one is not available, and says after a time that it has not progressed", async () => {
      await allReady();
      await testbed.patch("deployments", "web", { spec: { progressDeadlineSeconds: 1 } });
      await restart();
      await testbed.until("it has not progressed", async () => {
        const { status } = await testbed.get<StoredDeployment>("deployments", "web");
        return status?.conditions?.some(({ reason }) => reason === "ProgressDeadlineExceeded") ?? false;
      });
      assert.equal((await pods()).length, 3);
    });

    it("takes the old pods away first where the strategy is Recreate", async () => {
      await allReady();
      await testbed.patch("deployments", "web", {
        spec: { strategy: { type: "Recreate", rollingUpdate: null } },
      });
      await restart();
      await testbed.until("there are new pods alone", async () => {
        const revisions = (await sets()).map(({ spec, metadata }) => [
          metadata.annotations?.["deployment.kubernetes.io/revision"],
          spec?.replicas ?? 0,
        ]);
        return JSON.stringify(revisions.sort()) === '[["1",0],["2",2]]';
      });
      await thereAre(2);
    });

    it("makes no new ReplicaSet while it is paused", async () => {
      await testbed.patch("deployments", "web", { spec: { paused: true } });
      await restart();
      await staysAt(2);
      assert.equal((await sets()).length, 1);
    });

    it("numbers the revisions of its template", async () => {
      const revision = async () => {
        const { metadata } = await testbed.get<StoredDeployment>("deployments", "web");
        return metadata.annotations?.["deployment.kubernetes.io/revision"];
      };
      await testbed.until("it is the first", async () => (await revision()) === "1");
      await restart();
      await testbed.until("it is the second", async () => (await revision()) === "2");
    });
  });

  describe("The DaemonSet controller", () => {
    beforeEach(async () => {
      testbed.run(runDaemonSets(testbed.ports, testbed.informers()));
      await addNode(testbed, "a");
      await addNode(testbed, "b");
      await testbed.create("daemonsets", deployment("agent", 0, "DaemonSet"));
      await thereAre(2);
    });
    const placeOf = (pod: StoredPod) =>
      pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0]
        ?.matchFields?.[0]?.values?.[0];

    it("makes one pod for each node, tied to it", async () => {
      await staysAt(2);
      assert.deepEqual((await pods()).map(placeOf).sort(), ["a", "b"]);
    });

    it("makes a pod for a node that is cordoned, and for one that comes later", async () => {
      await testbed.patch("nodes", "a", { spec: { unschedulable: true } });
      const pod = (await pods()).find((pod) => placeOf(pod) === "a");
      await testbed.remove("pods", pod?.metadata.name ?? "", { gracePeriodSeconds: 0 });
      await addNode(testbed, "c");
      await thereAre(3);
      assert.deepEqual((await pods()).map(placeOf).sort(), ["a", "b", "c"]);
    });

    it("takes the pod from a node that it no longer matches", async () => {
      await testbed.patch("nodes", "a", { metadata: { labels: { pool: "x" } } });
      const nodeSelector = { pool: "x" };
      await testbed.patch("daemonsets", "agent", { spec: { template: { spec: { nodeSelector } } } });
      await thereAre(1);
      assert.equal(placeOf(await firstPod()), "a");
    });

    it("counts in the status", async () => {
      await testbed.until("two are wanted", async () => {
        const { status } = await testbed.get<StoredDaemonSet>("daemonsets", "agent");
        return status?.desiredNumberScheduled === 2 && status.numberReady === 0;
      });
    });
  });
});
