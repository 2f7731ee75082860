import assert from "node:assert/strict";
import { misreadOn } from "../../daemon/cycle/misread.ts";
import { everyRow } from "../rows.ts";

describe("What is not understood on a Node", () => {
  const rows: [what: string, annotations: Record<string, string>, says: RegExp[]][] = [
    ["is nothing where nothing is said", {}, []],
    [
      "is nothing where all is understood",
      {
        "rebootd.dev/paused": "until 2026-12-24T06:00:00Z: racks",
        "rebootd.dev/priority": "High",
        "rebootd.dev/reboot-requested": "urgent: CVE",
        "rebootd.dev/cycle": "{}",
        "example.com/paused": "yes until tomorrow",
      },
      [],
    ],
    [
      "is an end of a pause that is none",
      { "rebootd.dev/paused": "until 2026-12-24 06:00" },
      [/^rebootd\.dev\/paused="until 2026-12-24 06:00": it does not end by itself; .*"until 2026-12-24T06/],
    ],
    [
      "is a priority that there is not",
      { "rebootd.dev/priority": "urgent" },
      [/^rebootd\.dev\/priority="urgent": it counts as normal; there are high, normal and low$/],
    ],
    [
      "is urgency in other words",
      { "rebootd.dev/reboot-requested": "urgent CVE" },
      [/^rebootd\.dev\/reboot-requested="urgent CVE": it is not urgent; /],
    ],
    [
      "is an unknown key of rebootd",
      { "rebootd.dev/pause": "true", "rebootd.dev/lock": "{}" },
      [
        /^rebootd\.dev\/lock: unknown annotation of a Node; known are rebootd\.dev\/approved, /,
        /^rebootd\.dev\/pause: unknown annotation/,
      ],
    ],
  ];
  it("is an invalid value, or an unknown key of rebootd", async () => {
    await everyRow(rows, (annotations, says) => {
      const found = misreadOn(annotations, []);
      assert.equal(found.length, says.length, found.join("\n"));
      for (const [index, one] of says.entries()) assert.match(found[index] ?? "", one);
    });
  });

  it("is not what hooks are called", () =>
    assert.deepEqual(misreadOn({ "rebootd.dev/raid": "true" }, ["rebootd.dev/raid"]), []));

  it("may be a hook where the options are not known", () =>
    assert.match(
      misreadOn({ "rebootd.dev/raid": "true" }, undefined).join(),
      /^rebootd\.dev\/raid: unknown annotation of a Node, unless an option names it as a hook; known are/,
    ));
});
