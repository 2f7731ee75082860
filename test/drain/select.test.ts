import assert from "node:assert/strict";
import type { Pod } from "../../daemon/cluster/objects.ts";
import {
  type PodReason,
  podReasonTexts,
  type Selection,
  selectPod,
  tierOf,
} from "../../daemon/drain/select.ts";
import { everyRow } from "../rows.ts";

const noon = Date.parse("2026-11-24T12:00:00Z");
const strict: Selection = {
  deleteEmptyDirData: false,
  force: false,
  skipNamespaces: [],
  skipWaitForDeleteMs: 0,
  rebootAnyway: false,
};
const force: Partial<Selection> = { force: true };
/** As the options are without further words. */
const byDefault: Partial<Selection> = { force: true, deleteEmptyDirData: true };

interface PodFacts {
  ownedBy?: { kind: string; apiVersion: string };
  phase?: string;
  labels?: Record<string, string>;
  mirror?: true;
  volumes?: object[];
  namespace?: string;
  priorityClassName?: string;
  deletedSecondsAgo?: number;
}

function pod(facts: PodFacts): Pod {
  const { ownedBy, phase = "Running", mirror, volumes = [], namespace = "shop", deletedSecondsAgo } = facts;
  const owner = ownedBy && { ...ownedBy, name: "owner", uid: "o1", controller: true };
  return {
    metadata: {
      name: "p",
      namespace,
      ...(facts.labels && { labels: facts.labels }),
      ...(owner && { ownerReferences: [owner] }),
      ...(mirror && { annotations: { "kubernetes.io/config.mirror": "hash" } }),
      ...(deletedSecondsAgo !== undefined && {
        deletionTimestamp: new Date(noon - deletedSecondsAgo * 1000).toISOString(),
      }),
    },
    spec: {
      containers: [],
      volumes: volumes as never,
      ...(facts.priorityClassName && { priorityClassName: facts.priorityClassName }),
    },
    status: { phase },
  };
}

/** The verdict in words; the pod's owner is there unless it is said to be gone. */
function verdict(facts: PodFacts, selection: Partial<Selection> = {}, ownerIsGone = false): string {
  const exists = (key: string) => key === "shop/owner" && !ownerIsGone;
  const { do: what, reasons } = selectPod(pod(facts), { ...strict, ...selection }, exists, noon);
  return [what, ...reasons].join(" ");
}

const controller = { kind: "ReplicationController", apiVersion: "v1" };
const replicaSet = { kind: "ReplicaSet", apiVersion: "apps/v1" };
const daemonSet = { kind: "DaemonSet", apiVersion: "apps/v1" };
const job = { kind: "Job", apiVersion: "batch/v1" };
const emptyDir = [{ name: "scratch", emptyDir: {} }];

describe("A pod, by the table of kubectl's own tests", () => {
  const rows: [what: string, facts: PodFacts, selection: Partial<Selection>, verdict: string][] = [
    ["a pod of a ReplicationController", { ownedBy: controller }, {}, "evict"],
    [
      "a pod of a DaemonSet (kubectl: an error without --ignore-daemonsets)",
      { ownedBy: daemonSet },
      {},
      "leave daemonset",
    ],
    ["a terminated pod of a DaemonSet", { ownedBy: daemonSet, phase: "Succeeded" }, {}, "evict"],
    ["a pod that its DaemonSet has left", {}, {}, "refuse no-controller"],
    ["a pod that its DaemonSet has left, with force", {}, force, "evict no-controller"],
    ["a pod of a DaemonSet, ignored", { ownedBy: daemonSet }, force, "leave daemonset"],
    [
      "a pod of a DaemonSet with emptyDir, ignored",
      { ownedBy: daemonSet, volumes: emptyDir },
      {},
      "leave daemonset",
    ],
    ["a pod of a Job with local data", { ownedBy: job, volumes: emptyDir }, byDefault, "evict local-data"],
    ["a terminated pod of a Job", { ownedBy: job, phase: "Failed" }, {}, "evict"],
    ["a pod of a ReplicaSet", { ownedBy: replicaSet }, {}, "evict"],
    ["a naked pod", {}, {}, "refuse no-controller"],
    ["a naked pod, with force", {}, force, "evict no-controller"],
    ["a pod with emptyDir", { volumes: emptyDir }, force, "refuse local-data"],
    ["a terminated pod with emptyDir", { volumes: emptyDir, phase: "Failed" }, {}, "evict"],
    [
      "a pod with emptyDir whose data may go",
      { volumes: emptyDir },
      byDefault,
      "evict local-data no-controller",
    ],
  ];
  it("gets kubectl's verdicts", () =>
    everyRow(rows, (facts, selection, expected) => assert.equal(verdict(facts, selection), expected)));

  it("goes down with the machine where it may not be evicted and the reboot follows anyway", () => {
    const selection = { rebootAnyway: true };
    assert.equal(verdict({ volumes: emptyDir }, selection), "leave local-data no-controller goes-down");
    assert.equal(verdict({ ownedBy: replicaSet }, selection), "evict");
  });

  const filters: [what: string, facts: PodFacts, selection: Partial<Selection>, verdict: string][] = [
    ["skip: the first has its way", { mirror: true, ownedBy: daemonSet }, {}, "leave daemonset"],
    ["okay: none has anything to say", { ownedBy: replicaSet }, {}, "evict"],
    ["skip after okay", { ownedBy: replicaSet, mirror: true }, {}, "leave mirror"],
    ["none is asked about what has finished", { volumes: emptyDir, phase: "Succeeded" }, {}, "evict"],
  ];
  it("goes through the filters in kubectl's order (TestFilterPods)", () =>
    everyRow(filters, (facts, selection, expected) => assert.equal(verdict(facts, selection), expected)));

  it("has local data in memory, but not in a folder of its host", () => {
    assert.equal(verdict({ ownedBy: job, volumes: [{ name: "h", hostPath: { path: "/" } }] }), "evict");
    const memory = [{ name: "m", emptyDir: { medium: "Memory" } }];
    assert.equal(verdict({ ownedBy: job, volumes: memory }), "refuse local-data");
  });
});

