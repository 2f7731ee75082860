import assert from "node:assert/strict";
import { createOutage } from "../../daemon/cluster/outage.ts";
import type { Clock } from "../../daemon/time/clock.ts";
import { everyRow } from "../rows.ts";

/** The seconds of the outage, with answers as "second: status" to requests that began a second before. */
function awayFor(answers: Record<number, number>, until: number): number {
  let now = 0;
  const outage = createOutage({ elapsed: () => now } as Clock);
  for (const [second, status] of Object.entries(answers)) {
    now = Number(second) * 1000;
    outage.observe(status, now - 1000);
  }
  now = until * 1000;
  return outage.totalMs() / 1000;
}

describe("The end of a time without the API server", () => {
  const rows: [what: string, answers: Record<number, number>, isToldOf: boolean][] = [
    ["ends the pauses of what has backed off", { 11: 0, 60: 200 }, true],
    ["does not where it was a moment", { 11: 0, 15: 200 }, false],
    ["does not before there is an answer", { 11: 0, 60: 503 }, false],
  ];
  it("is told of", () =>
    everyRow(rows, async (answers, isToldOf) => {
      let now = 0;
      const outage = createOutage({ elapsed: () => now } as Clock);
      let isTold = false;
      void outage.ended(new AbortController().signal).then(() => {
        isTold = true;
      });
      for (const [second, status] of Object.entries(answers)) {
        now = Number(second) * 1000;
        outage.observe(status, now - 1000);
      }
      await Promise.resolve().then(() => {});
      assert.equal(isTold, isToldOf);
    }));

  it("is waited for no longer than the signal says", async () => {
    const outage = createOutage({ elapsed: () => 0 } as Clock);
    const stop = new AbortController();
    const ended = outage.ended(stop.signal);
    stop.abort();
    await ended;
    await outage.ended(stop.signal);
  });
});

describe("The time in which the API server could not be reached", () => {
  const rows: [what: string, answers: Record<number, number>, until: number, seconds: number][] = [
    ["answers, and refusals", { 1: 200, 2: 403, 3: 429 }, 60, 0],
    ["from the first failed request to the first answer", { 11: 0, 15: 503, 20: 200 }, 60, 10],
    ["without a further request", { 11: 0 }, 16, 6],
    ["to the answer, a minute after the last try", { 11: 0, 71: 200 }, 80, 61],
    ["a proxy without a server", { 11: 502, 71: 200 }, 80, 61],
    ["at most for some time without requests", { 11: 0 }, 3600, 76],
    ["rare requests without an answer", { 11: 0, 71: 0, 131: 0, 133: 200 }, 200, 123],
    ["rare failures of one kind of request", { 1: 500, 60: 200, 61: 500, 120: 200 }, 120, 22],
  ];
  it("is the sum of the times between a failure and the next answer", () =>
    everyRow(rows, (answers, until, seconds) => assert.equal(awayFor(answers, until), seconds)));
});
