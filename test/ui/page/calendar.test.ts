import assert from "node:assert/strict";
import { calendarOf, type Midnight } from "../../../daemon/ui/page/calendar.ts";
import type { ForecastMessage } from "../../../daemon/ui/wire.ts";

const dayMs = 86_400_000;
const midnight: Midnight = (time, after) => Math.floor(time / dayMs) * dayMs + after * dayMs;

const forecast: ForecastMessage = {
  from: "2026-11-02T12:00:00Z",
  until: "2026-11-05T12:00:00Z",
  nodes: [
    { node: "b", startsAt: "2026-11-03T00:30:00Z", endsAt: "2026-11-03T00:36:00Z", why: [] },
    {
      node: "a",
      startsAt: "2026-11-02T22:00:00Z",
      lot: { earliest: "2026-11-02T22:00:00Z", latest: "2026-11-03T01:00:00Z" },
      why: [],
    },
    { node: "never-10", why: ["no reboot is needed"] },
    { node: "never-9", why: ["no reboot is needed"] },
    { node: "never", why: ["paused"] },
  ],
  windows: [{ opensAt: "2026-11-02T22:00:00Z", closesAt: "2026-11-03T04:00:00Z" }],
  blackouts: [
    { opensAt: "2026-11-04T00:00:00Z", closesAt: "2026-11-08T00:00:00Z", of: "kube-system/rebootd" },
  ],
  assumptions: [],
};

describe("The calendar", () => {
  const { days, never } = calendarOf(forecast, midnight);

  it("has each day of the forecast, also those without anything", () => {
    assert.deepEqual(
      days.map(({ from }) => new Date(from).toISOString().slice(0, 10)),
      ["2026-11-02", "2026-11-03", "2026-11-04", "2026-11-05"],
    );
    assert.deepEqual([days[2]?.windows, days[2]?.starts], [[], []]);
  });

  it("has a blackout in each of its days, with the daemons to which it applies", () => {
    const parts = days.map(({ blackouts }) => blackouts.map(({ from, until, of }) => [from, until, of]));
    assert.deepEqual(parts, [[], [], [[0, 1, "kube-system/rebootd"]], [[0, 1, "kube-system/rebootd"]]]);
  });

  it("has a node that starts at midnight in the day that begins", () => {
    const nodes = [{ node: "a", startsAt: "2026-11-03T00:00:00Z", why: [] }];
    const starts = calendarOf({ ...forecast, nodes }, midnight).days.map((day) => day.starts.length);
    assert.deepEqual(starts, [0, 1, 0, 0]);
  });

  it("says between which times a node may start, if the order is by lot", () => {
    const [a, b] = days.flatMap(({ starts }) => starts);
    assert.equal(a?.lot?.latest, Date.parse("2026-11-03T01:00:00Z"));
    assert.equal(b?.lot, undefined);
  });

  it("divides a window at midnight, and knows its whole", () => {
    const parts = days.flatMap(({ windows }) => windows.map(({ from, until }) => [from, until]));
    assert.deepEqual(parts, [
      [22 / 24, 1],
      [0, 4 / 24],
    ]);
    assert.equal(days[1]?.windows[0]?.opensAt, Date.parse("2026-11-02T22:00:00Z"));
  });

  it("has each node in the day in which it starts", () => {
    assert.deepEqual(
      days.map(({ starts }) => starts.map(({ node }) => node)),
      [["a"], ["b"], [], []],
    );
    assert.equal(days[1]?.starts[0]?.place, 0.5 / 24);
  });

  it("has the nodes that do not start by their reasons, the fewest first", () =>
    assert.deepEqual(never, [
      { why: ["paused"], nodes: ["never"] },
      { why: ["no reboot is needed"], nodes: ["never-9", "never-10"] },
    ]));

  it("has days of 23 and 25 hours", () => {
    const short: Midnight = (time, after) => midnight(time, after) - (after > 0 ? 3_600_000 : 0);
    const first = calendarOf(forecast, short).days[0];
    assert.equal((first?.until ?? 0) - (first?.from ?? 0), 23 * 3_600_000);
    assert.equal(first?.windows[0]?.from, 22 / 23);
  });

  it("is empty for times that are none", () =>
    assert.deepEqual(calendarOf({ ...forecast, from: "soon" }, midnight).days, []));
});
