import assert from "node:assert/strict";
import ICAL from "ical.js";
import { icalendar } from "../../daemon/forecast/icalendar.ts";
import type { Forecast } from "../../daemon/forecast/result.ts";

const now = Date.parse("2026-11-24T12:00:00.123Z");

const forecast: Forecast = {
  from: "2026-11-24T12:00:00.000Z",
  until: "2026-12-24T12:00:00.000Z",
  nodes: [
    {
      node: "worker-1",
      isNeeded: true,
      startsAt: "2026-11-24T22:00:00.300Z",
      endsAt: "2026-11-24T22:06:00.300Z",
      lot: { earliest: "2026-11-24T22:00:00.000Z", latest: "2026-11-24T23:00:00.000Z" },
      why: ["waits, for the window; BEGIN:VEVENT \\n\nEND:VEVENT\u0007"],
    },
    { node: "worker-2", isNeeded: true, startsAt: "2026-11-24T22:10:00.000Z", why: [] },
    { node: "worker-3", isNeeded: true, why: ["paused"] },
  ],
  windows: [{ opensAt: "2026-11-24T22:00:00.000Z", closesAt: "2026-11-25T02:00:00.000Z", of: "ops/rebootd" }],
  blackouts: [{ opensAt: "2026-12-24T00:00:00.000Z", closesAt: "2026-12-25T00:00:00.000Z" }],
  assumptions: [`${"Übergröße 🚀 ".repeat(20)}`],
};

const read = (text: string) => new ICAL.Component(ICAL.parse(text)).getAllSubcomponents("vevent");

describe("A forecast as iCalendar", () => {
  it("is read by another program as it was meant", () => {
    const events = read(icalendar(forecast, now)).map((one) => {
      const event = new ICAL.Event(one);
      return [
        event.uid,
        event.summary,
        event.startDate.toJSDate().toISOString(),
        event.endDate.toJSDate().toISOString(),
      ];
    });
    assert.deepEqual(events, [
      [
        "window-20261124T220000Z-ops-rebootd@rebootd.dev",
        "Reboots allowed (ops/rebootd)",
        "2026-11-24T22:00:00.000Z",
        "2026-11-25T02:00:00.000Z",
      ],
      [
        "blackout-20261224T000000Z@rebootd.dev",
        "No reboots",
        "2026-12-24T00:00:00.000Z",
        "2026-12-25T00:00:00.000Z",
      ],
      [
        "node-worker-1@rebootd.dev",
        "worker-1 reboots",
        "2026-11-24T22:00:00.000Z",
        "2026-11-24T22:06:00.000Z",
      ],
      [
        "node-worker-2@rebootd.dev",
        "worker-2 reboots",
        "2026-11-24T22:10:00.000Z",
        "2026-11-24T22:10:00.000Z",
      ],
    ]);
  });

  it("keeps texts of others texts, whatever they contain", () => {
    const event = read(icalendar(forecast, now)).map((one) => new ICAL.Event(one))[2];
    assert.equal(
      event?.description,
      `By lot between 2026-11-24T22:00:00Z and 2026-11-24T23:00:00Z.\nwaits, for the window; BEGIN:VEVENT \\n\nEND:VEVENT \n\nAssumed: ${forecast.assumptions[0]}.`,
    );
  });

  it("has lines of at most 75 bytes that end in CRLF, and cuts no character", () => {
    const text = icalendar(forecast, now);
    assert.ok(text.endsWith("END:VCALENDAR\r\n"));
    const lines = text.slice(0, -2).split("\r\n");
    for (const line of lines) {
      assert.ok(Buffer.byteLength(line) <= 75, line);
      assert.doesNotMatch(line, /[\r\n]|\uFFFD/);
      assert.equal(Buffer.from(line).toString(), line);
    }
    // The longest lines are full, but for a character that did not fit.
    assert.ok(lines.some((line) => line.startsWith(" ") && Buffer.byteLength(line) >= 72));
  });

  it("says when it was made, in each entry", () => {
    const stamps = icalendar(forecast, now).match(/^DTSTAMP:.*$/gm);
    assert.deepEqual(stamps, Array(4).fill("DTSTAMP:20261124T120000Z"));
  });
});
