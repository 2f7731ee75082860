import assert from "node:assert/strict";
import {
  collection,
  conditionOf,
  isReady,
  type StoredLease,
  type StoredNode,
  type StoredPod,
} from "../controllers/objects.ts";
import { addPod, createTestbed, type Testbed } from "../testbed.ts";
import { type KubeletOptions, kubeletDefaults, runKubelet } from "./kubelet.ts";

let testbed: Testbed;
let power: AbortController;
let seen: StoredNode[];

function boot(bootID: string, options: Partial<KubeletOptions> = {}, aheadMs = () => 0): void {
  power = new AbortController();
  const host = { name: "a", number: 1, machineID: "0123456789abcdef0123456789abcdef", bootID };
  const times = { heartbeatMs: 50, readyAfterMs: 30, podStartMs: 30, podStopMs: 30 };
  const clock = { ...testbed.ports.clock, wall: () => testbed.ports.clock.wall() + aheadMs() };
  const ports = { ...testbed.ports, clock, signal: AbortSignal.any([power.signal, testbed.ports.signal]) };
  testbed.run(runKubelet(ports, host, { ...kubeletDefaults, ...times, ...options }));
}

/** A kubelet on a busy machine may be Ready before its first report. */
const slowToBeReady = { readyAfterMs: 500 };

const node = () => testbed.get<StoredNode>("nodes", "a");
const pod = (name: string) => testbed.get<StoredPod>("pods", name);
const isGone = async (name: string) =>
  !(await testbed.list<StoredPod>("pods")).some((pod) => pod.metadata.name === name);

const nodeIsReady = (bootID: string) =>
  testbed.until(`the node is Ready under ${bootID}`, async () => {
    const found = await node().catch(() => undefined);
    return found !== undefined && isReady(found) && found.status?.nodeInfo?.bootID === bootID;
  });
const podIsReady = (name: string) => testbed.until(`${name} is Ready`, async () => isReady(await pod(name)));

/** Every version of the node, in order. */
async function watchNode(): Promise<void> {
  const { api, ports } = testbed;
  const opened = Promise.withResolvers<void>();
  const watch = async () => {
    const options = { ...ports, onOpen: opened.resolve };
    for await (const { object } of api.watch<StoredNode>(collection("nodes"), options)) seen.push(object);
  };
  testbed.run(watch());
  await opened.promise;
}

/** The watch may be behind what a read shows. */
const isSeenReady = (bootID: string) =>
  testbed.until(`the watch shows the node Ready under ${bootID}`, () => {
    const last = seen.at(-1);
    return last !== undefined && isReady(last) && last.status?.nodeInfo?.bootID === bootID;
  });

