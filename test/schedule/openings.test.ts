/** The pure calendar, with windows and blackouts as they are typed. Times in UTC; 2026-11-27 is a Friday. */
import assert from "node:assert/strict";
import { parseSettings, type RawOptions } from "../../daemon/config/settings.ts";
import { createOpenings, type Span } from "../../daemon/schedule/openings.ts";
import { everyRow } from "../rows.ts";

/** The spans in which a window is open, from the first that ends after the time. */
function openings(options: RawOptions, time: string, backMs = 0): Generator<Span, void> {
  const { window } = parseSettings({ "node-id": "n1", ...options });
  return createOpenings(window).openings(Date.parse(time), backMs);
}

const first = (options: RawOptions, time: string) => openings(options, time).next().value ?? undefined;

/** The end of the first span; undefined if it is too far away. */
function end(options: RawOptions, time: string): string | undefined {
  const found = first(options, time)?.end;
  return found === Number.POSITIVE_INFINITY ? undefined : iso(found);
}

const start = (options: RawOptions, time: string) => iso(first(options, time)?.start);

function at(options: RawOptions, time: string): "open" | "closed" {
  const found = first(options, time);
  return found !== undefined && found.start <= Date.parse(time) ? "open" : "closed";
}

function iso(ms: number | undefined): string {
  assert.ok(ms !== undefined, "no window opens");
  return new Date(ms).toISOString().replace(/:00\.000Z$/, "Z");
}

type Row = [what: string, options: RawOptions, time: string, state: "open" | "closed"];

function table(title: string, rows: readonly Row[]): void {
  it(title, () => everyRow(rows, (options, time, state) => assert.equal(at(options, time), state)));
}

const warsaw = { "time-zone": "Europe/Warsaw" };
const hours = (start: string, end: string, more: RawOptions = {}): RawOptions => ({
  "start-time": start,
  "end-time": end,
  ...more,
});

describe("kured's window", () => {
  const office = hours("9:00", "16:59:59");
  const fridayNight = hours("22:00", "1:59:59", { "reboot-days": "fri", ...warsaw });
  const second = hours("9:00", "9:00");

  table("is open on its days from its start to its end", [
    ["is open by default", {}, "2026-11-27T00:00:00Z", "open"],
    ["is open from the first moment", office, "2026-11-27T09:00:00Z", "open"],
    ["is closed the moment before", office, "2026-11-27T08:59:59.999Z", "closed"],
    ["is open to the end of its last second", office, "2026-11-27T16:59:59.999Z", "open"],
    ["is closed after it", office, "2026-11-27T17:00:00Z", "closed"],
    ["is closed on other days", { ...office, "reboot-days": "mo,tu" }, "2026-11-27T10:00:00Z", "closed"],
    [
      "is open on each of the days",
      { ...office, "reboot-days": ["mo", "fr"] },
      "2026-11-27T10:00:00Z",
      "open",
    ],
    ["is open on the evening on which it starts", fridayNight, "2026-11-27T21:00:00Z", "open"],
    ["is open after midnight of the next day", fridayNight, "2026-11-28T00:30:00Z", "open"],
    ["is closed in the night before the day", fridayNight, "2026-11-27T00:30:00Z", "closed"],
    ["is closed on the evening of the next day", fridayNight, "2026-11-28T21:30:00Z", "closed"],
    [
      "has its hours in zones that are half an hour off",
      { ...office, "time-zone": "Asia/Kolkata" },
      "2026-11-27T03:30:00Z",
      "open",
    ],
    [
      "has its hours in zones that are a quarter off",
      { ...office, "time-zone": "Asia/Kathmandu" },
      "2026-11-27T03:14:59Z",
      "closed",
    ],
    ["lasts one second when start and end are the same", second, "2026-11-27T09:00:00.999Z", "open"],
    ["and is closed in the next", second, "2026-11-27T09:00:01Z", "closed"],
    ["may start in the last second of a day", hours("23:59:59", "0:00"), "2026-11-28T00:00:00.999Z", "open"],
  ]);

  it("opens on the night that was meant, where kured takes another", () => {
    const saturdayNight = hours("22:00", "1:59:59", { "reboot-days": "sat" });
    const states = ["2026-11-28T01:00:00Z", "2026-11-28T23:00:00Z", "2026-11-29T01:00:00Z"].map((time) =>
      at(saturdayNight, time),
    );
    assert.deepEqual(states, ["closed", "open", "open"]);
  });

  it("has the start and the end of its next opening, but no end if it covers every second", () => {
    assert.equal(start(fridayNight, "2026-11-28T02:00:00Z"), "2026-12-04T21:00Z");
    assert.equal(end(fridayNight, "2026-11-27T22:00:00Z"), "2026-11-28T01:00Z");
    for (const options of [{}, hours("9:00", "8:59:59")]) {
      assert.equal(at(options, "2026-11-27T00:00:00Z"), "open");
      assert.equal(end(options, "2026-11-27T00:00:00Z"), undefined);
    }
  });
});

