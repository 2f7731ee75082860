import assert from "node:assert/strict";
import { parseDurationMs, parseLongDurationMs } from "../../daemon/time/duration.ts";
import { everyRow } from "../rows.ts";

describe("A duration", () => {
  const rows: [text: string, ms: number | undefined][] = [
    ["0", 0],
    ["1h", 3_600_000],
    ["1.5h", 5_400_000],
    ["1.h", 3_600_000],
    [".5m", 30_000],
    ["1h.5m", 3_630_000],
    ["1h15m30s", 4_530_000],
    ["1m1h", 3_660_000],
    ["250ms", 250],
    ["3us3µs", 0.006],
    ["2000000ns", 2],
    ["1", undefined],
    ["", undefined],
    ["h", undefined],
    ["1d", undefined],
    ["-1s", undefined],
    ["1s ", undefined],
    ["1s1", undefined],
    ["1..5s", undefined],
  ];
  it("is read as Go reads it", () =>
    everyRow(
      rows.map((row) => [`"${row[0]}"`, ...row] as const),
      (text, ms) => assert.equal(parseDurationMs(text), ms),
    ));
});

describe("A long duration", () => {
  const rows: [text: string, ms: number | undefined][] = [
    ["7d", 7 * 86_400_000],
    ["1d12h", 36 * 3_600_000],
    ["90m", 5_400_000],
    ["1.5d", undefined],
    ["12h1d", undefined],
    ["d", undefined],
    ["", undefined],
    ["1d x", undefined],
  ];
  it("may begin with days", () =>
    everyRow(
      rows.map((row) => [`"${row[0]}"`, ...row] as const),
      (text, ms) => assert.equal(parseLongDurationMs(text), ms),
    ));
});
