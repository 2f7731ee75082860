import assert from "node:assert/strict";
import { parseSettings, type RawOptions } from "../../daemon/config/settings.ts";
import { createOutlook, type Outlook } from "../../daemon/schedule/outlook.ts";
import { everyRow } from "../rows.ts";

const outlookOf = (options: RawOptions) =>
  createOutlook(parseSettings({ "node-id": "n1", ...options }).window);
const text = (ms: number | undefined) => ms && new Date(ms).toISOString().slice(0, 16);
const shown = ({ isOpen, opensAt, closesAt }: Outlook) => [isOpen, text(opensAt), text(closesAt)];
const nightly = { window: "0 22 * * * for 4h", "window-margin": "0" };

describe("The outlook of the calendar", () => {
  it("is whether a window is open, the next opening, and the end of this or the next one", () =>
    everyRow(
      [
        ["no windows", {}, [true, undefined, undefined]],
        ["before a window", nightly, [false, "2026-11-24T22:00", "2026-11-25T02:00"]],
        ["in a window", { window: "0 11 * * * for 2h" }, [true, "2026-11-25T11:00", "2026-11-24T13:00"]],
        ["windows without a gap", { window: "@daily for 24h" }, [true, undefined, undefined]],
        ["a blackout", { blackout: "2026-11-24" }, [false, "2026-11-25T00:00", undefined]],
        ["no window within a year", { window: "0 2 29 2 * for 1h" }, [false, undefined, undefined]],
      ] as const,
      (options, expected) => {
        assert.deepEqual(shown(outlookOf(options)(Date.parse("2026-11-24T12:00:00Z"))), expected);
      },
    ));

  it("follows the time, also where the clock is set back", () => {
    const at = outlookOf(nightly);
    const isOpenAt = (time: string) => at(Date.parse(time)).isOpen;
    assert.equal(isOpenAt("2026-11-24T21:59:59.999Z"), false);
    assert.equal(isOpenAt("2026-11-24T22:00:00Z"), true);
    assert.equal(isOpenAt("2026-11-25T02:00:00Z"), false);
    assert.equal(isOpenAt("2026-11-24T23:00:00Z"), true);
    const leap = outlookOf({ window: "0 2 29 2 * for 1h" });
    leap(Date.parse("2026-11-24T12:00:00Z"));
    assert.equal(text(leap(Date.parse("2028-01-01T00:00:00Z")).opensAt), "2028-02-29T02:00");
  });

  it("is looked up once for as long as it is the same", () => {
    const at = outlookOf(nightly);
    const first = at(Date.parse("2026-11-24T12:00:00Z"));
    assert.equal(at(Date.parse("2026-11-24T21:00:00Z")), first);
    assert.notEqual(at(Date.parse("2026-11-24T22:00:00Z")), first);
  });
});
