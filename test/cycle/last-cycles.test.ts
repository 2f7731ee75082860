import assert from "node:assert/strict";
import { historyAfter, noHistory } from "../../daemon/cycle/history.ts";
import { type LastCycle, lastCyclesAfter, lastCyclesMax } from "../../daemon/cycle/last-cycles.ts";
import { clamped, parseRecord, shifted, writeRecord } from "../../daemon/cycle/record.ts";
import { everyRow } from "../rows.ts";
import { ended, idle, iso, minute, noon } from "./builders.ts";

/** As it is read from a record. */
function read(last: unknown): LastCycle[] | undefined {
  const { record } = parseRecord(JSON.stringify({ ...idle(), history: { ...noHistory, last } }));
  return record?.history?.last;
}

const cycle = { result: "failed", at: iso(noon), why: "linux-image", message: "m", drainMs: 5 } as const;

describe("The last cycles of a node", () => {
  it("are the newest, the newest first", () => {
    const times = Array.from({ length: lastCyclesMax + 3 }, (_, index) => iso(noon + index * minute));
    const last = times.reduce<LastCycle[]>((before, at) => {
      const outcome = { result: "rebooted", at, message: "m" } as const;
      return lastCyclesAfter(before, { outcome, need: undefined, took: {} });
    }, []);
    assert.deepEqual(
      last.map(({ at }) => at),
      times.toReversed().slice(0, lastCyclesMax),
    );
  });

  it("say why the reboot was needed", () =>
    everyRow(
      [
        ["the reasons", { source: "file", reasons: ["linux-image", "libc6"] }, "linux-image, libc6"],
        ["the source", { source: "command", reasons: [] }, "command"],
        ["nothing", undefined, ""],
      ] as const,
      (need, why) => assert.equal(lastCyclesAfter([], { ...ended("failed"), need })[0]?.why, why),
    ));

  it("take at most 2,000 characters of the record, however long their texts are", () => {
    const long = { need: { source: "file", reasons: Array(500).fill("linux-image-\u0007\n") } };
    const took = { wait: 86_400_000, drain: 86_400_000, boot: 86_400_000, return: 86_400_000 };
    let history = noHistory;
    for (let times = 0; times < 20; times += 1)
      history = historyAfter(history, ended("withdrawn", took, { ...long, message: "\u202ex".repeat(9000) }));
    const text = writeRecord(idle({ history }));
    const more = text.length - writeRecord(idle({ history: { ...history, last: [] } })).length;
    assert.ok(more > 500 && more <= 2000, `${more} characters`);
    assert.deepEqual(parseRecord(text).record?.history?.last, history.last);
  });

  it("are none in the record of an older version", () => {
    const { last, ...older } = historyAfter(undefined, ended("rebooted"));
    const { record } = parseRecord(JSON.stringify({ ...idle(), history: older }));
    assert.deepEqual([record?.history?.cycles.rebooted, record?.history?.last], [1, []]);
  });

  it("are read as far as they can be, wherever others have written them", () => {
    return everyRow(
      [
        ["as written", [cycle], [cycle]],
        ["no list", { 0: cycle }, []],
        ["text", "many", []],
        ["nothing", null, []],
        ["one of them is none", [7, null, "x", [], {}, cycle], [cycle]],
        ["an outcome that is not known", [{ ...cycle, result: "won" }, cycle], [cycle]],
        ["no time", [{ ...cycle, at: "yesterday" }, cycle], [cycle]],
        ["a duration that cannot be", [{ ...cycle, drainMs: -1 }], [{ ...cycle, drainMs: undefined }]],
        ["no texts", [{ ...cycle, why: 5, message: ["m"] }], [{ ...cycle, why: "", message: "" }]],
        ["texts with lines", [{ ...cycle, why: "a\n\u001b[2Jb" }], [{ ...cycle, why: "a [2Jb" }]],
        ["unknown fields", [{ ...cycle, won: 7 }], [cycle]],
        ["too many", Array(1000).fill(cycle), Array(lastCyclesMax).fill(cycle)],
      ] as const,
      (forged, understood) => assert.deepEqual(read(forged), understood),
    );
  });

  it("have long texts of others cut", () => {
    const [one] = read([{ ...cycle, why: "y".repeat(9000), message: "m".repeat(9000) }]) ?? [];
    assert.ok((one?.why.length ?? 0) < 100 && (one?.message.length ?? 0) < 200);
  });

  it("have their times set with the clock, and not from the future", () => {
    const history = historyAfter(undefined, ended("failed"));
    assert.equal(shifted(idle({ history }), minute).history?.last[0]?.at, iso(noon + minute));
    assert.equal(clamped(idle({ history }), noon - minute).history?.last[0]?.at, iso(noon - minute));
  });
});
