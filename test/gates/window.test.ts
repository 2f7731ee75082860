import assert from "node:assert/strict";
import { parseSettings, type RawOptions } from "../../daemon/config/settings.ts";
import type { GateContext } from "../../daemon/gates/gate.ts";
import { windowGate } from "../../daemon/gates/window.ts";
import { everyRow } from "../rows.ts";
import { context } from "./context.ts";

const { signal } = new AbortController();

/** What the gate says at a time, with options as they are typed, but without a margin unless one is given. */
const ask = (options: RawOptions, time: string, changes?: Partial<GateContext>) =>
  askAsIs({ "window-margin": "0", ...options }, time, changes);

async function askAsIs(options: RawOptions, time: string, changes: Partial<GateContext> = {}) {
  const now = Date.parse(time);
  const { window } = parseSettings({ "node-id": "n1", ...options });
  const answer = await windowGate(window).check(context(now, changes), signal);
  const changesAt = answer.changesAt === undefined ? undefined : iso(answer.changesAt);
  return answer.open
    ? { says: "open", message: "", changesAt }
    : { says: answer.code, message: answer.message, changesAt };
}

const iso = (ms: number) => new Date(ms).toISOString().replace(/:00\.000Z$/, "Z");

type Row = [what: string, options: RawOptions, time: string, says: string];

function table(title: string, rows: readonly Row[]): void {
  it(title, () =>
    everyRow(rows, async (options, time, says) => assert.equal((await ask(options, time)).says, says)),
  );
}

const warsaw = { "time-zone": "Europe/Warsaw" };
const hours = (start: string, end: string, more: RawOptions = {}): RawOptions => ({
  "start-time": start,
  "end-time": end,
  ...more,
});

// 2026-11-27 is a Friday.
describe("kured's window", () => {
  const office = hours("9:00", "16:59:59");
  const fridayNight = hours("22:00", "1:59:59", { "reboot-days": "fri", ...warsaw });
  const second = hours("9:00", "9:00");

  table("is open on its days from its start to its end", [
    ["is open by default", {}, "2026-11-27T00:00:00Z", "open"],
    ["is open from the first moment", office, "2026-11-27T09:00:00Z", "open"],
    ["is closed the moment before", office, "2026-11-27T08:59:59.999Z", "outside"],
    ["is open to the end of its last second", office, "2026-11-27T16:59:59.999Z", "open"],
    ["is closed after it", office, "2026-11-27T17:00:00Z", "outside"],
    ["is closed on other days", { ...office, "reboot-days": "mo,tu" }, "2026-11-27T10:00:00Z", "outside"],
    [
      "is open on each of the days",
      { ...office, "reboot-days": ["mo", "fr"] },
      "2026-11-27T10:00:00Z",
      "open",
    ],
    ["is open on the evening on which it starts", fridayNight, "2026-11-27T21:00:00Z", "open"],
    ["is open after midnight of the next day", fridayNight, "2026-11-28T00:30:00Z", "open"],
    ["is closed in the night before the day", fridayNight, "2026-11-27T00:30:00Z", "outside"],
    ["is closed on the evening of the next day", fridayNight, "2026-11-28T21:30:00Z", "outside"],
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
      "outside",
    ],
    ["lasts one second when start and end are the same", second, "2026-11-27T09:00:00.999Z", "open"],
    ["and is closed in the next", second, "2026-11-27T09:00:01Z", "outside"],
    ["may start in the last second of a day", hours("23:59:59", "0:00"), "2026-11-28T00:00:00.999Z", "open"],
  ]);

  it("opens on the night that was meant, where kured takes another", async () => {
    const saturdayNight = hours("22:00", "1:59:59", { "reboot-days": "sat" });
    const at = async (time: string) => (await ask(saturdayNight, time)).says;
    assert.deepEqual(
      [await at("2026-11-28T01:00:00Z"), await at("2026-11-28T23:00:00Z"), await at("2026-11-29T01:00:00Z")],
      ["outside", "open", "open"],
    );
  });

  it("says when it opens next", async () => {
    const { message, changesAt } = await ask(fridayNight, "2026-11-28T02:00:00Z");
    assert.equal(changesAt, "2026-12-04T21:00Z");
    assert.equal(message, "outside the maintenance window, which opens next at 2026-12-04T21:00:00.000Z");
  });

  it("says when it closes", async () => {
    assert.equal((await ask(fridayNight, "2026-11-27T22:00:00Z")).changesAt, "2026-11-28T01:00Z");
  });

  it("never closes when it covers every second", async () => {
    assert.deepEqual(await ask({}, "2026-11-27T00:00:00Z"), {
      says: "open",
      message: "",
      changesAt: undefined,
    });
    const round = hours("9:00", "8:59:59");
    assert.equal((await ask(round, "2026-11-27T00:00:00Z")).changesAt, undefined);
  });
});

