import assert from "node:assert/strict";
import { noHistory } from "../../daemon/cycle/history.ts";
import { type CycleRecord, idleRecord } from "../../daemon/cycle/record.ts";
import { cycleOf, tileOf } from "../../daemon/ui/tile.ts";
import type { CycleTimes } from "../../daemon/ui/wire.ts";
import { everyRow } from "../rows.ts";

const at = (minutes: number) => new Date(Date.UTC(2026, 10, 2, 2, minutes)).toISOString();
const minute = 60_000;
const record = (changes: Partial<CycleRecord>): CycleRecord => ({
  ...idleRecord(0),
  since: at(30),
  ...changes,
});
const slotSince = at(10);
const withLast = (last: (typeof noHistory)["last"][number]) => ({ history: { ...noHistory, last: [last] } });

describe("The times of a cycle on the page", () => {
  const rows: [what: string, record: Partial<CycleRecord>, times: CycleTimes | undefined][] = [
    ["none before the first cycle", { phase: "Waiting" }, undefined],
    ["a drain", { phase: "Draining" }, { drainFrom: at(30) }],
    [
      "a reboot, from when the machine was asked",
      { phase: "Rebooting", askedAt: at(31), tookMs: { drain: 5 * minute } },
      { drainFrom: at(26), downFrom: at(31) },
    ],
    [
      "a reboot without a time of its drain: from its slot",
      { phase: "Rebooting" },
      { drainFrom: slotSince, downFrom: at(30) },
    ],
    [
      "a return",
      { phase: "Returning", tookMs: { drain: 5 * minute, boot: 2 * minute } },
      { drainFrom: at(23), downFrom: at(28), backAt: at(30) },
    ],
    [
      "the end of a return",
      { phase: "Settling", tookMs: { drain: 5 * minute, boot: 2 * minute, return: minute } },
      { drainFrom: at(22), downFrom: at(27), backAt: at(29), endedAt: at(30), result: "rebooted" },
    ],
    ["a node that is restored: from its slot", { phase: "Restoring" }, { drainFrom: slotSince }],
    [
      "the last cycle, from its end",
      withLast({
        ...{ result: "rebooted", at: at(20), why: "", message: "" },
        ...{ drainMs: 3 * minute, bootMs: 2 * minute, returnMs: minute },
      }),
      { drainFrom: at(14), downFrom: at(17), backAt: at(19), endedAt: at(20), result: "rebooted" },
    ],
    [
      "a last cycle that ended in its drain",
      withLast({ result: "failed", at: at(20), why: "", message: "", drainMs: 3 * minute }),
      { drainFrom: at(17), endedAt: at(20), result: "failed" },
    ],
    [
      "a last cycle of which the outcome alone is known",
      { outcome: { result: "withdrawn", at: at(5), message: "", during: undefined } },
      { endedAt: at(5), result: "withdrawn" },
    ],
  ];
  it("are those of the record, as far as it has them", () =>
    everyRow(
      rows.map(([what, changes, times]) => [what, { changes, times }] as const),
      ({ changes, times }) => assert.deepEqual(cycleOf(record(changes), slotSince), times),
    ));
});

describe("A node on the page", () => {
  it("that is idle and well has its zone, its pool and nothing to tell", () => {
    const metadata = { name: "n1", labels: { "topology.kubernetes.io/zone": "a", "example.com/pool": "p" } };
    assert.deepEqual(tileOf("n1", { metadata, poolLabel: "example.com/pool" }), {
      ...{ name: "n1", phase: "Idle", zone: "a", pool: "p", holdsSlot: false },
      ...{ troubles: [], why: [], priority: "normal" },
    });
  });
});
