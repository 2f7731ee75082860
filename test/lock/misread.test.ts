import assert from "node:assert/strict";
import { misreadBesideLock } from "../../daemon/lock/misread.ts";
import { everyRow } from "../rows.ts";

describe("An annotation that is not understood beside the lock", () => {
  const rows: [what: string, annotations: Record<string, string>, messages: RegExp[]][] = [
    ["no annotations", {}, []],
    [
      "annotations that are understood, or belong to others",
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
      "an end of a pause that is no time",
      { "rebootd.dev/paused": "yes until tomorrow" },
      [/^rebootd\.dev\/paused="yes until tomorrow": it does not end by itself; .*"until 2026-12-24T06/],
    ],
    [
      "keys that rebootd does not read there",
      { "rebootd.dev/priority": "high", "rebootd.dev/pause": "true" },
      [
        /^rebootd\.dev\/pause: unknown annotation beside the lock; known are rebootd\.dev\/lock, rebootd\.dev\/paused$/,
        /^rebootd\.dev\/priority: unknown annotation/,
      ],
    ],
  ];
  it("is an end of a pause that is no time, and an unknown key of rebootd", () =>
    everyRow(rows, (annotations, messages) => {
      const found = misreadBesideLock(annotations, "rebootd.dev/lock");
      assert.equal(found.length, messages.length, found.join("\n"));
      for (const [index, message] of messages.entries()) assert.match(found[index] ?? "", message);
    }));

  it("is a lock of rebootd's own name if the lock is another annotation, and one of at most ten", () => {
    assert.match(
      misreadBesideLock({ "rebootd.dev/lock": "{}" }, "weave.works/kured-node-lock").join(),
      /^rebootd\.dev\/lock: unknown annotation .*; known are weave\.works\/kured-node-lock, rebootd\.dev\/paused$/,
    );
    const many = Object.fromEntries(Array.from({ length: 99 }, (_, index) => [`rebootd.dev/x${index}`, ""]));
    assert.equal(misreadBesideLock(many, "rebootd.dev/lock").length, 10);
  });
});
