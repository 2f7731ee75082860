import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import { type ClusterView, concurrencyOf, type Limits, refusal } from "../../daemon/lock/limits.ts";
import { type Holder, parseLock } from "../../daemon/lock/lock.ts";
import type { Refusal } from "../../daemon/lock/refusal.ts";
import { everyRow } from "../rows.ts";

const created = "2026-11-24T12:00:00.000Z";
const noon = Date.parse(created);

function holder(nodeID: string, fields: Partial<Holder> = {}): Holder {
  return {
    nodeID,
    metadata: { unschedulable: false },
    created,
    TTL: 0,
    nodeUID: `uid-of-${nodeID}`,
    ...fields,
  };
}

const single = (one: Holder) => parseLock(JSON.stringify(one));
const several = (...locks: Holder[]) => parseLock(JSON.stringify({ maxOwners: 9, locks }));
const free = parseLock(undefined);

type Given = ClusterView & { zone?: string; pool?: string };

function asks(lock: typeof free, limits: Partial<Limits> = {}, { zone, pool, ...view }: Given = {}) {
  const labels = { ...(zone && { [contract.zone.key]: zone }), ...(pool && { "example.com/pool": pool }) };
  const waiting = { identity: { name: "me" }, labels };
  const all = { concurrency: 10, poolLabel: "example.com/pool", ...limits };
  return refusal({ lock, waiting, view, limits: all }, noon);
}
const code = (refused: Refusal | undefined) => refused?.code;

describe("A node that asks for a slot", () => {
  it("gets one while the lock is free", () => {
    assert.equal(asks(free, { concurrency: 1 }), undefined);
  });

  it("is refused with the names of the holders, and of nodes that are down without a slot", () => {
    const refused = asks(several(holder("a"), holder("b")), { concurrency: 2 });
    assert.deepEqual(refused, {
      gate: "lock",
      code: "lock-taken",
      message: "all slots are taken (2 of 2)",
      by: ["a", "b"],
    });
    const absent = ["a", "b"].map((name) => holder(name, { concurrency: Number.POSITIVE_INFINITY }));
    const lost = asks(single(holder("c", { concurrency: 3 })), { concurrency: 3 }, { absent });
    assert.deepEqual(lost, {
      gate: "lock",
      code: "lock-lost",
      message: "all slots are taken (3 of 3), counting nodes that are down without a slot: a, b",
      by: ["c", "a", "b"],
      dependsOnNodes: true,
    });
  });

  it("is refused with the reason of a manual lock, and its name if that is not the usual one", () => {
    const refused = asks(single({ nodeID: "manual", reason: "the switch\nis replaced" }));
    assert.equal(refused?.message, "locked manually: the switch is replaced");
    assert.equal(asks(single({ nodeID: "alice" }))?.message, 'locked manually ("alice")');
  });
});

describe("The concurrency", () => {
  const of = (concurrency: number) => ({ concurrency });
  const odd = { concurrency: "many" } as unknown as Partial<Holder>;
  const rows: [what: string, lock: typeof free, own: number, code: string | undefined][] = [
    ["a holder with a lower limit", single(holder("a", of(1))), 5, "lock-taken"],
    ["two holders, one with a lower limit", several(holder("a", of(2)), holder("b", of(5))), 5, "lock-taken"],
    ["that one has left", several(holder("b", of(5))), 5, undefined],
    ["a kured in the single shape does not find itself in the other", single(holder("a")), 5, "lock-taken"],
    ["a kured in the several shape", several(holder("a")), 5, undefined],
    ["a holder whose limit is no number", several(holder("a", odd)), 2, undefined],
  ];
  it("of the strictest node counts, of the holders and of the node itself", () =>
    everyRow(rows, (lock, own, expected) => assert.equal(code(asks(lock, { concurrency: own })), expected)));

  const percentages: [what: string, percent: number, nodes: number, count: number][] = [
    ["10 % of 100", 10, 100, 10],
    ["10 % of 109", 10, 109, 10],
    ["10 % of 9", 10, 9, 1],
    ["34 % of 3", 34, 3, 1],
    ["100 % of 7", 100, 7, 7],
  ];
  it("is a percentage of the nodes, rounded down but at least 1, or a number", async () => {
    await everyRow(percentages, (percent, nodes, many) =>
      assert.equal(concurrencyOf({ percent }, nodes), many),
    );
    assert.equal(concurrencyOf({ nodes: 3 }, 1000), 3);
  });
});

