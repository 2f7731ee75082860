import assert from "node:assert/strict";
import { decide } from "../../daemon/cycle/decide.ts";
import { toTheSecond } from "../../daemon/time/iso.ts";
import { everyCase, everyRow } from "../rows.ts";
import { action, idle, iso, minute, noon, policy, record, saved, seen } from "./builders.ts";

describe("A failed node", () => {
  const failed = (failures: number) => idle({ phase: "Failed", failures });
  it("backs off for longer after each failure, up to an hour", async () => {
    await everyRow(
      (
        [
          [1, minute],
          [2, 2 * minute],
          [3, 4 * minute],
          [7, 60 * minute],
          [30, 60 * minute],
        ] as const
      ).map(([failures, pause]) => [`${failures} failures`, failures, pause] as const),
      (failures, pause) => {
        const never = policy({ maxFailuresPerNode: 0 });
        assert.deepEqual(action(decide(failed(failures), seen({ held: false }), never, noon)), {
          do: "wait",
          until: noon + pause,
        });
        const later = decide(failed(failures), seen({ held: false }), never, noon + pause);
        assert.equal(action(later).do, "acquire");
      },
    );
  });

  it("says what failed and when the next attempt is, and leaves the slot to others", () =>
    everyCase({
      "says what failed, and when the next attempt is": () => {
        const outcome = { result: "failed", at: iso(noon), message: "the drain broke" } as const;
        const { why } = decide({ ...failed(1), outcome }, seen({ held: false }), policy(), noon);
        assert.equal(
          why,
          "backing off after 1 failure (the drain broke); next attempt at 2026-11-24T12:01:00Z",
        );
      },
      "leaves the slot to others meanwhile": () => {
        assert.deepEqual(action(decide(failed(1), seen({ held: true }), policy(), noon)), { do: "release" });
      },
    }));

  it("is given up after too many failures, and says so on the Node, until a person acts", () => {
    const outcome = { result: "failed", at: iso(noon), message: "the drain broke" } as const;
    const restoring = record({ phase: "Restoring", cordoned: false, failures: 3, outcome });
    const next = saved(decide(restoring, seen({ held: false }), policy(), noon));
    assert.equal(next.phase, "Failed");
    assert.deepEqual(
      next.reasons.map(({ gate, code }) => [gate, code]),
      [["failures", "given-up"]],
    );
    assert.match(
      next.reasons[0]?.message ?? "",
      /^gave up after 3 failures in a row; run 'rebootd resume NODE' or /,
    );
    const later = decide(next, seen({ held: false }), policy(), noon + 24 * 60 * minute);
    assert.deepEqual([action(later), later.reasons], [{ do: "wait" }, next.reasons]);
    const slow = { ...next, slowGraceSeconds: 7200 };
    const heeded = saved(decide(slow, seen({ held: false, request: "true" }), policy(), noon));
    assert.deepEqual([heeded.phase, heeded.failures, heeded.reasons], ["Waiting", 0, []]);
    assert.equal(heeded.slowGraceSeconds, undefined, "a pod that has outlasted a drain is tried once more");
  });
});

describe("A node whose cycle was cancelled", () => {
  const outcome = {
    result: "withdrawn",
    at: iso(noon),
    message: "this node no longer holds the slot",
  } as const;
  const waiting = (withdrawals: number) =>
    record({ phase: "Waiting", cordoned: false, withdrawals, outcome });

  it("backs off for longer after each, up to an hour, and says so", async () => {
    await everyRow(
      (
        [
          [1, 2 * minute],
          [2, 10 * minute],
          [3, 50 * minute],
          [4, 60 * minute],
          [50, 60 * minute],
        ] as const
      ).map(([withdrawals, pause]) => [`${withdrawals} of them`, withdrawals, pause] as const),
      (withdrawals, pause) => {
        const next = saved(decide(waiting(withdrawals), seen({ held: false }), policy(), noon));
        assert.deepEqual(
          next.reasons.map(({ gate, code, message }) => [gate, code, message]),
          [
            [
              "rest",
              "withdrawn",
              `backing off after a cancelled cycle (this node no longer holds the slot); next attempt at ${toTheSecond(noon + pause)}`,
            ],
          ],
        );
        const still = decide(next, seen({ held: false }), policy(), noon);
        assert.deepEqual(action(still), { do: "wait", until: noon + pause });
        const later = decide(waiting(withdrawals), seen({ held: false }), policy(), noon + pause);
        assert.equal(action(later).do, "acquire");
      },
    );
  });

  it("counts cancelled cycles until a reboot or a person resets that", () =>
    everyCase({
      "counts the cancelled cycle when it is restored, and no failure": () => {
        const next = saved(decide(record({ phase: "Draining" }), seen({ held: false }), policy(), noon));
        assert.deepEqual([next.withdrawals, next.failures, next.outcome], [1, 0, outcome]);
      },
      "resets that count once it has rebooted, or where a person asks": () => {
        const back = record({ phase: "Returning", withdrawals: 3, failures: 2, since: iso(noon - minute) });
        const next = saved(decide(back, seen({ rebooted: true, readySince: noon - minute }), policy(), noon));
        assert.deepEqual([next.phase, next.withdrawals, next.failures], ["Settling", 0, 0]);
        const heeded = saved(decide(waiting(3), seen({ held: false, request: "true" }), policy(), noon));
        assert.equal(heeded.withdrawals, 0);
      },
    }));
});

describe("A node whose record has no outcome", () => {
  it("ends its cycle, and backs off, all the same", () =>
    everyCase({
      "ends its cycle all the same": () => {
        const decision = decide(record({ phase: "Restoring" }), seen({ held: false }), policy(), noon);
        assert.equal(saved(decision).phase, "Waiting");
        assert.equal(decision.why, "the cycle has ended");
      },
      "backs off after a failure all the same": () => {
        const decision = decide(
          idle({ phase: "Failed", failures: 1 }),
          seen({ held: false }),
          policy(),
          noon,
        );
        assert.match(decision.why, /backing off after 1 failure \(unknown why\)/);
      },
    }));
});
