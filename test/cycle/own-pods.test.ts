import assert from "node:assert/strict";
import { type Api, ApiError, type CallOptions } from "../../daemon/cluster/api.ts";
import type { Pod } from "../../daemon/cluster/objects.ts";
import { createNodePods } from "../../daemon/cluster/pods.ts";
import { isCritical, isUnready, lookAtOwnPods } from "../../daemon/cycle/own-pods.ts";
import { type PodFacts, pod } from "../drain/builders.ts";
import { createVirtualTime } from "../kubernetes/virtual-time.ts";
import { everyRow } from "../rows.ts";

describe("A pod of a node that has rebooted", () => {
  const priority = "system-node-critical";
  const mirror = { ownedBy: "nobody", annotations: { "kubernetes.io/config.mirror": "x" } } as const;
  const critical: [what: string, facts: PodFacts, isIt: boolean][] = [
    ["of a DaemonSet, with the priority", { ownedBy: "DaemonSet", priority }, true],
    ["of a DaemonSet, without the priority", { ownedBy: "DaemonSet" }, false],
    ["of a DaemonSet, with another", { ownedBy: "DaemonSet", priority: "system-cluster-critical" }, false],
    ["of something else, with the priority", { ownedBy: "ReplicaSet", priority }, false],
    ["of nobody, with the priority", { ownedBy: "nobody", priority }, false],
    ["static, as kubeadm's etcd", { ...mirror, priority }, true],
    ["static, as RKE2's etcd", { ...mirror, priority: "system-cluster-critical" }, true],
    ["static, without a priority", mirror, false],
  ];
  it("is critical where nothing else brings it to the node", async () => {
    await everyRow(critical, (facts, isIt) => assert.equal(isCritical(pod(facts)), isIt));
  });

  const unready: [what: string, facts: PodFacts, isIt: boolean][] = [
    ["runs and is Ready", {}, false],
    ["runs and is not Ready", { ready: false }, true],
    ["has not started", { ready: false, phase: "Pending" }, true],
    ["has succeeded", { ready: false, phase: "Succeeded" }, false],
    ["has failed", { ready: false, phase: "Failed" }, false],
    ["is deleted", { ready: false, endsIn: 30 }, false],
    ["is static and Ready", mirror, false],
    ["is static and not Ready", { ...mirror, ready: false }, true],
    ["is static and has succeeded", { ...mirror, ready: false, phase: "Succeeded" }, false],
    ["is static and has failed, as nothing replaces it", { ...mirror, ready: false, phase: "Failed" }, true],
    ["is static, and only its mirror is deleted", { ...mirror, ready: false, endsIn: 30 }, true],
  ];
  it("is waited for while it is not Ready, unless it has finished or is deleted", async () => {
    await everyRow(unready, (facts, isIt) => assert.equal(isUnready(pod(facts)), isIt));
  });
});

