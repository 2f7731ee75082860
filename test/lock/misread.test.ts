import assert from "node:assert/strict";
import { misreadBesideLock } from "../../daemon/lock/misread.ts";

describe("What is not understood beside the lock", () => {
  const rows: [what: string, annotations: Record<string, string>, says: RegExp[]][] = [
    ["is nothing where nothing is said", {}, []],
    [
      "is nothing where all is understood, or is somebody else's",
      {
        "rebootd.dev/lock": "{}",
        "rebootd.dev/paused": "until 2026-12-24T06:00:00Z: racks",
        "rebootd.dev/failures": "[]",
        "rebootd.dev/unlocked": "[]",
        "example.com/pause": "true",
      },
      [],
    ],
    [
      "is an end of a pause that is none",
      { "rebootd.dev/paused": "yes until tomorrow" },
      [/^rebootd\.dev\/paused="yes until tomorrow": it does not end by itself; .*"until 2026-12-24T06/],
    ],
    [
      "is a key that nobody reads there",
      { "rebootd.dev/priority": "high", "rebootd.dev/pause": "true" },
      [
        /^rebootd\.dev\/pause: nobody reads this annotation beside the lock; there are rebootd\.dev\/lock, rebootd\.dev\/paused$/,
        /^rebootd\.dev\/priority: nobody/,
      ],
    ],
  ];
  for (const [what, annotations, says] of rows) {
    it(what, () => {
      const found = misreadBesideLock(annotations, "rebootd.dev/lock");
      assert.equal(found.length, says.length, found.join("\n"));
      for (const [index, one] of says.entries()) assert.match(found[index] ?? "", one);
    });
  }

  it("is a lock of rebootd's own name where the lock is another annotation", () =>
    assert.match(
      misreadBesideLock({ "rebootd.dev/lock": "{}" }, "weave.works/kured-node-lock").join(),
      /^rebootd\.dev\/lock: nobody reads .* there are weave\.works\/kured-node-lock, rebootd\.dev\/paused$/,
    ));

  it("is bounded, however many there are", () => {
    const many = Object.fromEntries(Array.from({ length: 99 }, (_, index) => [`rebootd.dev/x${index}`, ""]));
    assert.equal(misreadBesideLock(many, "rebootd.dev/lock").length, 10);
  });
});