describe("Kubelets", () => {
  beforeEach(() => {
    testbed = createTestbed();
    seen = [];
  });
  afterEach(async () => {
    power.abort();
    await testbed.stop();
  });

  describe("A kubelet that starts", () => {
    it("registers its node, NotReady first", async () => {
      await watchNode();
      boot("boot-1", slowToBeReady);
      await isSeenReady("boot-1");
      const states = seen
        .map((object) => conditionOf(object, "Ready"))
        .filter((ready) => ready !== undefined);
      assert.deepEqual(
        states.map(({ status, reason }) => `${status} ${reason}`),
        ["False KubeletNotReady", "True KubeletReady"],
      );
      const { metadata, status } = await node();
      assert.equal(metadata.labels?.["kubernetes.io/hostname"], "a");
      assert.equal(metadata.labels?.["kubernetes.io/os"], "linux");
      assert.equal(status?.nodeInfo?.machineID, "0123456789abcdef0123456789abcdef");
      assert.equal(status?.capacity?.["pods"], "110");
    });

    it("renews its Lease", async () => {
      boot("boot-1");
      const lease = () =>
        testbed.api
          .get<StoredLease>(`${collection("leases", "kube-node-lease")}/a`, testbed.ports)
          .catch(() => undefined);
      await testbed.until("there is a Lease", async () => (await lease()) !== undefined);
      const first = (await lease())?.spec?.renewTime;
      await testbed.until("it is renewed", async () => (await lease())?.spec?.renewTime !== first);
    });

    it("says that it is Ready when others have called it Unknown", async () => {
      boot("boot-1");
      await nodeIsReady("boot-1");
      const conditions = [{ type: "Ready", status: "Unknown", reason: "NodeStatusUnknown" }];
      await testbed.patch("nodes", "a", { status: { conditions } }, "status");
      await nodeIsReady("boot-1");
    });

    it("reports an unchanged status anew when the server has gone back to an older report", async () => {
      boot("boot-1", { unchangedMs: 100 });
      await nodeIsReady("boot-1");
      const old = "2026-01-01T00:00:00Z";
      const conditions = ((await node()).status?.conditions ?? []).map((condition) => ({
        ...condition,
        lastHeartbeatTime: old,
      }));
      await testbed.patch("nodes", "a", { status: { conditions } }, "status");
      const heartbeat = async () => conditionOf(await node(), "Ready")?.lastHeartbeatTime;
      await testbed.until("there is a newer report", async () => (await heartbeat()) !== old);
      await nodeIsReady("boot-1");
    });

    it("reports an unchanged status anew once its clock, which was wrong at first, is set", async () => {
      const hour = 3_600_000;
      let aheadMs = -hour;
      boot("boot-1", { unchangedMs: 100 }, () => aheadMs);
      await nodeIsReady("boot-1");
      aheadMs = 0;
      const isRecent = (heartbeat = "") => Date.parse(heartbeat) > testbed.ports.clock.wall() - hour / 2;
      await testbed.until("there is a report with the right time", async () =>
        isRecent(conditionOf(await node(), "Ready")?.lastHeartbeatTime),
      );
    });

    it("is not stopped by conflicts and lost answers", async () => {
      const match = {
        resource: "nodes",
        where: ({ subresource }: { subresource?: string }) => subresource === "status",
      };
      testbed.server.faults.add({ match, times: 2, effect: { status: 409 } });
      testbed.server.faults.add({
        match: { verb: "create", resource: "nodes" },
        times: 1,
        effect: "reset-after",
      });
      boot("boot-1");
      await nodeIsReady("boot-1");
    });
  });

  describe("A kubelet after a reboot", () => {
    beforeEach(async () => {
      boot("boot-1");
      await nodeIsReady("boot-1");
    });

    it("shows the new boot ID together with NotReady, so that the new boot is never Ready under the old ID", async () => {
      await watchNode();
      power.abort();
      boot("boot-2", slowToBeReady);
      await isSeenReady("boot-2");
      const states = seen.map((object) => `${object.status?.nodeInfo?.bootID} ${isReady(object)}`);
      const changes = states.filter((state, n) => state !== states[n - 1]);
      assert.deepEqual(changes, ["boot-1 true", "boot-2 false", "boot-2 true"]);
    });

    it("tells of each boot, also when the one before had not come to be Ready", async () => {
      power.abort();
      boot("boot-2", { readyAfterMs: 60_000 });
      const showsBoot = async (bootID: string) => (await node()).status?.nodeInfo?.bootID === bootID;
      await testbed.until("boot-2 is shown", () => showsBoot("boot-2"));
      power.abort();
      boot("boot-3", { readyAfterMs: 60_000 });
      await testbed.until("boot-3 is shown", () => showsBoot("boot-3"));
    });

    it("keeps the cordon", async () => {
      await testbed.patch("nodes", "a", { spec: { unschedulable: true } });
      power.abort();
      boot("boot-2");
      await nodeIsReady("boot-2");
      assert.equal((await node()).spec?.unschedulable, true);
    });

    it("starts its pods again, which are not Ready meanwhile", async () => {
      await addPod(testbed, "p", { nodeName: "a" });
      await podIsReady("p");
      power.abort();
      boot("boot-2", { podStartMs: 200 });
      await testbed.until("p is not Ready", async () => !isReady(await pod("p")));
      await podIsReady("p");
      assert.equal((await pod("p")).status?.containerStatuses?.[0]?.restartCount, 1);
    });
  });

  describe("A kubelet with pods", () => {
    /** Below the 20 s and the 30 s that it takes where the kubelet errs, and far above what it takes on a busy machine. */
    const longMs = 15_000;
    const stopSlowly = { annotations: { "machines.test/stop-seconds": "20" } };
    const deletedAfterMs = async (name: string, options: object = {}) => {
      const startedAt = Date.now();
      await testbed.remove("pods", name, options);
      await testbed.until(`${name} is gone`, () => isGone(name));
      return Date.now() - startedAt;
    };

    beforeEach(async () => {
      boot("boot-1");
      await nodeIsReady("boot-1");
    });

    it("starts those that are bound to its node, and no others", async () => {
      await addPod(testbed, "elsewhere", { nodeName: "b" });
      await addPod(testbed, "p", { nodeName: "a" });
      await podIsReady("p");
      const { status } = await pod("p");
      assert.equal(status?.phase, "Running");
      assert.match(status?.podIP ?? "", /^10\.244\.1\.\d+$/);
      assert.equal((await pod("elsewhere")).status?.phase, "Pending");
    });

    it("never shows one that does not start as Ready", async () => {
      await addPod(testbed, "p", {
        nodeName: "a",
        metadata: { annotations: { "machines.test/start-seconds": "never" } },
      });
      await testbed.until("p has an address", async () => (await pod("p")).status?.podIP !== undefined);
      assert.equal((await pod("p")).status?.phase, "Pending");
    });

    it("ends one that is deleted, as soon as it has stopped", async () => {
      await addPod(testbed, "p", {
        nodeName: "a",
        metadata: { annotations: { "machines.test/stop-seconds": "0.3" } },
      });
      await podIsReady("p");
      const ms = await deletedAfterMs("p");
      assert.ok(ms >= 290 && ms < longMs, `${ms} ms`);
    });

    it("lets none live beyond its grace", async () => {
      const spec = { terminationGracePeriodSeconds: 1 };
      await addPod(testbed, "p", { nodeName: "a", spec, metadata: stopSlowly });
      await podIsReady("p");
      const ms = await deletedAfterMs("p");
      assert.ok(ms >= 900 && ms < longMs, `${ms} ms`);
    });

    it("obeys a grace that is shortened meanwhile", async () => {
      await addPod(testbed, "p", { nodeName: "a", metadata: stopSlowly });
      await podIsReady("p");
      await testbed.remove("pods", "p");
      const ms = await deletedAfterMs("p", { gracePeriodSeconds: 1 });
      assert.ok(ms < longMs, `${ms} ms`);
    });

    it("does not end the next one of the same name, of which its watch has told it nothing", async () => {
      const stopsIn = { annotations: { "machines.test/stop-seconds": "0.3" } };
      await addPod(testbed, "p", { nodeName: "a", metadata: stopsIn });
      await podIsReady("p");
      await testbed.remove("pods", "p");
      const refusals = { match: { verb: "watch", resource: "pods" }, effect: { status: 503 } } as const;
      const held = testbed.server.faults.add(refusals);
      testbed.server.cutWatches();
      await testbed.remove("pods", "p", { gracePeriodSeconds: 0 });
      const next = await addPod(testbed, "p", { nodeName: "a" });
      const deletes = () => testbed.server.ledger.count({ verb: "delete", resource: "pods" });
      const before = deletes();
      await testbed.until("it has ended the first", () => deletes() > before);
      held.remove();
      await podIsReady("p");
      assert.equal((await pod("p")).metadata.uid, next.metadata.uid);
    });

    it("keeps conditions that others have set", async () => {
      const metadata = { annotations: { "machines.test/start-seconds": "0.3" } };
      await addPod(testbed, "p", { nodeName: "a", metadata });
      await testbed.until("p starts", async () => (await pod("p")).status?.podIP !== undefined);
      const conditions = [
        ...((await pod("p")).status?.conditions ?? []),
        { type: "test.io/checked", status: "True" },
      ];
      await testbed.patch("pods", "p", { status: { conditions } }, "status");
      await podIsReady("p");
      assert.equal(conditionOf(await pod("p"), "test.io/checked")?.status, "True");
    });
  });

  describe("A kubelet with a static pod", () => {
    it("shows it as a mirror pod, also after somebody has deleted that", async () => {
      boot("boot-1", { staticPods: ["etcd"] });
      const path = `${collection("pods", "kube-system")}/etcd-a`;
      const mirror = () => testbed.api.get<StoredPod>(path, testbed.ports).catch(() => undefined);
      await testbed.until("the mirror pod is Ready", async () => {
        const found = await mirror();
        return found !== undefined && isReady(found);
      });
      const first = await mirror();
      assert.ok(first?.metadata.annotations?.["kubernetes.io/config.mirror"]);
      assert.equal(first?.metadata.ownerReferences?.[0]?.kind, "Node");
      await testbed.api.delete(path, {}, testbed.ports);
      await testbed.until("there is another", async () => {
        const found = await mirror();
        return found !== undefined && found.metadata.uid !== first?.metadata.uid;
      });
    });
  });
});