describe("A window", () => {
  const nights = { window: "0 22 * * mon-fri for 4h in Europe/Warsaw" };
  const thursday = { window: "0 23 * * thu for 1h30m" };
  const first = { window: "0 2 * * sat#1 for 4h" };
  const two = { window: ["0 2 * * tue for 1h", "0 4 * * tue for 1h"] };
  const week = { window: "0 2 * * tue for 1h" };
  const both = { window: "0 2 * * tue for 1h", ...hours("12:00", "12:59:59", { "reboot-days": "wed" }) };

  table("opens when its cron expression says, and lasts its time", [
    ["opens when the cron expression says", nights, "2026-11-27T21:00:00Z", "open"],
    ["not before", nights, "2026-11-27T20:59:59.999Z", "outside"],
    ["belongs to the day on which it starts, past midnight too", nights, "2026-11-28T00:59:59.999Z", "open"],
    ["is over after its time", nights, "2026-11-28T01:00:00Z", "outside"],
    ["does not open on a day for what is left of the day before", nights, "2026-11-30T00:30:00Z", "outside"],
    ["passes midnight (Thu 23:00 for 1h30m, before)", thursday, "2026-11-26T22:59:59Z", "outside"],
    ["passes midnight (Thu 23:00 for 1h30m, on Thursday)", thursday, "2026-11-26T23:30:00Z", "open"],
    ["passes midnight (Thu 23:00 for 1h30m, on Friday)", thursday, "2026-11-27T00:29:59Z", "open"],
    ["passes midnight (Thu 23:00 for 1h30m, after)", thursday, "2026-11-27T00:30:00Z", "outside"],
    ["passes midnight (Thu 23:00 for 1h30m, the night before)", thursday, "2026-11-26T00:15:00Z", "outside"],
    ["passes the end of the week", { window: "0 23 * * sat for 2h" }, "2026-11-29T00:30:00Z", "open"],
    ["passes the end of the year", { window: "0 22 31 12 * for 4h" }, "2027-01-01T01:00:00Z", "open"],
    ["opens on an nth weekday", first, "2026-12-05T02:00:00Z", "open"],
    ["and on no other", first, "2026-12-12T02:00:00Z", "outside"],
    ["opens on a last weekday", { window: "0 2 * * satL for 4h" }, "2026-11-28T02:00:00Z", "open"],
    ["opens on the last day of a month", { window: "0 2 L * * for 4h" }, "2026-11-30T02:00:00Z", "open"],
    [
      "needs both the day of the month and the weekday",
      { window: "0 2 1-7 * mon for 1h" },
      "2026-12-01T02:30:00Z",
      "outside",
    ],
    ["takes names", { window: "@daily for 1h" }, "2026-11-27T00:30:00Z", "open"],
    ["takes steps", { window: "*/20 * * * * for 5m" }, "2026-11-27T10:44:59Z", "open"],
    ["is closed between them", { window: "*/20 * * * * for 5m" }, "2026-11-27T10:45:00Z", "outside"],
    [
      "has --time-zone where it names none",
      { ...warsaw, window: "0 2 * * fri for 1h" },
      "2026-11-27T01:30:00Z",
      "open",
    ],
    ["may last for days", { window: "0 0 * * sat for 48h" }, "2026-11-29T23:59:59Z", "open"],
    ["may be one of several: the first", two, "2026-11-24T02:30:00Z", "open"],
    ["may be one of several: between", two, "2026-11-24T03:00:00Z", "outside"],
    ["may be one of several: the second", two, "2026-11-24T04:30:00Z", "open"],
    [
      "takes the place of kured's, which is always open",
      { window: "0 2 * * tue for 1h" },
      "2026-11-27T02:30:00Z",
      "outside",
    ],
    ["stands beside kured's, where that is set", both, "2026-11-25T12:30:00Z", "open"],
    ["opens itself then", both, "2026-11-24T02:30:00Z", "open"],
    ["and nothing else does", both, "2026-11-24T12:30:00Z", "outside"],
    ["stands beside kured's days alone", { ...week, "reboot-days": "mo" }, "2026-11-30T23:00:00Z", "open"],
    ["stands beside kured's start alone", { ...week, "start-time": "12:00" }, "2026-11-30T23:00:00Z", "open"],
    ["stands beside kured's end alone", { ...week, "end-time": "12:00" }, "2026-11-30T11:00:00Z", "open"],
  ]);

  it("that another adjoins ends with that", async () => {
    const window = ["0 2 * * tue for 1h", "0 3 * * tue for 1h", "0 4 * * tue for 30m"];
    assert.equal((await ask({ window }, "2026-11-24T02:30:00Z")).changesAt, "2026-11-24T04:30Z");
  });

  it("that adjoins itself every day never closes", async () => {
    for (const window of ["@daily for 24h", "@hourly for 1h", "0 0 * * * for 25h", "0 0 * * sat for 168h"]) {
      const { says, changesAt } = await ask({ window }, "2026-11-24T02:30:00Z");
      assert.deepEqual([says, changesAt], ["open", undefined], window);
    }
  });

  it("that is open for months says when it closes a month before", async () => {
    const summer = { window: "0 0 * 6-9 * for 24h" };
    assert.equal((await ask(summer, "2026-06-01T00:00:00Z")).changesAt, undefined);
    assert.equal((await ask(summer, "2026-09-15T00:00:00Z")).changesAt, "2026-10-01T00:00Z");
    const slow = { ...summer, "drain-timeout": "500h" };
    assert.equal((await askAsIs(slow, "2026-09-15T00:00:00Z")).changesAt, "2026-10-01T00:00Z");
  });

  it("that opens again within a year says when, however far away", async () => {
    const window = "0 2 1 3 * for 168h";
    assert.equal((await ask({ window }, "2026-03-08T02:00:00Z")).changesAt, "2027-03-01T02:00Z");
    assert.equal((await ask({ window }, "2027-03-01T01:59:00Z")).changesAt, "2027-03-01T02:00Z");
    assert.equal((await ask({ window }, "2027-03-08T02:00:00Z")).changesAt, "2028-03-01T02:00Z");
  });

  it("that opens in years says so", async () => {
    const { message, changesAt } = await ask({ window: "0 2 29 2 * for 1h" }, "2026-11-24T00:00:00Z");
    assert.equal(message, "outside the maintenance window, which does not open within a year");
    assert.equal(changesAt, undefined);
  });
});

