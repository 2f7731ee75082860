import assert from "node:assert/strict";
import { parseRecord, writeRecord } from "../../daemon/cycle/record.ts";
import { record } from "./builders.ts";

describe("The record", () => {
  it("reads what it wrote", () => {
    const written = record({ phase: "Draining" });
    assert.deepEqual(parseRecord(writeRecord(written)), { record: written });
  });

  it("is absent where there is no annotation", () => {
    assert.deepEqual(parseRecord(undefined), {});
  });

  for (const [what, annotation] of [
    ["text", "not json"],
    ["an unknown phase", '{"phase":"Dancing","since":"2026-11-24T12:00:00Z"}'],
    ["no time", '{"phase":"Idle"}'],
    ["a list", "[]"],
    ["null", "null"],
  ] as const) {
    it(`says what is wrong with ${what}`, () => {
      const { record, fault } = parseRecord(annotation);
      assert.equal(record, undefined);
      assert.ok(fault);
    });
  }

  it("ignores fields that it does not know", () => {
    const { record } = parseRecord('{"phase":"Idle","since":"2026-11-24T12:00:00Z","later":1}');
    assert.equal(record?.phase, "Idle");
  });
});
