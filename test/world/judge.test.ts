import assert from "node:assert/strict";
import type { Fact, NodeState } from "./fact.ts";
import { judge, type Rules } from "./judge.ts";

/** A story is a list of facts, a second apart, in the order in which they were written. */
type Told = Fact extends infer F ? (F extends Fact ? Omit<F, "at" | "version"> : never) : never;
const startedAt = Date.parse("2026-01-01T00:00:00Z");
const story = (...told: Told[]): Fact[] =>
  told.map((fact, n) => ({ ...fact, at: startedAt + n * 1000, version: n + 1 }) as Fact);
const at = (n: number) => new Date(startedAt + n * 1000).toISOString();

const asFound: NodeState = {
  isReady: true,
  isCordoned: false,
  isCordonOurs: false,
  phase: undefined,
  reasons: [],
  bootID: "boot-1",
  taints: [],
  labels: {},
};
const node = (name: string, state: Partial<NodeState> = {}): Told => ({
  kind: "node",
  name,
  ...asFound,
  ...state,
});
const cordoned = { isCordoned: true, isCordonOurs: true };
const lock = (...holders: string[]): Told => ({
  kind: "lock",
  value: JSON.stringify({ locks: holders.map((nodeID) => ({ nodeID, created: at(0) })) }),
});
const sentinel = (name: string, isPresent = true): Told => ({ kind: "sentinel", name, isPresent });
const down = (name: string, cause: "command" | "power" = "command"): Told => ({
  kind: "down",
  name,
  bootID: "boot-1",
  cause,
});
const back = { bootID: "boot-2" };

/** One node's cycle without a fault. */
const cycle = (name: string): Told[] => [
  sentinel(name),
  lock(name),
  node(name, cordoned),
  down(name),
  sentinel(name, false),
  node(name, { ...cordoned, ...back, isReady: false }),
  node(name, { ...cordoned, ...back }),
  node(name, back),
  lock(),
];

function broken(facts: Fact[], rules: Partial<Rules> = {}): string[] {
  const { violations } = judge(facts, { concurrency: 1, isOver: true, ...rules });
  return violations.map(({ promise }) => promise);
}