describe("A blackout", () => {
  const christmas = { blackout: "2026-12-20..2027-01-03", ...warsaw };
  const nightly = { ...christmas, window: "0 22 * * * for 4h" };

  table("closes each window on its days, and no longer", [
    ["is open before its first day", christmas, "2026-12-19T22:59:59.999Z", "open"],
    ["is closed from the first moment of its first day", christmas, "2026-12-19T23:00:00Z", "blackout"],
    ["is closed to the end of its last day", christmas, "2027-01-03T22:59:59.999Z", "blackout"],
    ["is open after it", christmas, "2027-01-03T23:00:00Z", "open"],
    ["is a single day", { blackout: "2026-12-24" }, "2026-12-24T12:00:00Z", "blackout"],
    ["ends a window that reaches into it", nightly, "2026-12-19T23:00:00Z", "blackout"],
    ["lets the end of a window that began in it be", nightly, "2027-01-03T23:30:00Z", "open"],
    ["may be one of several", { blackout: ["2026-12-24", "2026-12-31"] }, "2026-12-31T12:00:00Z", "blackout"],
    ["is open between", { blackout: ["2026-12-24", "2026-12-31"] }, "2026-12-30T12:00:00Z", "open"],
  ]);

  it("says until when, and when the window opens", async () => {
    const { message, changesAt } = await ask(nightly, "2026-12-24T12:00:00Z");
    assert.equal(
      message,
      "in a blackout until 2027-01-03T23:00:00.000Z; the maintenance window opens next at 2027-01-03T23:00:00.000Z",
    );
    assert.equal(changesAt, "2027-01-03T23:00Z");
  });

  it("that another adjoins ends with that", async () => {
    const blackout = ["2026-12-24", "2026-12-25..2026-12-26"];
    assert.equal((await ask({ blackout }, "2026-12-24T12:00:00Z")).changesAt, "2026-12-27T00:00Z");
  });

  it("is when an open window changes, and a closed one too", async () => {
    assert.equal((await ask(nightly, "2026-12-19T22:00:00Z")).changesAt, "2026-12-19T23:00Z");
    const weekly = { ...christmas, window: "0 22 * * mon for 4h" };
    assert.equal((await ask(weekly, "2026-12-19T12:00:00Z")).changesAt, "2026-12-19T23:00Z");
    assert.equal((await ask(weekly, "2026-12-24T12:00:00Z")).changesAt, "2027-01-03T23:00Z");
  });

  it("of a whole year says that nothing opens", async () => {
    const { message } = await ask(
      { window: "0 22 * * mon for 4h", blackout: "2026-01-01..2030-12-31" },
      "2026-12-24T12:00:00Z",
    );
    assert.equal(
      message,
      "in a blackout until 2031-01-01T00:00:00.000Z; the maintenance window does not open within a year",
    );
  });
});

