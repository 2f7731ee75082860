import assert from "node:assert/strict";
import type { Machine } from "../kubernetes/machines/machine.ts";
import { sentinelFile } from "../kubernetes/machines/machine.ts";
import { everyRow } from "../rows.ts";
import { holder, manual, minutes, nodeObject, startedAt } from "./builders.ts";
import { type TruthWorld, watchTruth } from "./tells-the-truth.ts";

const quiet = { isUndisturbed: () => true };

/** n1 says `record`, in a world in which nothing else is, for as long as is asked. */
function lies(
  record: object,
  facts: Partial<TruthWorld> & { isNeeded?: boolean; isGoingDown?: boolean } = {},
) {
  const { isNeeded = false, isGoingDown = false, ...view } = facts;
  let now = startedAt;
  const said: string[] = [];
  const machine = {
    isUp: true,
    isGoingDown,
    boots: [{ bootID: "boot-1", bootedAt: startedAt }],
    hasFile: (file: string) => isNeeded && file === sentinelFile,
  } as unknown as Machine;
  const truth = watchTruth({
    now: () => now,
    nodes: () => ["n1"],
    stored: () => nodeObject("n1", { record, bootID: "boot-1" }),
    machine: () => machine,
    entries: () => [],
    lockVersion: () => "1",
    isWindowOpen: () => true,
    limitsMs: () => ({
      draining: minutes(20),
      rebooting: minutes(20),
      settle: minutes(1),
      release: 0,
      trust: minutes(10),
    }),
    isInLock: () => false,
    lostSlotAt: () => undefined,
    isUnlocked: () => false,
    hasSecond: () => false,
    isAlerting: () => false,
    runningSince: () => startedAt - minutes(60),
    awaitsMore: () => false,
    disturbances: quiet,
    blindness: quiet,
    muteness: quiet,
    violate: (_, message) => void said.push(message),
    ...view,
  });
  return (forMs: number) => {
    for (const end = now + forMs; now < end; now += 10_000) truth.tick();
    return said.splice(0);
  };
}

const reasonOf = (gate: string, code: string) => ({
  phase: "Waiting",
  reasons: [{ gate, code, message: "it says so" }],
});

describe("P11, tells the truth, is broken by a Node that", () => {
  const rows: [string, Parameters<typeof lies>, minutes: number, message: RegExp][] = [
    ["is Idle", [{ phase: "Idle" }, { isNeeded: true }], 2, /is Idle, and its sentinel is there/],
    ["waits for a window", [reasonOf("window", "outside")], 2, /outside the window, which is open/],
    ["waits for a slot", [reasonOf("lock", "lock-taken")], 2, /all slots are taken, and the lock is free/],
    ["waits for alerts", [reasonOf("alerts", "active")], 3, /alerts are active, and there are none/],
    ["holds a slot", [{ phase: "Idle" }, { isInLock: () => true }], 12, /has a slot, and is Idle/],
    [
      "is robbed",
      [{ phase: "Returning" }, { lostSlotAt: () => startedAt, awaitsMore: () => true }],
      2,
      /does not put its slot back/,
    ],
    ["settles", [{ phase: "Settling" }], 2, /Settling, for longer than it may/],
    [
      "keeps quiet about a manual entry",
      [reasonOf("lock", "lock-taken"), { isNeeded: true, entries: () => [manual("me"), holder("n2")] }],
      2,
      /does not say that the lock is set by hand/,
    ],
    ["drains", [{ phase: "Draining", reasons: [{}] }], 21, /for longer than a drain may take/],
    ["drains without a word", [{ phase: "Draining" }], 3, /does not say what for/],
    ["reboots", [{ phase: "Rebooting" }], 21, /its machine does not go down/],
    ["returns", [{ phase: "Returning" }], 3, /is Returning, and is back/],
  ];

  it("says what is no longer so, once it has for too long", () =>
    everyRow(rows, (told, minutesMax, message) => {
      const watch = lies(...told);
      assert.deepEqual(watch(30_000), []);
      const said = watch(minutes(minutesMax));
      assert.equal(said.length, 1, said.join("; "));
      assert.match(said[0] ?? "", message);
    }));

  it("is not that of a node whose slot is lost again as often as it puts it back", () => {
    let looks = 0;
    const lostSlotAt = () => {
      looks += 1;
      return startedAt + minutes(Math.floor(looks / 6));
    };
    assert.deepEqual(lies({ phase: "Returning" }, { lostSlotAt, awaitsMore: () => true })(minutes(30)), []);
  });

  it("is nobody's while its daemon cannot see or say anything", () => {
    const blocked = { isUndisturbed: () => false };
    assert.deepEqual(lies({ phase: "Idle" }, { isNeeded: true, disturbances: blocked })(minutes(30)), []);
    assert.deepEqual(lies({ phase: "Idle" }, { isNeeded: true, muteness: blocked })(minutes(30)), []);
    const isDown = { isNeeded: true, runningSince: () => Number.POSITIVE_INFINITY };
    assert.deepEqual(lies({ phase: "Idle" }, isDown)(minutes(30)), []);
  });
});
