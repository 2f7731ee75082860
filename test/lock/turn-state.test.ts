import assert from "node:assert/strict";
import type { Refusal } from "../../daemon/lock/refusal.ts";
import { initialTurn, onTurnEvent, type TurnEvent, type TurnRequest } from "../../daemon/lock/turn-state.ts";
import { everyRow } from "../rows.ts";
import { free } from "./builders.ts";

const taken: Refusal = { gate: "lock", code: "lock-taken", message: "all slots are taken" };
const halted = (message: string): Refusal => ({ gate: "lock", code: "halted", message });

const reads = (refusal?: Refusal): TurnEvent => {
  return { event: "followed", reported: refusal, facts: { ...free, refusal } };
};
const shows = (refusal?: Refusal, hasEntered = false): TurnEvent => {
  return { event: "watched", facts: { ...free, refusal }, hasEntered };
};
const showsEntry = shows(undefined, true);

/** Each event with the requests that follow from it. */
function check(...steps: readonly (readonly [TurnEvent, ...TurnRequest[]])[]): void {
  let state = initialTurn;
  for (const [index, [event, ...requests]] of steps.entries()) {
    const step = onTurnEvent(state, event);
    assert.deepEqual(step.requests, requests, `${index + 1}: ${event.event}`);
    state = step.next;
  }
}

describe("The state of a node that waits for its turn", () => {
  const over = { event: "delay-over" } as const;
  const claimed = { event: "claimed" } as const;
  const rows: [what: string, ...steps: (readonly [TurnEvent, ...TurnRequest[]])[]][] = [
    ["one delay, one turn", [reads(), "delay"], [reads()], [shows()], [over, "call-due"], [shows()]],
    ["a new delay after a claim", [reads(), "delay"], [over, "call-due"], [claimed], [reads(), "delay"]],
    [
      "an entry of another beside a free slot",
      [reads(), "delay"],
      [showsEntry, "lengthen-delay"],
      [over, "call-due"],
    ],
    ["such an entry once it is due", [reads(), "delay"], [over, "call-due"], [showsEntry]],
    ["no claim before the turn", [reads(), "delay"], [claimed], [shows()], [over, "call-due"]],
    ["taken meanwhile", [reads(), "delay"], [shows(taken), "end-delay", "pause-report"], [shows(), "delay"]],
    ["taken at the turn", [reads(), "delay"], [over, "call-due"], [reads(taken)], [reads(), "delay"]],
    ["stopped", [reads(), "delay"], [{ event: "stopped" }, "end-delay"], [reads(), "delay"]],
  ];
  it("delays its turn once for each free slot, and gives it up when the slot is taken", () =>
    everyRow(rows, (...steps) => check(...steps)));

  const ended = { event: "report-pause-over" } as const;
  const news: typeof rows = [
    ["the same reason", [reads(taken)], [shows({ ...taken, message: "by others" })]],
    ["another reason, once", [reads(taken)], [shows(halted("3")), "pause-report"], [shows(halted("3"))]],
    ["a pause that ends", [reads(taken)], [shows(halted("3")), "pause-report"], [ended, "call-news"]],
    ["over meanwhile", [reads(taken)], [shows(halted("3")), "pause-report"], [shows(taken)], [ended]],
    ["another sentence of a halt", [reads(halted("3"))], [shows(halted("4")), "pause-report"]],
    ["a free slot", [reads(halted("3"))], [shows(), "delay"]],
  ];
  it("reports another reason after one pause, and another sentence only of people and halts", () =>
    everyRow(news, (...steps) => check(...steps)));

  const broke = { event: "watch-broke" } as const;
  const trustOver = (isStale: boolean) => ({ event: "trust-over", isStale }) as const;
  const trust: typeof rows = [
    ["once", [broke, "await-trust-end"], [broke], [trustOver(true), "call-news"], [broke, "await-trust-end"]],
    ["read meanwhile", [broke, "await-trust-end"], [trustOver(false)]],
  ];
  it("has the lock read again once its watch has broken and the last read is no longer trusted", () =>
    everyRow(trust, (...steps) => check(...steps)));

  it("remembers the need of the last entrant after that one has left", () => {
    const entrant = (created: string, neededSince: string) => ({ nodeID: created, created, neededSince });
    const holders = [entrant("2026-11-24T12:00:00Z", "b"), entrant("2026-11-24T11:00:00Z", "a")];
    const { next } = onTurnEvent(initialTurn, {
      event: "watched",
      facts: { ...free, holders },
      hasEntered: true,
    });
    const after = onTurnEvent(onTurnEvent(next, reads(taken)).next, { event: "stopped" }).next;
    assert.deepEqual([next.lastEntrantNeededSince, after.lastEntrantNeededSince], ["b", "b"]);
  });
});
