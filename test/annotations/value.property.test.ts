import assert from "node:assert/strict";
import * as fc from "fast-check";
import { parsePause, writePause } from "../../daemon/annotations/pause.ts";
import { parseRequest, writeRequest } from "../../daemon/annotations/reboot-request.ts";
import { reasonOf, signed } from "../../daemon/annotations/value.ts";

/** Whatever a person may give as a reason, and above all what reads as something else. */
const word = fc.constantFrom(
  "true",
  "false",
  "No",
  "OFF",
  "0",
  "1",
  "yes",
  "urgent",
  "Urgent",
  "until",
  "until 2026-12-24T06:00:00Z",
  "until tomorrow",
  "wait until Bob is back",
  "UNTIL 2026-12-24 06:00",
  ":",
  ": ",
  " ",
  "\n",
  "new disk",
  "(by alice)",
  "𝒳",
);
const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 300 }),
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.array(word, { maxLength: 6 }).map((words) => words.join("")),
  fc.array(word, { maxLength: 6 }).map((words) => words.join(": ")),
);
const reason = fc.option(text, { nil: undefined });
const known = (given: string | undefined) => {
  const kept = reasonOf(given ?? "");
  return kept === "" ? {} : { reason: kept };
};
const check = <T>(arbitrary: fc.Arbitrary<T>, holds: (one: T) => void) =>
  fc.assert(fc.property(arbitrary, holds), { numRuns: 2000 });

describe("What rebootd writes for a person is read as it was meant, whatever the reason", () => {
  it("for a request", () =>
    check(fc.record({ urgent: fc.boolean(), given: reason }), ({ urgent, given }) => {
      const written = writeRequest({ urgent, ...(given !== undefined && { reason: given }) });
      assert.deepEqual(parseRequest(written), { urgent, ...known(given) });
    }));

  it("for a pause", () => {
    const until = fc.option(fc.integer({ min: 0, max: Date.parse("9999-12-31T23:59:59Z") }), {
      nil: undefined,
    });
    return check(fc.record({ until, given: reason }), ({ until, given }) => {
      const end = until === undefined ? {} : { until };
      const written = writePause({ ...end, ...(given !== undefined && { reason: given }) });
      assert.deepEqual(parsePause(written), { ...end, ...known(given) });
    });
  });

  it("a reason that is just a reason stands there as it is", () => {
    assert.equal(writePause({ reason: "new disk" }), "new disk");
    assert.equal(writeRequest({ urgent: false, reason: "firmware" }), "firmware");
    assert.equal(writeRequest({ urgent: false, reason: "urgent" }), "true: urgent");
    assert.equal(writePause({ reason: "until friday" }), "true: until friday");
  });

  it("names who gave it, however long the reason is", () => {
    assert.equal(signed("new disk", "alice"), "new disk (by alice)");
    assert.equal(signed(undefined, "alice"), "by alice");
    assert.equal(signed("new disk", undefined), "new disk");
    check(
      fc.record({ given: reason, user: fc.string({ minLength: 1, maxLength: 300 }) }),
      ({ given, user }) => {
        const text = signed(given, user) ?? "";
        assert.ok(text.length <= 200 && text.includes(user.slice(0, 79)), text);
      },
    );
  });
});
