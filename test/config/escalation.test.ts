import assert from "node:assert/strict";
import { escalationOf } from "../../daemon/config/escalation.ts";
import { ConfigError, parseConfig, type RawOptions } from "../../daemon/config/options.ts";

/** As "delete after M minutes, M in all", with "reboot" where that follows. */
function said(options: RawOptions): string {
  const { drainTimeoutMs, drainDeleteAfterMs, rebootAnyway } = escalationOf(
    parseConfig({ "node-id": "n1", ...options }),
  );
  const deletes =
    drainDeleteAfterMs === Number.POSITIVE_INFINITY ? [] : [`delete ${drainDeleteAfterMs / 60_000}`];
  return [...deletes, `end ${drainTimeoutMs / 60_000}`, ...(rebootAnyway ? ["reboot"] : [])].join(", ");
}

describe("A drain that does not succeed", () => {
  const rows: [what: string, options: RawOptions, said: string][] = [
    ["is given up after a quarter of an hour", {}, "end 15"],
    ["is given up when one says", { "drain-timeout": "1h" }, "end 60"],
    [
      "deletes, then reboots anyway",
      { "drain-escalation": "evict:10m,delete:2m,reboot" },
      "delete 10, end 12, reboot",
    ],
    ["may take longer than the default", { "drain-escalation": "evict:1h,delete:30m" }, "delete 60, end 90"],
    ["may be given up after the deletion", { "drain-escalation": "evict:10m,delete" }, "delete 10, end 15"],
    [
      "leaves the eviction the rest of the time",
      { "drain-escalation": "evict,delete:5m" },
      "delete 10, end 15",
    ],
    ["reboots anyway at the timeout", { "drain-escalation": "evict,reboot" }, "end 15, reboot"],
    ["reboots anyway, in kured's words", { "force-reboot": "true" }, "end 15, reboot"],
    ["deletes from the start", { "disable-eviction": "true" }, "delete 0, end 15"],
    ["deletes from the start, in our words", { "drain-escalation": "delete" }, "delete 0, end 15"],
    [
      "deletes from the start and reboots anyway",
      { "disable-eviction": "true", "force-reboot": "true" },
      "delete 0, end 15, reboot",
    ],
  ];
  for (const [what, options, expected] of rows) it(what, () => assert.equal(said(options), expected));

  for (const [what, options] of [
    ["two ways to say it at once", { "drain-escalation": "evict,reboot", "force-reboot": "true" }],
    ["both kinds of deletion at once", { "drain-escalation": "evict,delete:1m", "disable-eviction": "true" }],
    ["steps that leave no time for the other", { "drain-escalation": "evict:15m,delete" }],
  ] as [string, RawOptions][]) {
    it(`is refused where there are ${what}`, () => {
      assert.throws(
        () => said(options),
        (error) => error instanceof ConfigError && /^--[a-z-]+.*: .*allowed/.test(error.message),
      );
    });
  }
});