describe("A pod of a DaemonSet that is gone", () => {
  it("is evicted with force, which kubectl tests nowhere, and else refused", () => {
    assert.equal(verdict({ ownedBy: daemonSet }, force, true), "evict daemonset-gone");
    assert.equal(verdict({ ownedBy: daemonSet }, {}, true), "refuse daemonset-gone");
  });
  it("is told from one of a DaemonSet of another API group", () => {
    const other = { kind: "DaemonSet", apiVersion: "example.com/v1" };
    assert.equal(verdict({ ownedBy: other }), "evict");
  });
});

describe("A pod of a DaemonSet that is to stop", () => {
  const stopped = [{ key: "stop", operator: "Exists" }];
  const facts: PodFacts = { ownedBy: daemonSet, labels: { stop: "please" } };
  const rows: [what: string, pod: PodFacts, selection: Partial<Selection>, verdict: string][] = [
    ["one that the selector selects", facts, { stopped }, "stop daemonset-stop"],
    ["one that it does not select", { ownedBy: daemonSet }, { stopped }, "leave daemonset"],
    ["without a selector", facts, {}, "leave daemonset"],
    ["of another controller", { ...facts, ownedBy: replicaSet }, { stopped }, "evict"],
    ["one that has finished", { ...facts, phase: "Failed" }, { stopped }, "evict"],
    ["in a namespace that is left out", facts, { stopped, skipNamespaces: ["shop"] }, "leave daemonset"],
    ["the daemon's own", facts, { stopped, self: "p" }, "leave daemonset"],
    [
      "one of rebootd",
      { ...facts, labels: { stop: "", "app.kubernetes.io/name": "rebootd" } },
      { stopped },
      "leave daemonset",
    ],
    [
      "that is terminating for long",
      { ...facts, deletedSecondsAgo: 60 },
      { stopped, skipWaitForDeleteMs: 1 },
      "leave long-deleted",
    ],
  ];
  it("is one that the selector selects, but for rebootd's", () =>
    everyRow(rows, (facts, selection, expected) => assert.equal(verdict(facts, selection), expected)));

  it("is in a tier above all others, whatever its priority class", () => {
    assert.equal(tierOf(pod({ priorityClassName: "system-node-critical" }), "stop"), 3);
  });
});

describe("The reasons of a verdict", () => {
  it("are all kept, those of refusals too", () => {
    assert.equal(verdict({ volumes: emptyDir }), "refuse local-data no-controller");
  });
  it("have a text each", () => {
    for (const text of Object.values(podReasonTexts)) assert.ok(text.length > 10);
    assert.equal(podReasonTexts["mirror" satisfies PodReason], "is a static pod of the kubelet");
  });
});

describe("A pod that stays", () => {
  it("is a mirror pod, though a Node owns it", () => {
    assert.equal(verdict({ mirror: true, ownedBy: { kind: "Node", apiVersion: "v1" } }), "leave mirror");
  });
  it("is in a namespace that is left out", () => {
    const selection = { skipNamespaces: ["shop"] };
    assert.equal(verdict({ ownedBy: replicaSet }, selection), "leave namespace");
    assert.equal(verdict({ ownedBy: replicaSet, namespace: "bank" }, selection), "evict");
  });
});

describe("A pod that is terminating (TestSkipDeletedFilter)", () => {
  const rows: [what: string, skipMs: number, deletedSecondsAgo: number | undefined, verdict: string][] = [
    ["for long, without a limit", 0, 1000, "evict"],
    ["not at all", 10_000, undefined, "evict"],
    ["for less than the limit", 10_000, 5, "evict"],
    ["for more than the limit", 10_000, 11, "leave long-deleted"],
  ];
  it("is not waited for longer than --skip-wait-for-delete-timeout", () =>
    everyRow(rows, (skipWaitForDeleteMs, deletedSecondsAgo, expected) => {
      const facts = { ownedBy: replicaSet, ...(deletedSecondsAgo !== undefined && { deletedSecondsAgo }) };
      assert.equal(verdict(facts, { skipWaitForDeleteMs }), expected);
    }));
});

describe("The tier of a pod", () => {
  const tiers: [what: string, priorityClassName: string, tier: number][] = [
    ["none", "", 0],
    ["one of a person", "business-critical", 0],
    ["that of the cluster", "system-cluster-critical", 1],
    ["that of the node", "system-node-critical", 2],
  ];
  it("is that of its priority class", () =>
    everyRow(tiers, (priorityClassName, tier) => assert.equal(tierOf(pod({ priorityClassName })), tier)));
});
