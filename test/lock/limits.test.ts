import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import { type ClusterView, concurrencyOf, type Limits, refusal } from "../../daemon/lock/limits.ts";
import { type Holder, parseLock } from "../../daemon/lock/lock.ts";
import type { Refusal } from "../../daemon/lock/refusal.ts";

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

describe("A node that wants to enter", () => {
  it("may, while the lock is free", () => {
    assert.equal(asks(free, { concurrency: 1 }), undefined);
  });

  it("is told who holds the slots", () => {
    const refused = asks(several(holder("a"), holder("b")), { concurrency: 2 });
    assert.deepEqual(refused, {
      gate: "lock",
      code: "lock-taken",
      message: "all slots are taken (2 of 2)",
      by: ["a", "b"],
    });
  });

  it("is told which nodes are down without a slot, where those are in its way", () => {
    const absent = ["a", "b"].map((name) => holder(name, { concurrency: Number.POSITIVE_INFINITY }));
    const refused = asks(single(holder("c", { concurrency: 3 })), { concurrency: 3 }, { absent });
    assert.deepEqual(refused, {
      gate: "lock",
      code: "lock-lost",
      message: "all slots are taken (3 of 3), counting nodes that are down without a slot: a, b",
      by: ["c", "a", "b"],
      dependsOnNodes: true,
    });
  });

  it("is told why a person has locked", () => {
    const refused = asks(single({ nodeID: "manual", reason: "the switch\nis replaced" }));
    assert.equal(refused?.message, "locked manually: the switch is replaced");
  });
});

describe("The strictest limit counts", () => {
  it("of those who are in: nobody enters beside a holder above its limit", () => {
    assert.equal(code(asks(single(holder("a", { concurrency: 1 })), { concurrency: 5 })), "lock-taken");
    const two = several(holder("a", { concurrency: 2 }), holder("b", { concurrency: 5 }));
    assert.equal(code(asks(two, { concurrency: 5 })), "lock-taken");
  });

  it("only for as long as its holder is in", () => {
    assert.equal(asks(several(holder("b", { concurrency: 5 })), { concurrency: 5 }), undefined);
  });

  it("and is one beside a kured in the single shape, which would not find itself in the several one", () => {
    assert.equal(code(asks(single(holder("a")), { concurrency: 5 })), "lock-taken");
    assert.equal(asks(several(holder("a")), { concurrency: 5 }), undefined);
  });

  it("unless it is no number", () => {
    const odd = { concurrency: "many" } as unknown as Partial<Holder>;
    assert.equal(asks(several(holder("a", odd)), { concurrency: 2 }), undefined);
  });
});

describe("A percentage of the nodes", () => {
  for (const [percent, nodes, count] of [
    [10, 100, 10],
    [10, 109, 10],
    [10, 9, 1],
    [34, 3, 1],
    [100, 7, 7],
  ] as const) {
    it(`of ${percent} is ${count} of ${nodes}`, () => assert.equal(concurrencyOf({ percent }, nodes), count));
  }

  it("is not looked at where a number was asked for", () => {
    assert.equal(concurrencyOf({ nodes: 3 }, 1000), 3);
  });
});

for (const [kind, limit] of [
  ["zone", "maxPerZone"],
  ["pool", "maxPerPool"],
] as const) {
  describe(`The limit for a ${kind}`, () => {
    const lock = several(holder("a", { [kind]: "x" }), holder("b", { [kind]: "y" }));

    it("refuses who would be one too many in it", () => {
      const refused = asks(lock, { [limit]: 1 }, { [kind]: "x" });
      assert.deepEqual(refused, {
        gate: "lock",
        code: `lock-${kind}`,
        message: `all slots of ${kind} "x" are taken (1 of 1)`,
        by: ["a"],
      });
    });

    it("lets others in", () => {
      assert.equal(asks(lock, { [limit]: 1 }, { [kind]: "z" }), undefined);
      assert.equal(asks(lock, { [limit]: 2 }, { [kind]: "x" }), undefined);
    });

    it(`counts holders whose ${kind} is not known as if they were in it`, () => {
      assert.equal(code(asks(several(holder("kured")), { [limit]: 1 }, { [kind]: "x" })), `lock-${kind}`);
    });

    it(`counts every holder for a node whose own ${kind} is not known`, () => {
      assert.match(asks(lock, { [limit]: 2 })?.message ?? "", /the unknown .* \(2 of 2\)/);
    });

    it("is none unless it is set", () => {
      assert.equal(asks(lock, {}, { [kind]: "x" }), undefined);
    });
  });
}

