import assert from "node:assert/strict";
import { startFacts } from "../../daemon/compose/started.ts";
import { parseSettings, type RawOptions } from "../../daemon/config/settings.ts";
import type { Gate } from "../../daemon/gates/gate.ts";
import { everyRow } from "../rows.ts";

describe("The first line of the log", () => {
  const factsOf = (options: RawOptions, ...names: Gate["name"][]) =>
    startFacts(
      parseSettings({ "node-id": "n1", ...options }),
      names.map((name) => ({ name }) as Gate),
    );

  it("names the gates, and windows only where there are any", () => {
    assert.equal(factsOf({}, "paused", "window", "disruption").gates, "paused, disruption");
    assert.equal(factsOf({ "reboot-days": "sat" }, "paused", "window").gates, "paused, window");
    assert.equal(factsOf({}, "health", "paused", "health").gates, "health, paused");
    assert.equal(factsOf({ blackout: ["2026-12-24..2026-12-26"] }, "window").gates, "window");
  });

  it("says nothing unusual of the defaults", () => assert.equal(factsOf({}).unusual, undefined));

  const rows: [what: string, options: RawOptions, says: string][] = [
    [
      "an escalation up to the reboot",
      { "drain-escalation": "evict:2m,reboot", preflight: "off" },
      "reboots even if pods remain (--drain-escalation or --force-reboot)",
    ],
    [
      "deletions",
      { "disable-eviction": "true" },
      "deletes pods past their budgets (--drain-escalation or --disable-eviction)",
    ],
    ["no preflight", { preflight: "off" }, "drains without a look at budgets before (--preflight=off)"],
    ["inhibitors", { inhibitors: "ignore" }, "ignores what blocks shutdowns (--inhibitors=ignore)"],
    [
      "hooks before",
      { "before-reboot-hooks": ["example.com/a"], "before-reboot-hooks-late": "go-on" },
      "reboots without late hooks (--before-reboot-hooks-late)",
    ],
    [
      "hooks after",
      { "after-reboot-hooks": ["example.com/a"], "after-reboot-hooks-late": "go-on" },
      "uncordons without late hooks (--after-reboot-hooks-late)",
    ],
    ["no halt", { "halt-after-failures": "0" }, "goes on after failed reboots (--halt-after-failures=0)"],
    ["a TTL", { "lock-ttl": "1h" }, "takes over slots of holders that are still at work (--lock-ttl)"],
    [
      "several",
      { "lock-ttl": "1h", preflight: "off" },
      "drains without a look at budgets before (--preflight=off); takes over slots of holders that are still at work (--lock-ttl)",
    ],
  ];
  it("says what is less careful than the defaults", () =>
    everyRow(rows, (options, says) => assert.equal(factsOf(options).unusual, says)));
});
