import assert from "node:assert/strict";
import type { Api, CallOptions } from "../../daemon/cluster/api.ts";
import { isCritical, isUnready, listUnreadyPods } from "../../daemon/cycle/own-pods.ts";
import { type PodFacts, pod } from "../drain/builders.ts";

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
  for (const [what, facts, isIt] of critical) {
    it(`is${isIt ? "" : " not"} critical: ${what}`, () => assert.equal(isCritical(pod(facts)), isIt));
  }

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
  for (const [what, facts, isIt] of unready) {
    it(`is${isIt ? "" : " not"} waited for where it ${what}`, () =>
      assert.equal(isUnready(pod(facts)), isIt));
  }

  it("is not waited for where it is on another node, or the daemon's own, which asks", async () => {
    const cni = { ownedBy: "DaemonSet", priority, ready: false } as const;
    const items = [pod({ ...cni, name: "cni" }), pod({ ...cni, name: "rebootd" }), pod({ ready: false })];
    const list = async (_: string, { query }: CallOptions) =>
      query?.["fieldSelector"] === "spec.nodeName=n1"
        ? { metadata: {}, items }
        : assert.fail("asks for others");
    const api = { list } as unknown as Api;
    const { signal } = new AbortController();
    const ask = (labelSelector?: string) =>
      listUnreadyPods(api, { nodeName: "n1", labelSelector, self: "rebootd" }, signal);
    assert.deepEqual(await ask(), ["shop/cni"]);
    assert.deepEqual(await ask("app=cart"), ["shop/cni", "shop/p"]);
  });
});