describe("A window", () => {
  const nights = { window: "0 22 * * mon-fri for 4h in Europe/Warsaw" };
  const thursday = { window: "0 23 * * thu for 1h30m" };
  const nth = { window: "0 2 * * sat#1 for 4h" };
  const two = { window: ["0 2 * * tue for 1h", "0 4 * * tue for 1h"] };
  const week = { window: "0 2 * * tue for 1h" };
  const both = { window: "0 2 * * tue for 1h", ...hours("12:00", "12:59:59", { "reboot-days": "wed" }) };

  table("opens when its cron expression says, and lasts its time", [
    ["opens when the cron expression says", nights, "2026-11-27T21:00:00Z", "open"],
    ["not before", nights, "2026-11-27T20:59:59.999Z", "closed"],
    ["belongs to the day on which it starts, past midnight too", nights, "2026-11-28T00:59:59.999Z", "open"],
    ["is over after its time", nights, "2026-11-28T01:00:00Z", "closed"],
    ["does not open on a day for what is left of the day before", nights, "2026-11-30T00:30:00Z", "closed"],
    ["passes midnight (Thu 23:00 for 1h30m, before)", thursday, "2026-11-26T22:59:59Z", "closed"],
    ["passes midnight (Thu 23:00 for 1h30m, on Thursday)", thursday, "2026-11-26T23:30:00Z", "open"],
    ["passes midnight (Thu 23:00 for 1h30m, on Friday)", thursday, "2026-11-27T00:29:59Z", "open"],
    ["passes midnight (Thu 23:00 for 1h30m, after)", thursday, "2026-11-27T00:30:00Z", "closed"],
    ["passes midnight (Thu 23:00 for 1h30m, the night before)", thursday, "2026-11-26T00:15:00Z", "closed"],
    ["passes the end of the week", { window: "0 23 * * sat for 2h" }, "2026-11-29T00:30:00Z", "open"],
    ["passes the end of the year", { window: "0 22 31 12 * for 4h" }, "2027-01-01T01:00:00Z", "open"],
    ["opens on an nth weekday", nth, "2026-12-05T02:00:00Z", "open"],
    ["and on no other", nth, "2026-12-12T02:00:00Z", "closed"],
    ["opens on a last weekday", { window: "0 2 * * satL for 4h" }, "2026-11-28T02:00:00Z", "open"],
    ["opens on the last day of a month", { window: "0 2 L * * for 4h" }, "2026-11-30T02:00:00Z", "open"],
    [
      "needs both the day of the month and the weekday",
      { window: "0 2 1-7 * mon for 1h" },
      "2026-12-01T02:30:00Z",
      "closed",
    ],
    ["takes names", { window: "@daily for 1h" }, "2026-11-27T00:30:00Z", "open"],
    ["takes steps", { window: "*/20 * * * * for 5m" }, "2026-11-27T10:44:59Z", "open"],
    ["is closed between them", { window: "*/20 * * * * for 5m" }, "2026-11-27T10:45:00Z", "closed"],
    [
      "has --time-zone where it names none",
      { ...warsaw, window: "0 2 * * fri for 1h" },
      "2026-11-27T01:30:00Z",
      "open",
    ],
    ["may last for days", { window: "0 0 * * sat for 48h" }, "2026-11-29T23:59:59Z", "open"],
    ["may be one of several: the first", two, "2026-11-24T02:30:00Z", "open"],
    ["may be one of several: between", two, "2026-11-24T03:00:00Z", "closed"],
    ["may be one of several: the second", two, "2026-11-24T04:30:00Z", "open"],
    [
      "takes the place of kured's, which is always open",
      { window: "0 2 * * tue for 1h" },
      "2026-11-27T02:30:00Z",
      "closed",
    ],
    ["stands beside kured's, where that is set", both, "2026-11-25T12:30:00Z", "open"],
    ["opens itself then", both, "2026-11-24T02:30:00Z", "open"],
    ["and nothing else does", both, "2026-11-24T12:30:00Z", "closed"],
    ["stands beside kured's days alone", { ...week, "reboot-days": "mo" }, "2026-11-30T23:00:00Z", "open"],
    ["stands beside kured's start alone", { ...week, "start-time": "12:00" }, "2026-11-30T23:00:00Z", "open"],
    ["stands beside kured's end alone", { ...week, "end-time": "12:00" }, "2026-11-30T11:00:00Z", "open"],
  ]);

  it("ends with another window that adjoins it, and never if it adjoins itself every day", () => {
    const window = ["0 2 * * tue for 1h", "0 3 * * tue for 1h", "0 4 * * tue for 30m"];
    assert.equal(end({ window }, "2026-11-24T02:30:00Z"), "2026-11-24T04:30Z");
    const midnight = {
      window: ["0 22 * * * for 2h", "0 0 * * * for 1h"],
      "time-zone": "Pacific/Kiritimati",
    };
    assert.equal(end(midnight, "2026-11-24T09:00:00Z"), "2026-11-24T11:00Z");
    for (const window of ["@daily for 24h", "@hourly for 1h", "0 0 * * * for 25h", "0 0 * * sat for 168h"]) {
      assert.equal(at({ window }, "2026-11-24T02:30:00Z"), "open", window);
      assert.equal(end({ window }, "2026-11-24T02:30:00Z"), undefined, window);
    }
  });

  it("has an end only within a month, if it is open for months", () => {
    const summer = { window: "0 0 * 6-9 * for 24h" };
    assert.equal(end(summer, "2026-06-01T00:00:00Z"), undefined);
    assert.equal(end(summer, "2026-09-15T00:00:00Z"), "2026-10-01T00:00Z");
  });

  it("has a next start within a year, and none after that", () => {
    const march = { window: "0 2 1 3 * for 168h" };
    assert.equal(start(march, "2026-03-08T02:00:00Z"), "2027-03-01T02:00Z");
    assert.equal(start(march, "2027-03-01T01:59:00Z"), "2027-03-01T02:00Z");
    assert.equal(start(march, "2027-03-08T02:00:00Z"), "2028-03-01T02:00Z");
    assert.equal(first({ window: "0 2 29 2 * for 1h" }, "2026-11-24T00:00:00Z"), undefined);
  });

  it("has its exact start if that is at most backMs ago", () => {
    const long = { window: "0 0 * 6-9 * for 24h" };
    const back = (days: number) =>
      openings(long, "2026-09-15T00:00:00Z", days * 86_400_000).next().value?.start ?? Number.NaN;
    assert.equal(iso(back(106)), "2026-06-01T00:00Z");
    assert.ok(back(7) <= Date.parse("2026-09-08T00:00Z"));
  });

  it("is one of several spans in order, without overlaps and blackouts", () => {
    const window = ["0 2 * * * for 2h", "0 3 * * tue for 3h", "0 12 * * * for 1h"];
    const ahead = openings({ window, blackout: "2026-11-25" }, "2026-11-24T05:00:00Z");
    const found = Array.from({ length: 4 }, () => ahead.next().value as Span);
    assert.deepEqual(
      found.map(({ start, end }) => [iso(start), iso(end)]),
      [
        ["2026-11-24T02:00Z", "2026-11-24T06:00Z"],
        ["2026-11-24T12:00Z", "2026-11-24T13:00Z"],
        ["2026-11-26T02:00Z", "2026-11-26T04:00Z"],
        ["2026-11-26T12:00Z", "2026-11-26T13:00Z"],
      ],
    );
  });

  it("is not closed twice by blackouts that adjoin", () => {
    const { window } = parseSettings({
      "node-id": "n1",
      blackout: ["2026-12-25..2026-12-26", "2026-12-24", "2026-12-31"],
    });
    assert.deepEqual(
      createOpenings(window).blackouts.map(({ start, end }) => [iso(start), iso(end)]),
      [
        ["2026-12-24T00:00Z", "2026-12-27T00:00Z"],
        ["2026-12-31T00:00Z", "2027-01-01T00:00Z"],
      ],
    );
  });
});

