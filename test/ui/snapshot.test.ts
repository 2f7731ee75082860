import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import type { Fleet } from "../../daemon/cli/fleet.ts";
import type { Metadata } from "../../daemon/cluster/objects.ts";
import { type CycleRecord, idleRecord, writeRecord } from "../../daemon/cycle/record.ts";
import { stateIn } from "../../daemon/lock/lock-object.ts";
import { changeText, fleetText, type Snapshot, snapshotOf } from "../../daemon/ui/snapshot.ts";
import type { ChangeMessage, FleetMessage } from "../../daemon/ui/wire.ts";

const now = Date.parse("2026-11-02T02:30:00Z");
const since = "2026-11-02T02:20:00.000Z";
const place = {
  kind: "lease",
  namespace: "kube-system",
  name: "rebootd",
  annotation: contract.lock.key,
} as const;
const shown = { cluster: "c", canChange: false, poolLabel: undefined };
const holder = { nodeID: "n1", created: since, TTL: 0, concurrency: 2 };

function node(name: string, record: Partial<CycleRecord> = {}): Metadata {
  const text = writeRecord({ ...idleRecord(now), ...record });
  return { name, annotations: { [contract.cycle.key]: text } };
}

function fleet(nodes: readonly Metadata[], lock: object | null = holder): Fleet {
  const annotations = lock === null ? {} : { [contract.lock.key]: JSON.stringify(lock) };
  return {
    ...{ at: now, place, nodes, labelSelector: undefined },
    lockState: stateIn({ annotations }, contract.lock.key),
    health: { nodes: new Map(), daemons: [] },
  };
}

const taken = (seen: Fleet, last?: Snapshot) => snapshotOf(seen, shown, now, last);
const fleetIn = (text: string): FleetMessage => JSON.parse(text);
const changeIn = (text: string | undefined): ChangeMessage => JSON.parse(text ?? assert.fail("no change"));

describe("A snapshot of the fleet", () => {
  const draining = node("n1", { phase: "Draining", since });
  const idle = node("n2");
  const waiting = node("n3", {
    phase: "Waiting",
    need: { source: "file", reasons: [], since },
    reasons: [{ gate: "window", code: "closed", message: "the window is closed", since }],
  });

  it("has the lock, the slots and each node, sorted by name", () => {
    const message = fleetIn(fleetText(taken(fleet([waiting, draining, idle]))));
    assert.deepEqual(
      message.nodes.map(({ name, phase, holdsSlot, why }) => [name, phase, holdsSlot, ...why]),
      [
        ["n1", "Draining", true],
        ["n2", "Idle", false],
        ["n3", "Waiting", false, "the window is closed"],
      ],
    );
    assert.deepEqual(message.slots, { held: 1, max: 2 });
    assert.deepEqual([message.cluster, message.canChange, message.lock.state], ["c", false, "held"]);
    assert.deepEqual(message.count, { nodes: 3, daemons: 0, needReboot: 1 });
    assert.equal(message.nodes[0]?.cycle?.drainFrom, since);
  });

  it("shows a holder without a Node as gone", () => {
    const { nodes } = fleetIn(fleetText(taken(fleet([idle]))));
    assert.deepEqual(
      nodes.map(({ name, phase, holdsSlot }) => [name, phase, holdsSlot]),
      [
        ["n1", "Gone", true],
        ["n2", "Idle", false],
      ],
    );
  });

  it("keeps texts of others as texts of JSON", () => {
    const hostile = '</script><img src=x onerror=alert(1)>\u2028"\n\ndata: {}\n\n';
    const reasons = [{ gate: "window", code: "closed", message: hostile, since }];
    const text = fleetText(taken(fleet([node("n1", { phase: "Waiting", reasons })], null)));
    // A line break would end the data of an event.
    assert.doesNotMatch(text, /[\r\n]/);
    assert.ok(fleetIn(text).nodes[0]?.why[0]?.startsWith("</script><img"));
  });

  it("differs from the one before by the nodes that have changed, and by nothing where none has", () => {
    const before = taken(fleet([draining, idle, waiting]));
    const same = taken(fleet([draining, idle, waiting]), before);
    assert.equal(changeText(before, same), undefined);
    const after = taken(
      fleet([draining, node("n4"), { ...waiting, labels: { [contract.zone.key]: "a" } }]),
      same,
    );
    const { nodes, gone, lock } = changeIn(changeText(before, after));
    assert.deepEqual([nodes.map(({ name }) => name), gone, lock.state], [["n3", "n4"], ["n2"], "held"]);
  });

  it("differs by its head alone where the lock has changed", () => {
    const before = taken(fleet([idle], null));
    const after = taken(fleet([idle], { nodeID: "manual", reason: "etcd" }), before);
    const { nodes, gone, lock, manual } = changeIn(changeText(before, after));
    assert.deepEqual(
      [nodes, gone, lock.state, manual],
      [[], [], "manual", [{ name: "manual", reason: "etcd" }]],
    );
  });

  it("keeps the texts of nodes that have not changed", () => {
    const nodes = [draining, idle, waiting];
    const before = taken(fleet(nodes));
    const after = taken(fleet([...nodes.slice(0, 2), node("n3")]), before);
    const kept = [...after.tiles].filter(([name, text]) => before.tiles.get(name) === text);
    assert.deepEqual(
      kept.map(([name]) => name),
      ["n1", "n2"],
    );
  });
});