describe("What a node is of no use without", () => {
  const critical = "system-node-critical";
  /** A pod of the DaemonSet shop/NAME, with the priority, in what is not said. */
  function agent(of: string, facts: PodFacts = {}): Pod {
    const made = pod({ name: `${of}-x7k2p`, ownedBy: "DaemonSet", priority: critical, ...facts });
    for (const owner of made.metadata?.ownerReferences ?? []) owner.name = of;
    return made;
  }
  const static_ = (facts: PodFacts = {}) =>
    pod({
      name: "etcd-n1",
      ownedBy: "nobody",
      annotations: { "kubernetes.io/config.mirror": "x" },
      priority: critical,
      ...facts,
    });

  /** A server with these pods on n1, and these templates of DaemonSets; others are not there. */
  async function look(
    items: readonly Pod[],
    {
      expected = [] as string[],
      sets = {} as Record<string, object>,
      labelSelector = undefined as string | undefined,
    } = {},
  ) {
    const list = async (_: string, { query }: CallOptions) =>
      query?.["fieldSelector"] === "spec.nodeName=n1"
        ? { metadata: {}, items }
        : assert.fail("asks for others");
    const get = async (path: string) => {
      const template = sets[path.replace(/^.*\/namespaces\/shop\/daemonsets\//, "")];
      if (template === undefined) throw new ApiError(path, { code: "not-found", status: 404 });
      return { metadata: {}, spec: { template: { spec: template } } };
    };
    const node = { name: "n1", labels: { disk: "ssd" } };
    const options = { labelSelector, self: "rebootd-1" };
    const api = { list, get } as unknown as Api;
    const looks = { api, listPods: createNodePods(api, createVirtualTime(0).clock, "n1") };
    const seen = await lookAtOwnPods(looks, options, node, expected, new AbortController().signal);
    return { ready: seen.ready, unready: seen.unready.map(({ key, name }) => `${key}: ${name}`) };
  }

  it("is a Ready pod of each critical DaemonSet, and each critical static pod", async () => {
    const ready = [agent("cni"), agent("csi"), agent("logs", { priority: "" }), static_()];
    assert.deepEqual(await look(ready), { ready: ["shop/cni", "shop/csi"], unready: [] });
    const broken = [
      agent("cni", { ready: false }),
      agent("csi"),
      static_({ ready: false }),
      pod({ ready: false }),
    ];
    assert.deepEqual(await look(broken), {
      ready: ["shop/csi"],
      unready: ["shop/cni: shop/cni-x7k2p", "shop/etcd-n1: shop/etcd-n1"],
    });
  });

  it("is one of several pods of a DaemonSet, as while it is rolled, and never one that has finished or is deleted", async () => {
    const failed = agent("cni", { name: "cni-old", phase: "Failed", ready: false });
    const leaving = agent("cni", { name: "cni-old", endsIn: 30 });
    const starting = agent("cni", { ready: false });
    const sets = { cni: {} };
    assert.deepEqual(await look([failed, agent("cni")], { sets }), { ready: ["shop/cni"], unready: [] });
    assert.deepEqual(await look([agent("cni", { name: "cni-old" }), starting], { sets }), {
      ready: ["shop/cni"],
      unready: [],
    });
    for (const old of [failed, leaving]) {
      assert.deepEqual(await look([old, starting], { sets }), {
        ready: [],
        unready: ["shop/cni: shop/cni-x7k2p"],
      });
      assert.deepEqual(await look([old], { sets }), {
        ready: [],
        unready: ["shop/cni: a pod of DaemonSet shop/cni"],
      });
    }
  });

  it("is a pod of a DaemonSet that had one here before and has none now, while it is to have one", async () => {
    const missing = ["shop/cni: a pod of DaemonSet shop/cni"];
    const expected = ["shop/cni", "shop/etcd-n1"];
    const asks = async (cni: object) => (await look([], { expected, sets: { cni } })).unready;
    assert.deepEqual(await asks({}), missing);
    assert.deepEqual(await asks({ nodeSelector: { disk: "ssd" } }), missing);
    assert.deepEqual(await asks({ nodeSelector: { disk: "hdd" } }), []);
    assert.deepEqual((await look([], { expected })).unready, [], "the DaemonSet is gone");
    const left = agent("cni", { phase: "Failed", ready: false });
    assert.deepEqual((await look([left])).unready, [], "it is gone, and nothing replaces what has failed");
  });

  it("is nothing of the daemon's own DaemonSet, whatever other pods of it remain", async () => {
    const own = [
      agent("rebootd", { name: "rebootd-0", phase: "Failed", ready: false }),
      agent("rebootd", { name: "rebootd-1", ready: false }),
    ];
    assert.deepEqual(await look(own, { sets: { rebootd: {} }, expected: ["shop/rebootd"] }), {
      ready: [],
      unready: [],
    });
  });

  it("is what --ready-pod-selector names, whoever owns it", async () => {
    const labelSelector = "app=cart";
    const items = [pod({ name: "web", ready: false }), agent("logs", { priority: "" })];
    assert.deepEqual(await look(items, { labelSelector }), {
      ready: ["shop/logs"],
      unready: ["shop/web: shop/web"],
    });
  });
});
