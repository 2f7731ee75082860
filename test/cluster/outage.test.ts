import assert from "node:assert/strict";
import { createOutage } from "../../daemon/cluster/outage.ts";
import type { Clock } from "../../daemon/time/clock.ts";

/** Answers as "second: status", each to a request that was begun a second before; then for how many seconds the server was away. */
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

describe("The time in which the API server could not be reached", () => {
  const rows: [what: string, answers: Record<number, number>, until: number, seconds: number][] = [
    ["is none while it answers, refusals too", { 1: 200, 2: 403, 3: 429 }, 60, 0],
    [
      "lasts from the first request that failed to the first that is answered",
      { 11: 0, 15: 503, 20: 200 },
      60,
      10,
    ],
    ["goes on while nobody is heard", { 11: 0 }, 16, 6],
    ["lasts to the answer, though the last try before that was a minute ago", { 11: 0, 71: 200 }, 80, 61],
    ["lasts where a proxy finds no server, too", { 11: 502, 71: 200 }, 80, 61],
    ["does not last for ever while nobody asks", { 11: 0 }, 3600, 76],
    [
      "lasts however rarely it is asked, while nothing is answered",
      { 11: 0, 71: 0, 131: 0, 133: 200 },
      200,
      123,
    ],
    [
      "is not all the time between the rare requests where one kind alone fails",
      { 1: 500, 60: 200, 61: 500, 120: 200 },
      120,
      22,
    ],
  ];
  for (const [what, answers, until, seconds] of rows) {
    it(what, () => assert.equal(awayFor(answers, until), seconds));
  }
});