describe("A node of the control plane", () => {
  const names = ["me", "cp2", "cp3"];

  it("enters alone of its kind, whatever the limits say", () => {
    const controlPlane = { names, notReady: [] };
    const refused = asks(several(holder("w1"), holder("cp2")), {}, { controlPlane });
    assert.deepEqual([code(refused), refused?.by], ["lock-control-plane", ["cp2"]]);
    assert.equal(asks(several(holder("w1")), {}, { controlPlane }), undefined);
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
    // A majority would be left, but nothing more to lose.
    [["me", "cp2", "cp3", "cp4", "cp5"], ["cp2"], false],
  ];
  for (const [of, notReady, enters] of sizes) {
    it(`${enters ? "may" : "may not"} enter, being one of ${of.length} of which ${notReady.length} are not Ready`, () => {
      const refused = asks(free, {}, { controlPlane: { names: of, notReady } });
      assert.equal(code(refused), enters ? undefined : "control-plane-not-ready");
    });
  }

  const pods: [podsDown: string[] | undefined, says: string | undefined][] = [
    [undefined, undefined],
    [[], undefined],
    [["kube-system/etcd-cp2"], "kube-system/etcd-cp2"],
    [
      ["kube-system/etcd-cp2", "kube-system/kube-apiserver-cp2"],
      "kube-system/etcd-cp2, kube-system/kube-apiserver-cp2",
    ],
    [["a/1", "a/2", "a/3", "a/4", "a/5", "a/6", "a/7"], "a/1, a/2, a/3, a/4, a/5 and 2 more"],
  ];
  for (const [podsDown, says] of pods) {
    it(`${says ? "does not enter" : "enters"} beside static pods that are down: ${podsDown?.join(", ")}`, () => {
      const refused = asks(free, {}, { controlPlane: { names, notReady: [] }, podsDown });
      const code = "control-plane-not-whole";
      const message = `critical static pods of the control plane are not Ready: ${says}`;
      assert.deepEqual(refused, says && { gate: "lock", code, message, dependsOnNodes: true });
    });
  }

  it("is told of nodes that are not Ready before it is of their pods", () => {
    const view = { controlPlane: { names, notReady: ["cp2"] }, podsDown: ["kube-system/etcd-cp2"] };
    assert.equal(code(asks(free, {}, view)), "control-plane-not-ready");
  });

  it("may enter when it is itself the one that is not Ready", () => {
    assert.equal(asks(free, {}, { controlPlane: { names, notReady: ["me"] } }), undefined);
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
  for (const [what, lock, unavailable, by] of counts) {
    it(`counts ${what}`, () => {
      const ask = (maxUnavailable: number) => asks(lock, { maxUnavailable }, { unavailable });
      if (by.length > 0) {
        const refused = ask(by.length);
        assert.deepEqual([code(refused), refused?.by], ["too-many-unavailable", by]);
      }
      assert.equal(ask(by.length + 1), undefined);
    });
  }

  it("says how many there are and how many may be", () => {
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
  });

  it("asks for another look at the Nodes only where not the lock alone tells", () => {
    const one = several(holder("a"));
    assert.equal(asks(one, { maxUnavailable: 1 }, { unavailable: ["x"] })?.dependsOnNodes, undefined);
    assert.equal(asks(one, { maxUnavailable: 2 }, { unavailable: ["x"] })?.dependsOnNodes, true);
  });

  it("comes after all that the lock says", () => {
    const limits = { concurrency: 1, maxUnavailable: 1 };
    assert.equal(code(asks(single(holder("a")), limits, { unavailable: ["x"] })), "lock-taken");
  });

  it("is none unless it is set", () => {
    assert.equal(asks(free, {}, { unavailable: ["x", "y"] }), undefined);
  });
});
