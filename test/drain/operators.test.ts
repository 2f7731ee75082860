import assert from "node:assert/strict";
import { parseLabelSelector } from "../../daemon/cluster/label-selector.ts";
import type { Budget } from "../../daemon/cluster/objects.ts";
import { everyRow } from "../rows.ts";
import {
  budget,
  type Facts,
  factsOf,
  findings,
  messages,
  type Owner,
  type PodFacts,
  pod,
} from "./builders.ts";

const one = { disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 };
/** A budget that lets its one pod never go. */
const held = (facts: Parameters<typeof budget>[0] = {}) =>
  budget({ name: "pg-primary", spec: { minAvailable: 1 }, status: one, ...facts });
const of = (apiVersion: string, kind: string, name = "pg"): Owner => ({ apiVersion, kind, name });
const cluster = of("postgresql.cnpg.io/v1", "Cluster");
const ceph = of("ceph.rook.io/v1", "CephCluster");
const elasticsearch = of("elasticsearch.k8s.elastic.co/v1", "Elasticsearch");
const exhausted = budget({ status: { disruptionsAllowed: 0, currentHealthy: 3 } });

/** What `--budget-held-selector` does. */
const heldBy = (selector: string, more: Facts = {}): Facts => ({
  ...more,
  selection: { ...factsOf([]).selection, heldBudgets: parseLabelSelector(selector) },
});

type Row = [what: string, pod: PodFacts, budget: Budget, findings: string, facts?: Facts];

describe("A PodDisruptionBudget that never allows a disruption", () => {
  const rows: Row[] = [
    ["of nobody but Kubernetes", {}, held(), "budget-never!"],
    ["over a pod that nothing makes anew", { ownedBy: "nobody" }, held(), "no-controller budget-never!"],
    ["over a pod of a Job", { operator: of("batch/v1", "Job") }, held(), "budget-never!"],
    [
      "over a pod of a controller in the core group",
      { operator: of("v1", "ReplicationController") },
      held(),
      "budget-never!",
    ],
    ["over a pod of an operator", { operator: cluster }, held(), "budget-held"],
    [
      "over a pod of an operator nobody knows",
      { operator: of("example.com/v1", "Db") },
      held(),
      "budget-held",
    ],
    ["that an operator owns", {}, held({ owner: of("acid.zalan.do/v1", "postgresql") }), "budget-held"],
    ["that a Deployment owns", {}, held({ owner: of("apps/v1", "Deployment") }), "budget-never!"],
    [
      "by maxUnavailable 0, of an operator",
      { operator: of("core.strimzi.io/v1beta2", "StrimziPodSet") },
      held({ spec: { maxUnavailable: 0 } }),
      "budget-held",
    ],
    [
      "that is said to be held",
      {},
      held({ labels: { application: "spilo" } }),
      "budget-held",
      heldBy("application=spilo"),
    ],
    ["that is not among those said to be held", {}, held(), "budget-never!", heldBy("application=spilo")],
    ["by which Rook says: not now", {}, held({ owner: ceph, spec: { maxUnavailable: 0 } }), "budget-never!"],
    ["by which ECK says: not now", {}, held({ owner: elasticsearch }), "budget-never!"],
    [
      "by which Rook says so, but a person another thing",
      {},
      held({ owner: ceph, labels: { app: "osd" } }),
      "budget-held",
      heldBy("app in (osd)"),
    ],
    [
      "over a primary that no instance could take over from",
      { operator: cluster },
      held(),
      "budget-never!",
      { hasNoStandIn: () => true },
    ],
    [
      "over such a primary, that is said to be held",
      { operator: cluster },
      held({ labels: { a: "b" } }),
      "budget-held",
      heldBy("a", { hasNoStandIn: () => true }),
    ],
  ];
  it("blocks the drain, but where an operator releases it", () =>
    everyRow(rows, (facts, over, expected, more = {}) =>
      assert.equal(findings(pod(facts), { budgets: [over], ...more }), expected),
    ));

  it("is told from an exhausted one, whoever makes the pods", () => {
    assert.equal(findings(pod({ operator: cluster }), { budgets: [exhausted] }), "budget-exhausted!");
    const selected = { ...exhausted, metadata: { ...exhausted.metadata, labels: { a: "b" } } };
    assert.equal(findings(pod(), { budgets: [selected], ...heldBy("a=b") }), "budget-exhausted!");
  });

  it("raises no question of room where an operator moves the pod", () => {
    const facts = { budgets: [held()], cluster: { nodes: [], pods: [] } };
    assert.equal(findings(pod(), facts), "budget-never! budget-no-room! nowhere-to-go");
    assert.equal(findings(pod({ operator: cluster }), facts), "budget-held nowhere-to-go");
  });
});

describe("The message about a PodDisruptionBudget that an operator holds", () => {
  const rows: [pod: PodFacts, budget: Budget, message: string, facts?: Facts][] = [
    [
      { operator: cluster },
      held(),
      "PodDisruptionBudget shop/pg-primary allows no disruptions (minAvailable 1 of 1) until Cluster pg (postgresql.cnpg.io) releases it; it promotes a Ready instance on another node that is not cordoned: make sure that there is one",
    ],
    [
      { operator: cluster },
      held(),
      "PodDisruptionBudget shop/pg-primary allows no disruptions (minAvailable 1 of 1); no other instance of its cluster is Ready: add one (spec.instances), set spec.enablePDB: false, or set spec.nodeMaintenanceWindow for the time of the drain",
      { hasNoStandIn: () => true },
    ],
    [
      { operator: of("longhorn.io/v1beta2", "InstanceManager", "im-1") },
      held(),
      "PodDisruptionBudget shop/pg-primary allows no disruptions (minAvailable 1 of 1) until InstanceManager im-1 (longhorn.io) releases it; it does so once the volumes on this node are detached: find the pods that still use them",
    ],
    [
      { operator: of("example.com/v1", "Db", "d") },
      held({ spec: { maxUnavailable: 0 } }),
      "PodDisruptionBudget shop/pg-primary allows no disruptions (maxUnavailable 0) until Db d (example.com) releases it; make sure that a cordon, taint or eviction makes it do so, or allow a disruption for now",
    ],
    [
      {},
      held({ labels: { a: "b" } }),
      "PodDisruptionBudget shop/pg-primary allows no disruptions (minAvailable 1 of 1) until its operator releases it; make sure that a cordon, taint or eviction makes it do so, or allow a disruption for now",
      heldBy("a"),
    ],
    [
      {},
      held({ owner: ceph, spec: { maxUnavailable: 0 } }),
      "PodDisruptionBudget shop/pg-primary allows no disruptions (maxUnavailable 0); Rook allows disruptions again once the placement groups are active and clean",
    ],
  ];
  it("names the operator and the condition of the release", () =>
    everyRow(
      rows.map(([facts, over, message, more]) => [message, facts, over, message, more] as const),
      (facts, over, message, more = {}) =>
        assert.equal(messages(pod(facts), { budgets: [over], ...more }), message),
    ));
});
