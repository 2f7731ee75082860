import assert from "node:assert/strict";
import {
  mark,
  type NodeChange,
  rehearsal,
  soften,
  unmark,
  unmarkRebooted,
} from "../../daemon/cycle/marks.ts";
import type { NodeFacts, Taint } from "../../daemon/cycle/observation.ts";
import type { CycleRecord } from "../../daemon/cycle/record.ts";
import { everyRow } from "../rows.ts";
import { idle, marks, record, seen } from "./builders.ts";

const key = "example.com/reboot-pending";
const soft: Taint = { key, effect: "PreferNoSchedule" };
const other: Taint = { key: "gpu", effect: "NoSchedule" };

function node(facts: Partial<NodeFacts>): NodeFacts {
  const { node } = seen({ node: facts });
  assert.ok(typeof node === "object");
  return node;
}

describe("The marks of a cycle", () => {
  it("are none unless the settings name some", () => {
    assert.deepEqual(mark(marks(), idle(), node({})).change, {});
    assert.deepEqual(unmarkRebooted(marks(), record({ cordoned: false }), node({})), {});
  });

  it("are labels, of which the record says what was there before", () => {
    const policy = marks({ labelsBefore: { state: "rebooting", new: "yes" } });
    const { record, change } = mark(policy, idle(), node({ labels: { state: "ready", zone: "a" } }));
    assert.deepEqual(change, { labels: { state: "rebooting", new: "yes" } });
    assert.deepEqual(record.labels, [
      { key: "state", set: "rebooting", found: "ready" },
      { key: "new", set: "yes", found: undefined },
    ]);
  });

  it("are a taint beside those that are there", () => {
    const { record, change } = mark(marks({ softTaint: key }), idle(), node({ taints: [other] }));
    assert.deepEqual(change, { taints: [other, soft] });
    assert.equal(record.taint, key);
  });

  it("are all tried before it begins, those after the reboot too", () => {
    const policy = marks({
      labelsBefore: { state: "rebooting" },
      labelsAfter: { done: "yes" },
      softTaint: key,
      hooks: ["example.com/moved"],
    });
    assert.deepEqual(rehearsal(policy, idle(), node({ taints: [other] })), {
      cordon: "set",
      labels: { state: "rebooting", done: "yes" },
      annotations: { "example.com/moved": "waiting" },
      taints: [other, soft],
    });
  });

  const labels: CycleRecord["labels"] = [
    { key: "state", set: "rebooting", found: "ready" },
    { key: "new", set: "yes" },
  ];
  const rows: [what: string, record: Partial<CycleRecord>, node: Partial<NodeFacts>, change: NodeChange][] = [
    ["the cordon, where it is ours", { cordoned: true }, {}, { cordon: "clear" }],
    ["no cordon of somebody else", { cordoned: false }, {}, {}],
    [
      "no label that Kubernetes protects, whatever the record says",
      {
        cordoned: false,
        labels: [
          { key: "node-restriction.kubernetes.io/team", set: "a", found: "b" },
          { key: "topology.kubernetes.io/zone", set: "a", found: "b" },
          { key: "kubernetes.io/os", set: "a" },
          { key: "agent.k8s.io/x", set: "a", found: "b" },
        ],
      },
      {
        labels: {
          "node-restriction.kubernetes.io/team": "a",
          "topology.kubernetes.io/zone": "a",
          "kubernetes.io/os": "a",
          "agent.k8s.io/x": "a",
        },
      },
      {},
    ],
    [
      "the one for load balancers, though --lb-exclude is off now",
      {
        cordoned: false,
        labels: [{ key: "node.kubernetes.io/exclude-from-external-load-balancers", set: "rebootd" }],
      },
      { labels: { "node.kubernetes.io/exclude-from-external-load-balancers": "rebootd" } },
      { labels: { "node.kubernetes.io/exclude-from-external-load-balancers": null } },
    ],
    [
      "no taint with a key that Kubernetes protects",
      { cordoned: false, taint: "node.kubernetes.io/out-of-service" },
      { taints: [{ key: "node.kubernetes.io/out-of-service", effect: "PreferNoSchedule" }] },
      {},
    ],
    [
      "labels as they were found",
      { cordoned: false, labels },
      { labels: { state: "rebooting", new: "yes" } },
      { labels: { state: "ready", new: null } },
    ],
    [
      "no label that somebody has changed since",
      { cordoned: false, labels },
      { labels: { state: "broken" } },
      {},
    ],
    [
      "the taint, and no other",
      { cordoned: false, taint: key },
      { taints: [other, soft] },
      { taints: [other] },
    ],
    ["no taint that has gone by itself", { cordoned: false, taint: key }, { taints: [other] }, {}],
    ["no taint that is not ours", { cordoned: false }, { taints: [soft] }, {}],
    [
      "no taint with the same key and another effect",
      { cordoned: false, taint: key },
      { taints: [{ key, effect: "NoExecute" }] },
      {},
    ],
    [
      "all in one patch",
      { cordoned: true, labels, taint: key },
      { labels: { state: "rebooting" }, taints: [soft] },
      { cordon: "clear", labels: { state: "ready" }, taints: [] },
    ],
  ];
  it("are undone in one patch, as far as they are ours", async () => {
    await everyRow(rows, (changes, facts, change) =>
      assert.deepEqual(unmark(marks(), record(changes), node(facts)), change),
    );
  });

  it("remove what hooks have set, before and after", () => {
    const hooked = marks({ hooks: ["example.com/raid-checked"] });
    const change = { annotations: { "example.com/raid-checked": null } };
    assert.deepEqual(mark(hooked, idle(), node({})).change, change);
    assert.deepEqual(unmark(hooked, record({ cordoned: false }), node({})), change);
    assert.deepEqual(unmarkRebooted(hooked, record({ cordoned: false }), node({})), change);
  });

  it("end with the removal of the approval that is used up, which is tried before", () => {
    const policy = marks({ usesApproval: true });
    const change = { annotations: { "rebootd.dev/approved": null } };
    assert.deepEqual(unmarkRebooted(policy, record({ cordoned: false }), node({})), change);
    assert.deepEqual(rehearsal(policy, idle(), node({})).annotations, change.annotations);
    assert.deepEqual(unmark(policy, record({ cordoned: false }), node({})), {});
  });

  it("are followed by the labels that stay after a proved reboot, which win", () => {
    const policy = marks({ labelsAfter: { state: "rebooted" } });
    const change = unmarkRebooted(policy, record({ labels }), node({ labels: { state: "rebooting" } }));
    assert.deepEqual(change, { cordon: "clear", labels: { state: "rebooted" } });
  });

  it("end with the removal of the label that has requested the reboot, which is tried before", () => {
    const policy = marks({ requestLabel: { key: "example.com/reboot", value: undefined } });
    const labelled = node({ labels: { "example.com/reboot": "asker" } });
    const served = record({ cordoned: false, request: "\nexample.com/reboot=asker" });
    const removed = { "example.com/reboot": null };
    assert.deepEqual(unmarkRebooted(policy, served, labelled), { labels: removed });
    assert.deepEqual(rehearsal(policy, idle(), labelled).labels, removed);
    assert.deepEqual(rehearsal(policy, idle(), node({})).labels, {});
    assert.deepEqual(unmark(policy, served, labelled), {});
  });
});

describe("The soft taint", () => {
  it("is taken for ours where one with its key and effect is there already, as kured leaves it", () => {
    const { record, change } = soften(key, idle(), node({ taints: [soft] }));
    assert.deepEqual([record.taint, change], [key, {}]);
  });

  it("is replaced when its key is another one after a restart", () => {
    const { change } = soften("new", idle({ taint: key }), node({ taints: [soft, other] }));
    assert.deepEqual(change, { taints: [other, { key: "new", effect: "PreferNoSchedule" }] });
  });
});
