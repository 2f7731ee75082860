import assert from "node:assert/strict";
import { parseSettings, type RawOptions } from "../../daemon/config/settings.ts";
import type { GateContext } from "../../daemon/gates/gate.ts";
import { windowGate } from "../../daemon/gates/window.ts";
import { everyRow } from "../rows.ts";
import { context } from "./builders.ts";

const { signal } = new AbortController();

/** The answer at a time, with options as they are typed, but without a margin unless one is given. */
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

const warsaw = { "time-zone": "Europe/Warsaw" };
const fridayNight = {
  "start-time": "22:00",
  "end-time": "1:59:59",
  "reboot-days": "fri",
  ...warsaw,
};

const openSince = async (options: RawOptions, time: string) => {
  const { window } = parseSettings({ "node-id": "n1", ...options });
  const answer = await windowGate(window).check(context(Date.parse(time)), signal);
  return answer.openSince === undefined ? undefined : iso(answer.openSince);
};

/** test/schedule/openings.test.ts has the calendar itself. 2026-11-27 is a Friday. */
describe("The window gate", () => {
  it("is open in a window, and closed before and after it", async () => {
    const nights = { window: "0 22 * * mon-fri for 4h in Europe/Warsaw" };
    for (const options of [fridayNight, nights]) {
      assert.equal((await ask(options, "2026-11-27T20:59:59.999Z")).says, "outside");
      assert.equal((await ask(options, "2026-11-27T21:00:00Z")).says, "open");
      assert.equal((await ask(options, "2026-11-28T00:59:59.999Z")).says, "open");
      assert.equal((await ask(options, "2026-11-28T01:00:00Z")).says, "outside");
    }
  });

  it("reports the next opening while it is closed, if there is one within a year", async () => {
    const { message, changesAt } = await ask(fridayNight, "2026-11-28T02:00:00Z");
    assert.equal(changesAt, "2026-12-04T21:00Z");
    assert.equal(message, "outside the maintenance window, which opens next at 2026-12-04T21:00:00.000Z");
    const never = await ask({ window: "0 2 29 2 * for 1h" }, "2026-11-24T00:00:00Z");
    assert.equal(never.message, "outside the maintenance window, which does not open within a year");
    assert.equal(never.changesAt, undefined);
  });

  it("reports since when it is open, where it was ever closed", async () => {
    assert.equal(await openSince(fridayNight, "2026-11-28T00:00:00Z"), "2026-11-27T21:00Z");
    assert.equal(await openSince(fridayNight, "2026-11-27T20:00:00Z"), undefined);
    assert.equal(await openSince({}, "2026-11-27T20:00:00Z"), undefined);
  });

  it("reports its closing while it is open, unless it never closes", async () => {
    assert.equal((await ask(fridayNight, "2026-11-27T22:00:00Z")).changesAt, "2026-11-28T01:00Z");
    const always = { says: "open", message: "", changesAt: undefined };
    for (const options of [{}, { window: "@daily for 24h" }])
      assert.deepEqual(await ask(options, "2026-11-27T00:00:00Z"), always);
    const summer = { window: "0 0 * 6-9 * for 24h" };
    assert.equal((await ask(summer, "2026-06-01T00:00:00Z")).changesAt, undefined);
    assert.equal((await ask(summer, "2026-09-15T00:00:00Z")).changesAt, "2026-10-01T00:00Z");
    const slow = { ...summer, "drain-timeout": "500h" };
    assert.equal((await askAsIs(slow, "2026-09-15T00:00:00Z")).changesAt, "2026-10-01T00:00Z");
  });

  it("is asked up to the reboot, unless a cycle may finish or the request is urgent", () => {
    const gate = (options: RawOptions) => windowGate(parseSettings({ "node-id": "n1", ...options }).window);
    assert.deepEqual(gate({}).stages, ["start", "drain", "reboot"]);
    assert.deepEqual(gate({ "window-end": "finish" }).stages, ["start"]);
    assert.equal(gate({}).urgentPasses, true);
  });
});