describe("The judge", () => {
  describe("of a cycle without a fault", () => {
    const report = judge(story(node("a"), ...cycle("a")), { concurrency: 1, isOver: true });

    it("finds nothing", () => {
      assert.deepEqual(report.violations, []);
      assert.equal(report.maxUnavailable, 1);
    });

    it("knows when what happened", () => {
      const { cycles, ...rest } = report.nodes[0] ?? {};
      assert.deepEqual(rest, {
        name: "a",
        sentinelAt: at(1),
        cordonedAt: at(3),
        rebootedAt: at(4),
        readyAt: at(7),
        uncordonedAt: at(8),
        releasedAt: at(9),
        bootIDs: ["boot-1", "boot-2"],
      });
      assert.equal(cycles?.length, 1);
    });
  });

  it("takes what was seen in the order in which it was written", () => {
    const facts = story(node("a"), node("b"), ...cycle("a"), ...cycle("b"));
    assert.deepEqual(broken([...facts].reverse()), []);
  });

  it("finds two down where one may be, from the cordon of the second on", () => {
    const facts = story(node("a"), node("b"), lock("a", "b"), node("a", cordoned), node("b", cordoned));
    assert.deepEqual(broken(facts, { isOver: false }), ["never too many down"]);
    assert.deepEqual(broken(facts, { isOver: false, concurrency: 2 }), []);
  });

  it("counts a node as down until its slot is free", () => {
    const first = cycle("a").slice(0, -1);
    const second = [lock("a", "b"), node("b", cordoned)];
    assert.deepEqual(broken(story(node("a"), node("b"), ...first, ...second), { isOver: false }), [
      "never too many down",
    ]);
  });

  it("does not count a cordon of somebody else as down, but as unavailable", () => {
    const facts = story(node("a"), node("b", { isCordoned: true }), ...cycle("a"));
    const report = judge(facts, { concurrency: 1, isOver: true });
    assert.deepEqual(report.violations, []);
    assert.equal(report.maxUnavailable, 2);
  });

  it("finds a cordon without a slot, also when the slot was set by hand", () => {
    assert.deepEqual(broken(story(node("a"), node("a", cordoned)), { isOver: false }), [
      "no cordon without a slot",
    ]);
    const byHand: Told = { kind: "lock", value: '{"nodeID":"a"}' };
    assert.deepEqual(broken(story(node("a"), byHand, node("a", cordoned)), { isOver: false }), [
      "no cordon without a slot",
    ]);
  });

  it("finds a reboot after the slot was lost", () => {
    const facts = story(node("a"), lock("a"), node("a", cordoned), lock(), down("a"));
    assert.deepEqual(broken(facts, { isOver: false }), ["no reboot without a slot"]);
  });

  it("does not blame the daemon for a power failure", () => {
    const facts = story(
      node("a"),
      down("a", "power"),
      node("a", { ...back, isReady: false }),
      node("a", back),
    );
    assert.deepEqual(broken(facts), []);
  });

  it("reads the single shape of the lock as well", () => {
    const single: Told = { kind: "lock", value: JSON.stringify({ nodeID: "a", created: at(0) }) };
    assert.deepEqual(broken(story(node("a"), single, node("a", cordoned)), { isOver: false }), []);
  });

  it("finds pods that the reboot killed", () => {
    const killed: Told = { kind: "pod-killed", pod: "default/p", node: "a", wasStopping: false };
    const [first, ...rest] = cycle("a");
    assert.ok(first);
    assert.deepEqual(broken(story(node("a"), first, ...rest.slice(0, 3), killed, ...rest.slice(3))), [
      "no pod goes down with its node",
    ]);
  });

  it("finds a pod that was deleted without an eviction while its node drains, not at other times", () => {
    const deleted: Told = { kind: "pod-deleted", pod: "default/p", node: "a" };
    assert.deepEqual(broken(story(node("a"), deleted, ...cycle("a"), deleted)), []);
    const draining = story(node("a"), lock("a"), node("a", cordoned), deleted);
    assert.deepEqual(broken(draining, { isOver: false }), ["pods are evicted"]);
  });

  describe("of the end", () => {
    const unfinished: [string, Told[], string[]][] = [
      ["a slot", cycle("a").slice(0, -1), ["nothing is left behind"]],
      ["a cordon and a slot", cycle("a").slice(0, -2), ["nothing is left behind", "nothing is left behind"]],
      [
        "a taint",
        [...cycle("a"), node("a", { ...back, taints: ["x=:NoSchedule"] })],
        ["nothing is left behind"],
      ],
      ["a label", [...cycle("a"), node("a", { ...back, labels: { x: "y" } })], ["nothing is left behind"]],
      ["a need", [sentinel("a")], ["one reboot for each need"]],
      ["a second reboot", [...cycle("a"), lock("a"), down("a"), lock()], ["one reboot for each need"]],
    ];
    for (const [what, told, expected] of unfinished) {
      it(`finds ${what} that should not be`, () => {
        assert.deepEqual(broken(story(node("a"), ...told)), expected);
      });
    }

    it("finds that a cordon of somebody else was removed", () => {
      assert.deepEqual(broken(story(node("a", { isCordoned: true }), node("a"))), ["nothing is left behind"]);
    });

    it("takes as many reboots as the story asks for", () => {
      const facts = story(node("a"), ...cycle("a"), ...cycle("a"));
      assert.deepEqual(broken(facts), ["one reboot for each need"]);
      assert.deepEqual(broken(facts, { expectedReboots: { a: 2 } }), []);
    });
  });

  it("keeps the times of each cycle apart", () => {
    const { nodes } = judge(story(node("a"), ...cycle("a"), ...cycle("a")), {
      concurrency: 1,
      isOver: false,
    });
    assert.deepEqual(
      nodes[0]?.cycles.map(({ sentinelAt, releasedAt }) => [sentinelAt, releasedAt]),
      [
        [at(1), at(9)],
        [at(10), at(18)],
      ],
    );
  });
});
