import assert from "node:assert/strict";
import { wallClock } from "../../daemon/schedule/wall-clock.ts";
import { everyRow } from "../rows.ts";

describe("The wall clock of a zone", () => {
  const rows: [what: string, zone: string, shown: string, moment: string][] = [
    ["is the same in UTC", "UTC", "2026-11-27T09:00", "2026-11-27T09:00:00"],
    ["is ahead east of Greenwich", "Europe/Warsaw", "2026-11-27T09:00", "2026-11-27T08:00:00"],
    ["is behind west of it", "America/New_York", "2026-11-27T09:00", "2026-11-27T14:00:00"],
    ["may be off by quarters of an hour", "Asia/Kathmandu", "2026-11-27T09:00", "2026-11-27T03:15:00"],
    ["shows the time before a change", "Europe/Warsaw", "2026-03-29T01:59", "2026-03-29T00:59:00"],
    ["shows the time after a change", "Europe/Warsaw", "2026-03-29T03:00", "2026-03-29T01:00:00"],
    [
      "skips times at the moment it is put forward",
      "Europe/Warsaw",
      "2026-03-29T02:30",
      "2026-03-29T01:00:00",
    ],
    ["shows a time twice, the first counts", "Europe/Warsaw", "2026-10-25T02:30", "2026-10-25T00:30:00"],
    ["shows a later time once again", "Europe/Warsaw", "2026-10-25T03:00", "2026-10-25T02:00:00"],
    ["may skip half an hour", "Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30:00"],
    ["may skip a midnight", "Africa/Cairo", "2026-04-24T00:00", "2026-04-23T22:00:00"],
    ["may skip a whole day", "Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00:00"],
  ];

  it("shows a time first at one moment", () =>
    everyRow(rows, (zone, shown, moment) => {
      const found = wallClock(zone)(Date.parse(`${shown}Z`));
      assert.equal(new Date(found).toISOString(), `${moment}.000Z`);
    }));

  it("keeps no offset of one day for another", () => {
    const clock = wallClock("Europe/Warsaw");
    for (const [shown, moment] of [
      ["2026-03-27T12:00Z", "2026-03-27T11:00Z"],
      ["2026-03-31T12:00Z", "2026-03-31T10:00Z"],
      ["2026-03-27T12:00Z", "2026-03-27T11:00Z"],
    ] as const)
      assert.equal(clock(Date.parse(shown)), Date.parse(moment), shown);
  });
});
