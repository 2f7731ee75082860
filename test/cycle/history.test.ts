import assert from "node:assert/strict";
import { decide } from "../../daemon/cycle/decide.ts";
import { boundsSeconds, historyAfter, longer, noHistory, total } from "../../daemon/cycle/history.ts";
import {
  type CycleRecord,
  clamped,
  idleAfter,
  parseRecord,
  shifted,
  writeRecord,
} from "../../daemon/cycle/record.ts";
import { tookAlso } from "../../daemon/cycle/took.ts";
import { everyRow } from "../rows.ts";
import { ended, idle, iso, minute, noon, policy, record, saved, seen } from "./builders.ts";

const second = 1000;
const day = 24 * 60 * minute;

describe("A cycle", () => {
  /** As the machine in the middle of it was found by a later process. */
  const stored = (changes: CycleRecord) => parseRecord(writeRecord(changes)).record ?? assert.fail();
  const waiting = record({ phase: "Waiting", need: { source: "file", reasons: [], since: iso(noon) } });
  const free = { unschedulable: false };

  it("that reboots the node counts once, and each of its parts with its duration", () => {
    let at = noon + 90 * second;
    const step = (before: CycleRecord, facts: Parameters<typeof seen>[0], ms: number) => {
      at += ms;
      const { cordon, ...next } = saved(decide(before, seen(facts), policy({ readySettleMs: 0 }), at));
      return stored(next);
    };
    const drains = step({ ...waiting, cordoned: false }, { node: free }, 0);
    assert.deepEqual([drains.tookMs, drains.history], [{ wait: 90 * second }, undefined]);
    const done = { drain: { state: "done", at: 0 }, stage: "reboot" } as const;
    const reboots = step(drains, done, 4 * minute);
    const returns = step(reboots, { rebooted: true }, 50 * second);
    assert.deepEqual(returns.tookMs, { wait: 90 * second, drain: 4 * minute, boot: 50 * second });
    const seenAt = iso(at);
    const settles = step(returns, { rebooted: true }, 20 * second);
    const { cycles, parts, rebootedAt } = settles.history ?? assert.fail();
    assert.deepEqual(cycles, { rebooted: 1, failed: 0, withdrawn: 0 });
    assert.deepEqual(
      Object.entries(parts).map(([part, { counts, sumMs }]) => [
        part,
        counts.indexOf(1),
        total(counts),
        sumMs,
      ]),
      [
        ["wait", 2, 1, 90 * second],
        ["drain", 3, 1, 4 * minute],
        ["boot", 1, 1, 50 * second],
        ["return", 0, 1, 20 * second],
      ],
    );
    assert.equal(rebootedAt, seenAt);
    assert.deepEqual(settles.history?.last, [
      {
        result: "rebooted",
        at: iso(at),
        why: "linux-image",
        message: "rebooted, Ready and uncordoned",
        waitMs: 90 * second,
        drainMs: 4 * minute,
        bootMs: 50 * second,
        returnMs: 20 * second,
      },
    ]);
    const ends = step(settles, { rebooted: true, held: false }, 0);
    assert.deepEqual([ends.tookMs, ends.history], [undefined, settles.history]);
  });

  it("that fails counts once, with the parts that were over, and the node's record keeps it", () => {
    const before = historyAfter(undefined, ended("rebooted", {}, { rebootedAt: iso(noon - day) }));
    const draining = record({ phase: "Draining", tookMs: { wait: 5 * second }, history: before });
    const late = decide(draining, seen({ drain: { state: "none" } }), policy(), noon + 15 * minute);
    const { history } = saved(late);
    assert.deepEqual(history?.cycles, { rebooted: 1, failed: 1, withdrawn: 0 });
    assert.deepEqual(
      Object.values(history.parts).map(({ counts }) => total(counts)),
      [1, 0, 0, 0],
    );
    assert.equal(history.rebootedAt, iso(noon - day));
    assert.deepEqual(
      history.last.map(({ result, why, waitMs, drainMs }) => [result, why, waitMs, drainMs]),
      [
        ["failed", "linux-image", 5 * second, undefined],
        ["rebooted", "file", undefined, undefined],
      ],
    );
    const restored = { ...saved(late), phase: "Restoring" } as const;
    const failed = saved(decide(restored, seen({ held: false }), policy(), noon));
    assert.deepEqual([failed.phase, failed.tookMs, failed.history], ["Failed", undefined, history]);
    assert.deepEqual(idleAfter(failed, noon).history, history);
  });

  it("has waited since the need, its last cycle or the opening of the window, whichever is the latest", () =>
    everyRow(
      [
        ["the need alone", { phase: "Idle" }, undefined, 60],
        ["a failure since", { phase: "Failed", since: iso(noon - 40 * minute), failures: 1 }, undefined, 40],
        ["a need since the last cycle", { since: iso(noon - 90 * minute) }, undefined, 60],
        ["a window that opened", {}, noon - 10 * minute, 10],
        ["a window that has long been open", {}, noon - day, 60],
        ["a need without a time", { phase: "Idle", need: undefined }, undefined, 0],
      ] as const,
      (changes, openSince, minutes) => {
        const before = record({
          phase: "Waiting",
          since: iso(noon - 60 * minute),
          cordoned: false,
          need: { source: "file", reasons: [], since: iso(noon - 60 * minute) },
          ...changes,
        });
        const now = seen({ node: free, stage: "slot" });
        const gates = { stage: "slot", closed: [], openSince } as const;
        const { tookMs } = saved(decide(before, { ...now, gates }, policy(), noon));
        assert.equal(tookMs?.wait, minutes * minute);
      },
    ));
});