describe("The limits for a zone and for a pool", () => {
  const kinds: [name: string, kind: "zone" | "pool", limit: "maxPerZone" | "maxPerPool"][] = [
    ["zone", "zone", "maxPerZone"],
    ["pool", "pool", "maxPerPool"],
  ];
  const lockOf = (kind: "zone" | "pool") =>
    several(holder("a", { [kind]: "x" }), holder("b", { [kind]: "y" }));

  it("refuse a node that would be one too many in it, and no other node", () =>
    everyRow(kinds, (kind, limit) => {
      const lock = lockOf(kind);
      const refused = asks(lock, { [limit]: 1 }, { [kind]: "x" });
      assert.deepEqual(refused, {
        gate: "lock",
        code: `lock-${kind}`,
        message: `all slots of ${kind} "x" are taken (1 of 1)`,
        by: ["a"],
      });
      assert.equal(asks(lock, {}, { [kind]: "x" }), undefined);
      assert.equal(asks(lock, { [limit]: 1 }, { [kind]: "z" }), undefined);
      assert.equal(asks(lock, { [limit]: 2 }, { [kind]: "x" }), undefined);
    }));

  it("count a holder in an unknown one everywhere, and every holder for a node in an unknown one", () =>
    everyRow(kinds, (kind, limit) => {
      assert.equal(code(asks(several(holder("kured")), { [limit]: 1 }, { [kind]: "x" })), `lock-${kind}`);
      assert.match(asks(lockOf(kind), { [limit]: 2 })?.message ?? "", /the unknown .* \(2 of 2\)/);
    }));
});

describe("A node of the control plane", () => {
  const names = ["me", "cp2", "cp3"];

  it("enters alone of its kind, whatever the limits say", () => {
    const controlPlane = { names, notReady: [] };
    const refused = asks(several(holder("w1"), holder("cp2")), {}, { controlPlane });
    assert.deepEqual([code(refused), refused?.by], ["lock-control-plane", ["cp2"]]);
    assert.equal(asks(several(holder("w1")), {}, { controlPlane }), undefined);
  });

  it("of a control plane that cannot be listed waits for each holder that is not known for a worker", () => {
    const controlPlane = { names: ["cp2"], notReady: [], workers: ["w1"] };
    const beside = (...names: string[]) =>
      code(asks(several(...names.map((name) => holder(name))), {}, { controlPlane }));
    assert.equal(beside("w1"), undefined);
    assert.equal(beside("w1", "cp2"), "lock-control-plane");
    assert.equal(beside("entered-since"), "lock-control-plane");
  });

  it("does not enter beside one that is not Ready", () => {
    const refused = asks(free, {}, { controlPlane: { names, notReady: ["cp3"] } });
    assert.deepEqual(refused, {
      gate: "lock",
      code: "control-plane-not-ready",
      message: "control-plane nodes are not Ready: cp3",
      dependsOnNodes: true,
    });
  });

  const sizes: [of: string[], notReady: string[], enters: boolean][] = [
    [["me"], [], true],
    [["me", "cp2"], [], true],
    [["me", "cp2"], ["cp2"], false],
    [["me", "cp2", "cp3"], [], true],
    [["me", "cp2", "cp3"], ["cp2", "cp3"], false],
    [["me", "cp2", "cp3"], ["me"], true],
    // A majority would be left, but nothing more to lose.
    [["me", "cp2", "cp3", "cp4", "cp5"], ["cp2"], false],
  ];
  it("does not enter if any other one is not Ready, whatever their number", () =>
    everyRow(
      sizes.map(([of, notReady, enters]) => [`${notReady} of ${of}`, of, notReady, enters] as const),
      (of, notReady, enters) => {
        const refused = asks(free, {}, { controlPlane: { names: of, notReady } });
        assert.equal(code(refused), enters ? undefined : "control-plane-not-ready");
      },
    ));

  const pods: [podsDown: string[] | undefined, named: string | undefined][] = [
    [undefined, undefined],
    [[], undefined],
    [["kube-system/etcd-cp2"], "kube-system/etcd-cp2"],
    [
      ["kube-system/etcd-cp2", "kube-system/kube-apiserver-cp2"],
      "kube-system/etcd-cp2, kube-system/kube-apiserver-cp2",
    ],
    [["a/1", "a/2", "a/3", "a/4", "a/5", "a/6", "a/7"], "a/1, a/2, a/3, a/4, a/5 and 2 more"],
  ];
  it("does not enter while critical static pods of others are down, and names five of them", () =>
    everyRow(
      pods.map(([podsDown, named]) => [`${podsDown}`, podsDown, named] as const),
      (podsDown, named) => {
        const refused = asks(free, {}, { controlPlane: { names, notReady: [] }, podsDown });
        const code = "control-plane-not-whole";
        const message = `critical static pods of the control plane are not Ready: ${named}`;
        assert.deepEqual(refused, named && { gate: "lock", code, message, dependsOnNodes: true });
      },
    ));

  it("is refused for nodes that are not Ready before it is for their pods", () => {
    const view = { controlPlane: { names, notReady: ["cp2"] }, podsDown: ["kube-system/etcd-cp2"] };
    assert.equal(code(asks(free, {}, view)), "control-plane-not-ready");
  });
});