/** Each window is looked at in the moments before and after it should open and close; times in UTC, of 2026. */
describe("Daylight saving", () => {
  type Row = readonly [what: string, options: RawOptions, opens: string, closes: string];
  const zones: Record<string, readonly Row[]> = {
    // The hour from 2:00 to 3:00 does not exist on 2026-03-29.
    "Europe/Warsaw": [
      [
        "a skipped start is when the clock is put forward",
        { window: "30 2 * * * for 1h" },
        "03-29T01:00",
        "03-29T02:00",
      ],
      ["a window lasts its time in spring", { window: "0 1 * * * for 3h" }, "03-29T00:00", "03-29T03:00"],
      [
        "a window across midnight lasts its time in spring",
        { window: "0 23 * * * for 5h" },
        "03-28T22:00",
        "03-29T03:00",
      ],
      ["kured's ends by the wall clock in spring", hours("1:00", "3:59:59"), "03-29T00:00", "03-29T02:00"],
      ["kured's start may be skipped", hours("2:30", "4:59:59"), "03-29T01:00", "03-29T03:00"],
      ["kured's end may be skipped", hours("1:00", "2:29:59"), "03-29T00:00", "03-29T01:00"],
      // The hour from 2:00 to 3:00 exists twice on 2026-10-25.
      [
        "a start that exists twice is the first",
        { window: "30 2 * * * for 20m" },
        "10-25T00:30",
        "10-25T00:50",
      ],
      ["a window lasts its time in autumn", { window: "0 1 * * * for 3h" }, "10-24T23:00", "10-25T02:00"],
      ["kured's ends by the wall clock in autumn", hours("1:00", "3:59:59"), "10-24T23:00", "10-25T03:00"],
      ["kured's ends at the first of two ends", hours("22:00", "2:29:59"), "10-24T20:00", "10-25T00:30"],
      [
        "kured's is open once in the hour that exists twice",
        hours("2:15", "2:44:59"),
        "10-25T00:15",
        "10-25T00:45",
      ],
    ],
    // 2026-03-08 and 2026-11-01, the same hours.
    "America/New_York": [
      [
        "a skipped start is when the clock is put forward",
        { window: "0 2 * * * for 1h" },
        "03-08T07:00",
        "03-08T08:00",
      ],
      ["a window lasts its time in spring", { window: "0 1 * * * for 3h" }, "03-08T06:00", "03-08T09:00"],
      ["kured's ends by the wall clock in spring", hours("22:00", "3:59:59"), "03-08T03:00", "03-08T08:00"],
      [
        "a start that exists twice is the first",
        { window: "30 1 * * * for 20m" },
        "11-01T05:30",
        "11-01T05:50",
      ],
      ["a window lasts its time in autumn", { window: "0 23 * * * for 5h" }, "11-01T03:00", "11-01T08:00"],
      ["kured's ends by the wall clock in autumn", hours("22:00", "3:59:59"), "11-01T02:00", "11-01T09:00"],
    ],
    // Half an hour: from 2:00 to 2:30 on 2026-10-04, and twice from 1:30 to 2:00 on 2026-04-05.
    "Australia/Lord_Howe": [
      [
        "a skipped start is when the clock is put forward",
        { window: "15 2 * * * for 1h" },
        "10-03T15:30",
        "10-03T16:30",
      ],
      ["a window lasts its time in spring", { window: "0 1 * * * for 3h" }, "10-03T14:30", "10-03T17:30"],
      ["kured's ends by the wall clock in spring", hours("1:00", "3:59:59"), "10-03T14:30", "10-03T17:00"],
      [
        "a start that exists twice is the first",
        { window: "45 1 * * * for 10m" },
        "04-04T14:45",
        "04-04T14:55",
      ],
      ["a window lasts its time in autumn", { window: "0 1 * * * for 3h" }, "04-04T14:00", "04-04T17:00"],
      ["kured's ends by the wall clock in autumn", hours("1:00", "3:59:59"), "04-04T14:00", "04-04T17:30"],
    ],
    // The clock is put forward at midnight on 2026-04-24, so that the day begins at 1:00.
    "Africa/Cairo": [["a day may begin at 1:00", { window: "@daily for 2h" }, "04-23T22:00", "04-24T00:00"]],
    // The last hour of 2026-03-28 does not exist, while it is the next day in UTC.
    "America/Nuuk": [
      ["a day may end at 23:00", { window: "30 23 * * * for 2h" }, "03-29T01:00", "03-29T03:00"],
    ],
  };
  const named = Object.entries(zones).flatMap(([zone, rows]) =>
    rows.map(([what, ...row]) => [`in ${zone}: ${what}`, zone, ...row] as const),
  );

  it("moves the start and the end of a window as the wall clock moves", () =>
    everyRow(named, (zone, options, opens, closes) => {
      const all = { "time-zone": zone, ...options };
      const state = (time: string, ms: number) =>
        at(all, new Date(Date.parse(`2026-${time}Z`) + ms).toISOString());
      assert.deepEqual(
        [state(opens, -1), state(opens, 0), state(closes, -1), state(closes, 0)],
        ["closed", "open", "open", "closed"],
      );
      assert.equal(end(all, `2026-${opens}:00Z`), `2026-${closes}Z`);
    }));

  it("makes a blackout an hour longer or shorter", () => {
    const { window } = parseSettings({ "node-id": "n1", ...warsaw, blackout: "2026-10-25" });
    const [blackout] = createOpenings(window).blackouts;
    assert.deepEqual([iso(blackout?.start), iso(blackout?.end)], ["2026-10-24T22:00Z", "2026-10-25T23:00Z"]);
  });

  it("joins windows that start in a skipped hour with those after it", () => {
    const window = ["0 2 * * * for 30m", "0 3 * * * for 45m"];
    assert.equal(end({ ...warsaw, window }, "2026-03-29T01:10:00Z"), "2026-03-29T01:45Z");
  });
});
