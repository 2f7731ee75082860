import assert from "node:assert/strict";
import { type Window, windowGate } from "../../daemon/gates/window.ts";
import { moment } from "./moment.ts";

const everyDay = [0, 1, 2, 3, 4, 5, 6];
const { signal } = new AbortController();

function hours(start: number, end: number, changes: Partial<Window> = {}): Window {
  return { days: everyDay, start: start * 3600, end: end * 3600 - 1, zone: "UTC", ...changes };
}

async function isOpen(window: Window, time: string): Promise<boolean> {
  return (await windowGate(window).check(moment(Date.parse(time)), signal)).open;
}

describe("The window gate", () => {
  // 2026-11-27 is a Friday.
  const fridayNight = hours(22, 2, { days: [5], zone: "Europe/Warsaw" });
  const rows: [what: string, window: Window, time: string, open: boolean][] = [
    ["is open by default", hours(0, 24), "2026-11-27T00:00:00Z", true],
    ["is open from the first moment", hours(9, 17), "2026-11-27T09:00:00Z", true],
    ["is closed the moment before", hours(9, 17), "2026-11-27T08:59:59.999Z", false],
    ["is open to the end of its last second", hours(9, 17), "2026-11-27T16:59:59.999Z", true],
    ["is closed after it", hours(9, 17), "2026-11-27T17:00:00Z", false],
    ["is closed on other days", hours(9, 17, { days: [1, 2] }), "2026-11-27T10:00:00Z", false],
    ["is open on the evening on which it starts", fridayNight, "2026-11-27T21:00:00Z", true],
    ["is open after midnight of the next day", fridayNight, "2026-11-28T00:30:00Z", true],
    ["is closed in the night before the day", fridayNight, "2026-11-27T00:30:00Z", false],
    ["is closed on the evening of the next day", fridayNight, "2026-11-28T21:30:00Z", false],
    [
      "ends by the clock on the wall when summer time begins",
      hours(1, 4, { zone: "Europe/Warsaw" }),
      "2026-03-29T01:59:59Z",
      true,
    ],
    ["and not an hour later", hours(1, 4, { zone: "Europe/Warsaw" }), "2026-03-29T02:00:00Z", false],
    [
      "ends by the clock on the wall when summer time ends",
      hours(1, 4, { zone: "Europe/Warsaw" }),
      "2026-10-25T02:59:59Z",
      true,
    ],
    [
      "works in zones that are half an hour off",
      hours(9, 10, { zone: "Asia/Kolkata" }),
      "2026-11-27T03:30:00Z",
      true,
    ],
    [
      "works in zones that are a quarter off",
      hours(9, 10, { zone: "Asia/Kathmandu" }),
      "2026-11-27T03:14:59Z",
      false,
    ],
    [
      "lasts one second when start and end are the same",
      { ...hours(9, 9), end: 9 * 3600 },
      "2026-11-27T09:00:00.999Z",
      true,
    ],
    ["and is closed in the next", { ...hours(9, 9), end: 9 * 3600 }, "2026-11-27T09:00:01Z", false],
  ];
  for (const [what, window, time, open] of rows) {
    it(what, async () => assert.equal(await isOpen(window, time), open));
  }

  it("says when it opens next", async () => {
    const answer = await windowGate(fridayNight).check(moment(Date.parse("2026-11-28T02:00:00Z")), signal);
    assert.ok(!answer.open);
    assert.equal(answer.changesAt, Date.parse("2026-12-04T21:00:00Z"));
    assert.match(answer.message, /opens next at 2026-12-04T21:00:00/);
  });

  it("says when it closes", async () => {
    const answer = await windowGate(fridayNight).check(moment(Date.parse("2026-11-27T22:00:00Z")), signal);
    assert.equal(answer.changesAt, Date.parse("2026-11-28T01:00:00Z"));
  });

  it("never closes when it covers every second", async () => {
    assert.equal((await windowGate(hours(0, 24)).check(moment(0), signal)).changesAt, undefined);
  });
});