describe("A blackout", () => {
  const christmas = { blackout: "2026-12-20..2027-01-03", ...warsaw };
  const nightly = { ...christmas, window: "0 22 * * * for 4h" };

  const rows: [what: string, options: RawOptions, time: string, says: string][] = [
    ["is open before its first day", christmas, "2026-12-19T22:59:59.999Z", "open"],
    ["is closed from the first moment of its first day", christmas, "2026-12-19T23:00:00Z", "blackout"],
    ["is closed to the end of its last day", christmas, "2027-01-03T22:59:59.999Z", "blackout"],
    ["is open after it", christmas, "2027-01-03T23:00:00Z", "open"],
    ["is a single day", { blackout: "2026-12-24" }, "2026-12-24T12:00:00Z", "blackout"],
    ["ends a window that reaches into it", nightly, "2026-12-19T23:00:00Z", "blackout"],
    ["lets the end of a window that began in it be", nightly, "2027-01-03T23:30:00Z", "open"],
    ["may be one of several", { blackout: ["2026-12-24", "2026-12-31"] }, "2026-12-31T12:00:00Z", "blackout"],
    ["is open between", { blackout: ["2026-12-24", "2026-12-31"] }, "2026-12-30T12:00:00Z", "open"],
  ];
  it("closes each window on its days, and no longer", () =>
    everyRow(rows, async (options, time, says) => assert.equal((await ask(options, time)).says, says)));

  it("reports its end, and the next opening of the window, if there is one", async () => {
    const { message, changesAt } = await ask(nightly, "2026-12-24T12:00:00Z");
    assert.equal(
      message,
      "in a blackout until 2027-01-03T23:00:00.000Z; the maintenance window opens next at 2027-01-03T23:00:00.000Z",
    );
    assert.equal(changesAt, "2027-01-03T23:00Z");
    const endless = await ask(
      { window: "0 22 * * mon for 4h", blackout: "2026-01-01..2030-12-31" },
      "2026-12-24T12:00:00Z",
    );
    assert.equal(
      endless.message,
      "in a blackout until 2031-01-01T00:00:00.000Z; the maintenance window does not open within a year",
    );
  });

  it("is when the gate changes, with others that adjoin it as one", async () => {
    const blackout = ["2026-12-24", "2026-12-25..2026-12-26"];
    assert.equal((await ask({ blackout }, "2026-12-24T12:00:00Z")).changesAt, "2026-12-27T00:00Z");
    assert.equal((await ask(nightly, "2026-12-19T22:00:00Z")).changesAt, "2026-12-19T23:00Z");
    const weekly = { ...christmas, window: "0 22 * * mon for 4h" };
    assert.equal((await ask(weekly, "2026-12-19T12:00:00Z")).changesAt, "2026-12-19T23:00Z");
    assert.equal((await ask(weekly, "2026-12-24T12:00:00Z")).changesAt, "2027-01-03T23:00Z");
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

  it("is kept before a blackout too, and is none if the window never closes", async () => {
    assert.equal((await askAsIs({}, "2026-11-24T02:30:00Z")).changesAt, undefined);
    const { changesAt } = await askAsIs({ blackout: "2026-12-24" }, "2026-12-20T00:00:00Z");
    assert.equal(changesAt, "2026-12-23T23:45Z");
  });

  it("is reported with the end of the window, the time of a cycle and the next opening", async () => {
    assert.deepEqual(await askAsIs({ window, "window-margin": "1h" }, "2026-11-24T05:10:00Z"), {
      says: "too-short",
      message:
        "the maintenance window is open until 2026-11-24T06:00:00.000Z, too short for a cycle, which may take 3600 s; it opens next at 2026-12-01T02:00:00.000Z",
      changesAt: "2026-11-24T06:00Z",
    });
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