describe("The margin", () => {
  const window = "0 2 * * tue for 4h"; // From 2026-11-24.
  const hour = 3_600_000;
  const rows: [what: string, options: RawOptions, changes: Partial<GateContext>, closesAt: string][] = [
    ["is what was asked for", { "window-margin": "1h" }, {}, "05:00"],
    ["is none at 0", { "window-margin": "0" }, {}, "06:00"],
    ["is as asked for even past half of the window", { "window-margin": "3h30m" }, {}, "02:30"],
    ["is the time that a drain may take, where nothing is said", {}, {}, "05:45"],
    [
      "has the waits before and after the drain in it",
      { "drain-delay": "5m", "reboot-delay": "10m" },
      {},
      "05:30",
    ],
    [
      "has the steps of an escalation in it",
      { "drain-escalation": "evict:40m,delete:20m,reboot" },
      {},
      "05:00",
    ],
    ["is half as much again as this node's last cycle took", {}, { lastDrainMs: 4 * 60_000 }, "05:54"],
    ["is not more than may be for that", {}, { lastDrainMs: hour }, "05:45"],
    ["is not more than half of the window", { "drain-timeout": "3h" }, {}, "04:00"],
    [
      "is half of windows that adjoin, as of one",
      { "drain-timeout": "3h", window: [window, "0 6 * * tue for 2h"] },
      {},
      "05:00",
    ],
    [
      "is half of what a blackout has left",
      { "drain-timeout": "3h", window: "0 22 * * mon for 4h", blackout: "2026-11-24" },
      {},
      "23:00",
    ],
    [
      "is for the start of a cycle alone, not for its drain",
      { "window-margin": "1h" },
      { stage: "drain" },
      "06:00",
    ],
    ["nor for its reboot", { "window-margin": "1h" }, { stage: "reboot" }, "06:00"],
  ];
  it("closes the window for new cycles before its end", () =>
    everyRow(rows, async (options, changes, closesAt) => {
      const open = `2026-11-2${closesAt === "23:00" ? 3 : 4}T${closesAt}`;
      const before = await askAsIs({ window, ...options }, iso(Date.parse(`${open}Z`) - 1000), changes);
      assert.deepEqual([before.says, before.changesAt], ["open", `${open}Z`]);
      const after = await askAsIs({ window, ...options }, `${open}:00Z`, changes);
      assert.equal(after.says, closesAt === "06:00" ? "outside" : "too-short");
    }));

  it("is none where the window never closes", async () => {
    assert.equal((await askAsIs({}, "2026-11-24T02:30:00Z")).changesAt, undefined);
  });

  it("is kept before a blackout too", async () => {
    const { changesAt } = await askAsIs({ blackout: "2026-12-24" }, "2026-12-20T00:00:00Z");
    assert.equal(changesAt, "2026-12-23T23:45Z");
  });

  it("says until when the window is open, how long a cycle may take, and when the next opens", async () => {
    assert.deepEqual(await askAsIs({ window, "window-margin": "1h" }, "2026-11-24T05:10:00Z"), {
      says: "too-short",
      message:
        "the maintenance window is open until 2026-11-24T06:00:00.000Z, too short for a cycle, which may take 3600 s; it opens next at 2026-12-01T02:00:00.000Z",
      changesAt: "2026-11-24T06:00Z",
    });
  });

  it("is told as it is late in a window that is long enough for it", async () => {
    const days = { window: "0 * * * mon-thu for 1h", "drain-timeout": "40h" };
    const { says, message } = await askAsIs(days, "2026-11-26T23:00:00Z");
    assert.equal(says, "too-short");
    assert.match(message, /may take 144000 s;/);
  });

  it("passes over windows that are too short for it, but sees them open", async () => {
    const windows = { window: ["0 2 * * * for 1h", "0 2 * * sat for 6h"], "window-margin": "2h" };
    const night = "which opens next at 2026-11-28T02:00:00.000Z";
    const { says, message, changesAt } = await askAsIs(windows, "2026-11-24T12:00:00Z");
    assert.deepEqual([says, message], ["outside", `outside the maintenance window, ${night}`]);
    assert.equal(changesAt, "2026-11-25T02:00Z");
    assert.equal((await askAsIs(windows, "2026-11-25T02:00:00Z")).says, "too-short");
    assert.equal((await askAsIs(windows, "2026-11-28T05:59:59Z")).says, "open");
    assert.equal((await askAsIs(windows, "2026-11-28T06:00:00Z")).says, "too-short");
  });

  it("that is longer than every window is refused at the start", async () => {
    await assert.rejects(askAsIs({ window, "window-margin": "4h" }, "2026-11-24T03:00:00Z"), {
      name: "ConfigError",
      message:
        'invalid value "14400s" for --window-margin: must be shorter than the longest window, which lasts 14400s, for example 7200s',
    });
    await askAsIs({ window: [window, "0 6 * * tue for 1m"], "window-margin": "4h" }, "2026-11-24T05:30:00Z");
    const inLeapYears = askAsIs(
      { window: "0 2 29 2 * for 1h", "window-margin": "4h" },
      "2026-11-24T00:00:00Z",
    );
    await assert.rejects(inLeapYears, /which lasts 3600s/);
    await askAsIs({ window: "0 2 24 11 * for 5h", "window-margin": "4h" }, "2026-11-24T06:59:00Z");
    const longInLeapYears = ["0 * 29 2 * for 1h", "0 * 1-4 3 * for 1h"];
    await askAsIs({ window: longInLeapYears, "window-margin": "100h" }, "2028-03-04T23:30:00Z");
    await askAsIs({ "window-margin": "500h" }, "2026-11-24T00:00:00Z");
  });
});

