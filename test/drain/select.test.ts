import assert from "node:assert/strict";
import type { Pod } from "../../daemon/cluster/objects.ts";
import { selectPod } from "../../daemon/drain/select.ts";

interface PodFacts {
  ownedBy?: { kind: string; apiVersion: string };
  phase?: string;
  mirror?: true;
  emptyDir?: true;
}

function pod({ ownedBy, phase = "Running", mirror, emptyDir }: PodFacts): Pod {
  return {
    metadata: {
      name: "p",
      namespace: "shop",
      ...(ownedBy ? { ownerReferences: [{ ...ownedBy, name: "owner", uid: "o1", controller: true }] } : {}),
      ...(mirror ? { annotations: { "kubernetes.io/config.mirror": "hash" } } : {}),
    },
    spec: { containers: [], ...(emptyDir ? { volumes: [{ name: "scratch", emptyDir: {} }] } : {}) },
    status: { phase },
  };
}

const daemonSet = { kind: "DaemonSet", apiVersion: "apps/v1" };

describe("Selecting pods to drain", () => {
  const rows: [what: string, facts: PodFacts, exists: boolean, stays: string | undefined][] = [
    [
      "a pod of a ReplicaSet goes",
      { ownedBy: { kind: "ReplicaSet", apiVersion: "apps/v1" } },
      false,
      undefined,
    ],
    ["a pod of a Job goes", { ownedBy: { kind: "Job", apiVersion: "batch/v1" } }, false, undefined],
    ["a pod without controller goes", {}, false, undefined],
    ["a pod with local storage goes", { emptyDir: true }, false, undefined],
    ["a finished pod goes", { phase: "Succeeded" }, false, undefined],
    ["a pod of a DaemonSet stays", { ownedBy: daemonSet }, true, "daemonset"],
    ["a finished pod of a DaemonSet goes", { ownedBy: daemonSet, phase: "Failed" }, true, undefined],
    ["a pod of a DaemonSet that is gone goes", { ownedBy: daemonSet }, false, undefined],
    [
      "a pod of another kind called DaemonSet goes",
      { ownedBy: { kind: "DaemonSet", apiVersion: "example.com/v1" } },
      true,
      undefined,
    ],
    ["a mirror pod stays", { mirror: true, ownedBy: { kind: "Node", apiVersion: "v1" } }, false, "mirror"],
  ];
  for (const [what, facts, exists, stays] of rows) {
    it(what, () => {
      const verdict = selectPod(pod(facts), (key) => key === "shop/owner" && exists);
      assert.deepEqual(verdict, stays === undefined ? { evict: true } : { evict: false, reason: stays });
    });
  }
});
