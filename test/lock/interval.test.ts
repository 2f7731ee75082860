import assert from "node:assert/strict";
import { parseLastReboot, tooSoon } from "../../daemon/lock/interval.ts";
import type { Holder } from "../../daemon/lock/lock.ts";
import { everyRow } from "../rows.ts";

const minute = 60_000;
const noon = Date.parse("2026-11-24T12:00:00Z");
const ago = (minutes: number) => noon - minutes * minute;
const holder = (minutes: number): Holder => ({
  nodeID: "other",
  created: new Date(ago(minutes)).toISOString(),
});

describe("The least time between two reboots", () => {
  it("holds a node back from the last return, and from the last start of another one", () =>
    everyRow<[string, readonly Holder[], number | undefined, number | undefined, string | undefined]>(
      [
        ["none without the option", [holder(1)], ago(1), undefined, undefined],
        ["over without a reboot before", [], undefined, 30, undefined],
        ["since the last return", [], ago(29), 30, "12:01"],
        ["over to the millisecond", [], ago(30), 30, undefined],
        ["since the start of another node that is in the lock", [holder(10)], undefined, 30, "12:20"],
        ["since the later of both", [holder(10)], ago(5), 30, "12:25"],
        ["by a clock that is ahead", [], ago(-5), 30, "12:35"],
        ["not by a time that is too far ahead to be one", [], ago(-61), 30, undefined],
        ["not by an entry whose time is none", [{ nodeID: "x", created: "soon" }], undefined, 30, undefined],
      ],
      (others, last, minutes, until) => {
        const refused = tooSoon(others, last, minutes && minutes * minute, noon);
        assert.equal(refused && new Date(refused.until ?? 0).toISOString().slice(11, 16), until);
      },
    ));

  it("says the option and the time at which a node may start", () => {
    assert.deepEqual(tooSoon([], ago(10), 30 * minute, noon), {
      gate: "lock",
      code: "lock-interval",
      message:
        "--min-interval has not passed since the last reboot; a node may start at 2026-11-24T12:20:00Z",
      until: ago(-20),
    });
  });

  it("reads a time, and no other text", () => {
    assert.equal(parseLastReboot("2026-11-24T12:00:00Z"), noon);
    assert.equal(parseLastReboot("yesterday"), undefined);
    assert.equal(parseLastReboot(undefined), undefined);
  });
});