describe("The end of a window", () => {
  const gate = (options: RawOptions) => windowGate(parseSettings({ "node-id": "n1", ...options }).window);

  it("is checked up to the reboot, unless the cycle is to finish or the need is urgent", () => {
    assert.deepEqual(gate({}).stages, ["start", "drain", "reboot"]);
    assert.deepEqual(gate({ "window-end": "finish" }).stages, ["start"]);
    assert.equal(gate({}).urgentPasses, true);
  });
});

/** Each window is asked about the moments before and after it should open and close; all times are UTC. */
describe("Daylight saving", () => {
  const rows: [zone: string, what: string, options: RawOptions, opens: string, closes: string][] = [
    // The hour from 2:00 to 3:00 does not exist on 2026-03-29.
    [
      "Europe/Warsaw",
      "a start that is skipped is when the clock is put forward",
      { window: "30 2 * * * for 1h" },
      "2026-03-29T01:00",
      "2026-03-29T02:00",
    ],
    [
      "Europe/Warsaw",
      "a window lasts its time in spring",
      { window: "0 1 * * * for 3h" },
      "2026-03-29T00:00",
      "2026-03-29T03:00",
    ],
    [
      "Europe/Warsaw",
      "a window across midnight lasts its time in spring",
      { window: "0 23 * * * for 5h" },
      "2026-03-28T22:00",
      "2026-03-29T03:00",
    ],
    [
      "Europe/Warsaw",
      "kured's ends by the clock on the wall in spring",
      hours("1:00", "3:59:59"),
      "2026-03-29T00:00",
      "2026-03-29T02:00",
    ],
    [
      "Europe/Warsaw",
      "kured's start may be skipped",
      hours("2:30", "4:59:59"),
      "2026-03-29T01:00",
      "2026-03-29T03:00",
    ],
    [
      "Europe/Warsaw",
      "kured's end may be skipped",
      hours("1:00", "2:29:59"),
      "2026-03-29T00:00",
      "2026-03-29T01:00",
    ],
    // The hour from 2:00 to 3:00 exists twice on 2026-10-25.
    [
      "Europe/Warsaw",
      "a start that exists twice is the first",
      { window: "30 2 * * * for 20m" },
      "2026-10-25T00:30",
      "2026-10-25T00:50",
    ],
    [
      "Europe/Warsaw",
      "a window lasts its time in autumn",
      { window: "0 1 * * * for 3h" },
      "2026-10-24T23:00",
      "2026-10-25T02:00",
    ],
    [
      "Europe/Warsaw",
      "kured's ends by the clock on the wall in autumn",
      hours("1:00", "3:59:59"),
      "2026-10-24T23:00",
      "2026-10-25T03:00",
    ],
    [
      "Europe/Warsaw",
      "kured's ends at the first of two ends",
      hours("22:00", "2:29:59"),
      "2026-10-24T20:00",
      "2026-10-25T00:30",
    ],
    [
      "Europe/Warsaw",
      "kured's may lie in the hour that exists twice, and is open once",
      hours("2:15", "2:44:59"),
      "2026-10-25T00:15",
      "2026-10-25T00:45",
    ],
    // 2026-03-08 and 2026-11-01, the same hours.
    [
      "America/New_York",
      "a start that is skipped is when the clock is put forward",
      { window: "0 2 * * * for 1h" },
      "2026-03-08T07:00",
      "2026-03-08T08:00",
    ],
    [
      "America/New_York",
      "a window lasts its time in spring",
      { window: "0 1 * * * for 3h" },
      "2026-03-08T06:00",
      "2026-03-08T09:00",
    ],
    [
      "America/New_York",
      "kured's ends by the clock on the wall in spring",
      hours("22:00", "3:59:59"),
      "2026-03-08T03:00",
      "2026-03-08T08:00",
    ],
    [
      "America/New_York",
      "a start that exists twice is the first",
      { window: "30 1 * * * for 20m" },
      "2026-11-01T05:30",
      "2026-11-01T05:50",
    ],
    [
      "America/New_York",
      "a window lasts its time in autumn",
      { window: "0 23 * * * for 5h" },
      "2026-11-01T03:00",
      "2026-11-01T08:00",
    ],
    [
      "America/New_York",
      "kured's ends by the clock on the wall in autumn",
      hours("22:00", "3:59:59"),
      "2026-11-01T02:00",
      "2026-11-01T09:00",
    ],
    // Half an hour: from 2:00 to 2:30 on 2026-10-04, and twice from 1:30 to 2:00 on 2026-04-05.
    [
      "Australia/Lord_Howe",
      "a start that is skipped is when the clock is put forward",
      { window: "15 2 * * * for 1h" },
      "2026-10-03T15:30",
      "2026-10-03T16:30",
    ],
    [
      "Australia/Lord_Howe",
      "a window lasts its time in spring",
      { window: "0 1 * * * for 3h" },
      "2026-10-03T14:30",
      "2026-10-03T17:30",
    ],
    [
      "Australia/Lord_Howe",
      "kured's ends by the clock on the wall in spring",
      hours("1:00", "3:59:59"),
      "2026-10-03T14:30",
      "2026-10-03T17:00",
    ],
    [
      "Australia/Lord_Howe",
      "a start that exists twice is the first",
      { window: "45 1 * * * for 10m" },
      "2026-04-04T14:45",
      "2026-04-04T14:55",
    ],
    [
      "Australia/Lord_Howe",
      "a window lasts its time in autumn",
      { window: "0 1 * * * for 3h" },
      "2026-04-04T14:00",
      "2026-04-04T17:00",
    ],
    [
      "Australia/Lord_Howe",
      "kured's ends by the clock on the wall in autumn",
      hours("1:00", "3:59:59"),
      "2026-04-04T14:00",
      "2026-04-04T17:30",
    ],
    // The clock is put forward at midnight on 2026-04-24, so that the day begins at 1:00.
    [
      "Africa/Cairo",
      "a day may begin at 1:00",
      { window: "@daily for 2h" },
      "2026-04-23T22:00",
      "2026-04-24T00:00",
    ],
    // The last hour of 2026-03-28 does not exist, while it is the next day in UTC.
    [
      "America/Nuuk",
      "a day may end at 23:00",
      { window: "30 23 * * * for 2h" },
      "2026-03-29T01:00",
      "2026-03-29T03:00",
    ],
  ];
  const named = rows.map(([zone, what, ...row]) => [`in ${zone}: ${what}`, zone, ...row] as const);

  it("moves the start and the end of a window as the clock on the wall moves", () =>
    everyRow(named, async (zone, options, opens, closes) => {
      const all = { "time-zone": zone, ...options };
      const says = async (time: string, ms: number) =>
        (await ask(all, new Date(Date.parse(`${time}Z`) + ms).toISOString())).says;
      assert.deepEqual(
        [await says(opens, -1), await says(opens, 0), await says(closes, -1), await says(closes, 0)],
        ["outside", "open", "open", "outside"],
      );
      assert.equal((await ask(all, `${opens}:00Z`)).changesAt, `${closes}Z`);
    }));

  it("makes a blackout an hour longer or shorter", async () => {
    const blackout = { ...warsaw, blackout: "2026-10-25" };
    assert.equal((await ask(blackout, "2026-10-24T22:00:00Z")).changesAt, "2026-10-25T23:00Z");
  });

  it("makes windows that start in a skipped hour one with those after it", async () => {
    const window = ["0 2 * * * for 30m", "0 3 * * * for 45m"];
    assert.equal((await ask({ ...warsaw, window }, "2026-03-29T01:10:00Z")).changesAt, "2026-03-29T01:45Z");
  });
});