describe("The duration of a part", () => {
  it("is not negative or longer than a day, whatever the clock was set to", () => {
    assert.deepEqual(tookAlso(undefined, "boot", noon, noon - minute), { boot: 0 });
    assert.deepEqual(tookAlso(undefined, "boot", 0, noon), { boot: day });
  });

  it("is the sum where the part comes again in the cycle", () => {
    assert.deepEqual(tookAlso({ wait: 1, drain: 5 }, "drain", noon, noon + 7), { wait: 1, drain: 12 });
  });

  it("is in the first bucket that has room for it, its bound included", () => {
    const indexOf = (ms: number) =>
      historyAfter(undefined, ended("rebooted", { drain: ms })).parts.drain.counts.indexOf(1);
    assert.deepEqual([0, 30_000, 30_001, 14_400_000, 14_400_001, day].map(indexOf), [0, 0, 1, 7, 8, 8]);
  });
});

describe("The history in a record", () => {
  const history = historyAfter(
    undefined,
    ended("rebooted", { wait: 1, drain: 2, boot: 3, return: 4 }, { rebootedAt: iso(noon) }),
  );
  const read = (forged: unknown) =>
    parseRecord(JSON.stringify({ ...idle(), history: forged })).record?.history;
  const withDrain = (drain: unknown) => ({ ...history, parts: { ...history.parts, drain } });
  const eights = Array(boundsSeconds.length).fill(0);

  it("is read as it was written, and is short", () => {
    const text = writeRecord(idle({ history }));
    assert.deepEqual(parseRecord(text).record?.history, history);
    assert.ok(text.length - writeRecord(idle()).length < 600, text);
  });

  it("counts for nothing where it was forged, and harms nothing", () =>
    everyRow(
      [
        ["text", "many", undefined],
        ["no object", [1], undefined],
        ["no cycles", { parts: history.parts }, undefined],
        ["no parts", { cycles: history.cycles }, undefined],
        [
          "a negative count",
          { ...history, cycles: { rebooted: -1 } },
          { ...history, cycles: noHistory.cycles },
        ],
        ["half a cycle", { ...history, cycles: { failed: 0.5 } }, { ...history, cycles: noHistory.cycles }],
        [
          "more than there can be",
          { ...history, cycles: { failed: 1e15 } },
          { ...history, cycles: noHistory.cycles },
        ],
        ["another outcome", { ...history, cycles: { ...history.cycles, won: 7 } }, history],
        ["a part as text", withDrain("long"), withDrain(noHistory.parts.drain)],
        ["too few buckets", withDrain({ counts: eights, sumMs: 0 }), withDrain(noHistory.parts.drain)],
        [
          "too many buckets",
          withDrain({ counts: [...eights, 0, 0], sumMs: 0 }),
          withDrain(noHistory.parts.drain),
        ],
        [
          "a count as text",
          withDrain({ counts: [...eights, "1"], sumMs: 0 }),
          withDrain(noHistory.parts.drain),
        ],
        [
          "a negative bucket",
          withDrain({ counts: [...eights, -1], sumMs: 0 }),
          withDrain(noHistory.parts.drain),
        ],
        [
          "a sum without counts",
          withDrain({ counts: [...eights, 0], sumMs: 1 }),
          withDrain(noHistory.parts.drain),
        ],
        [
          "a sum beyond its counts",
          withDrain({ counts: [...eights, 1], sumMs: day + 1 }),
          withDrain(noHistory.parts.drain),
        ],
        [
          "an infinite sum",
          withDrain({ counts: [...eights, 1], sumMs: null }),
          withDrain(noHistory.parts.drain),
        ],
      ] as const,
      (forged, understood) => assert.deepEqual(read(forged), understood),
    ));

  it("has no reboot where its time cannot be read", () => {
    assert.deepEqual(read({ ...history, rebootedAt: "yesterday" }), { ...history, rebootedAt: undefined });
  });

  it("is the one of more cycles, where two are known", () => {
    const more = historyAfter(history, ended("failed"));
    const pairs = [
      [history, more],
      [more, history],
      [undefined, more],
      [more, undefined],
    ] as const;
    for (const [one, other] of pairs) assert.equal(longer(one, other), more);
    assert.equal(longer(undefined, undefined), undefined);
  });

  it("stops counting at a number that no node reaches", () => {
    const full = { ...history, cycles: { ...history.cycles, failed: 1e9 } };
    assert.deepEqual(historyAfter(full, ended("failed")).cycles, full.cycles);
  });

  it("has the time of the last reboot set with the clock, and not from the future", () => {
    const of = (record: CycleRecord) => record.history?.rebootedAt;
    assert.equal(of(shifted(idle({ history }), minute)), iso(noon + minute));
    assert.equal(of(clamped(idle({ history }), noon - minute)), iso(noon - minute));
    assert.equal(of(shifted(idle({ history: noHistory }), minute)), undefined);
  });
});

describe("The durations in a record", () => {
  it("are left out where they cannot be", () => {
    const read = (tookMs: unknown) => parseRecord(JSON.stringify({ ...idle(), tookMs })).record?.tookMs;
    const nothing = { drain: undefined, boot: undefined, return: undefined };
    assert.deepEqual(read({ wait: 5, drain: -1, boot: day + 1, return: "1" }), { wait: 5, ...nothing });
    assert.equal(read("long"), undefined);
  });
});