describe("The limit of unavailable nodes", () => {
  const counts: [what: string, lock: typeof free, unavailable: string[] | undefined, by: string[]][] = [
    ["Nodes that are not Ready or cordoned", free, ["x", "y"], ["x", "y"]],
    ["holders, who will be cordoned", several(holder("a"), holder("b")), undefined, ["a", "b"]],
    ["both", several(holder("a")), ["x"], ["x", "a"]],
    ["a holder that is cordoned once", several(holder("a")), ["a", "x"], ["a", "x"]],
    ["two entries of one node once", several(holder("a"), holder("a")), ["x"], ["x", "a"]],
    ["neither this node's cordon nor its slot", several(holder("me"), holder("a")), ["me", "x"], ["x", "a"]],
    ["no entry that has expired", several(holder("a", { created: "2020-01-01T00:00:00Z", TTL: 1 })), [], []],
  ];
  it("counts Nodes that are not Ready or cordoned, and live holders, each once and without this node", () =>
    everyRow(counts, (lock, unavailable, by) => {
      const ask = (maxUnavailable: number) => asks(lock, { maxUnavailable }, { unavailable });
      if (by.length > 0) {
        const refused = ask(by.length);
        assert.deepEqual([code(refused), refused?.by], ["too-many-unavailable", by]);
      }
      assert.equal(ask(by.length + 1), undefined);
    }));

  it("names both numbers, and requires another look at the Nodes unless the lock alone shows the change", () => {
    const says = (unavailable: string[], maxUnavailable: number) =>
      asks(free, { maxUnavailable }, { unavailable })?.message;
    assert.equal(
      says(["x", "y", "z"], 2),
      "3 nodes are not Ready, cordoned or in the lock; --max-unavailable allows 2 with this one",
    );
    assert.equal(
      says(["x"], 1),
      "1 node is not Ready, cordoned or in the lock; --max-unavailable allows 1 with this one",
    );
    const one = several(holder("a"));
    assert.equal(asks(one, { maxUnavailable: 1 }, { unavailable: ["x"] })?.dependsOnNodes, undefined);
    assert.equal(asks(one, { maxUnavailable: 2 }, { unavailable: ["x"] })?.dependsOnNodes, true);
  });

  it("is none unless it is set, and comes after all reasons in the lock", () => {
    assert.equal(asks(free, {}, { unavailable: ["x", "y"] }), undefined);
    const limits = { concurrency: 1, maxUnavailable: 1 };
    assert.equal(code(asks(single(holder("a")), limits, { unavailable: ["x"] })), "lock-taken");
  });
});
