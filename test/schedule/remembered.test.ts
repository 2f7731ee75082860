import assert from "node:assert/strict";
import { createOpenings, type Schedule, type Span } from "../../daemon/schedule/openings.ts";
import { rememberOpenings } from "../../daemon/schedule/remembered.ts";

const hour = 3_600_000;
const from = Date.parse("2026-03-27T10:00:00Z");
const zone = "Europe/Berlin";

const schedule: Schedule = {
  windows: [
    { cron: "0 2 * * *", durationMs: 2 * hour, zone },
    { days: [6, 0], start: 12 * 3600, end: 13 * 3600, zone },
  ],
  blackouts: [{ first: 20_542, last: 20_543 }],
  zone,
};

function firstTwo(spans: Iterator<Span, void>): (Span | undefined)[] {
  return [spans.next().value ?? undefined, spans.next().value ?? undefined];
}

describe("A remembered calendar", () => {
  it("answers for a time that goes on as the calendar itself does", () => {
    const calendar = createOpenings(schedule);
    const remembered = rememberOpenings(calendar);
    for (let at = from; at < from + 10 * 24 * hour; at += 17 * 60_000) {
      assert.deepEqual(firstTwo(remembered.openings(at, hour)), firstTwo(calendar.openings(at, hour)));
    }
  });

  it("asks the calendar once a day, and once more where time goes back or another past is asked for", () => {
    let asked = 0;
    const calendar = createOpenings(schedule);
    const counted: typeof calendar = {
      ...calendar,
      openings: (at, backMs) => {
        asked += 1;
        return calendar.openings(at, backMs);
      },
    };
    const { openings } = rememberOpenings(counted);
    for (let at = from; at < from + 24 * hour; at += hour) openings(at, 0).next();
    assert.equal(asked, 1);
    openings(from + 24 * hour, 0).next();
    assert.equal(asked, 2);
    openings(from, 0).next();
    openings(from, hour).next();
    assert.equal(asked, 4);
  });
});
