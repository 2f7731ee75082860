import assert from "node:assert/strict";
import { parseSettings, type RawOptions } from "../../../daemon/config/settings.ts";
import { everyRow } from "../../rows.ts";

/** "delete after M minutes, M in all", with "reboot" where that follows. */
function escalationText(options: RawOptions): string {
  const { escalation } = parseSettings({ "node-id": "n1", ...options }).drain.planned;
  const { drainTimeoutMs, drainDeleteAfterMs, rebootAnyway } = escalation;
  const deletes =
    drainDeleteAfterMs === Number.POSITIVE_INFINITY ? [] : [`delete ${drainDeleteAfterMs / 60_000}`];
  return [...deletes, `end ${drainTimeoutMs / 60_000}`, ...(rebootAnyway ? ["reboot"] : [])].join(", ");
}

describe("The options about a drain that does not succeed", () => {
  it("say when pods are deleted, when the drain ends, and whether the reboot follows", () =>
    everyRow<[RawOptions, string]>(
      [
        ["cancelled after a quarter of an hour", {}, "end 15"],
        ["cancelled after the timeout", { "drain-timeout": "1h" }, "end 60"],
        [
          "deletes, then reboots anyway",
          { "drain-escalation": "evict:10m,delete:2m,reboot" },
          "delete 10, end 12, reboot",
        ],
        ["longer than the default", { "drain-escalation": "evict:1h,delete:30m" }, "delete 60, end 90"],
        ["cancelled after the deletion", { "drain-escalation": "evict:10m,delete" }, "delete 10, end 15"],
        ["evicts for the rest of the time", { "drain-escalation": "evict,delete:5m" }, "delete 10, end 15"],
        ["reboots anyway at the timeout", { "drain-escalation": "evict,reboot" }, "end 15, reboot"],
        ["reboots anyway, in kured's words", { "force-reboot": "true" }, "end 15, reboot"],
        ["deletes from the start", { "disable-eviction": "true" }, "delete 0, end 15"],
        ["deletes from the start, in our words", { "drain-escalation": "delete" }, "delete 0, end 15"],
        [
          "deletes from the start and reboots anyway",
          { "disable-eviction": "true", "force-reboot": "true" },
          "delete 0, end 15, reboot",
        ],
      ],
      (options, text) => assert.equal(escalationText(options), text),
    ));
});
