import assert from "node:assert/strict";
import { ApiError } from "../../daemon/cluster/api.ts";
import { isRefusal, reportRefused, withoutRefusal } from "../../daemon/cycle/refused.ts";
import { everyRow } from "../rows.ts";
import { iso, minute, noon, record } from "./builders.ts";

const hooks = { gate: "hooks", code: "before", message: "example.com/moved", since: iso(noon) };
const drain = { gate: "drain", code: "pods-left", message: "2 pods are left", since: iso(noon) };
const draining = record({ phase: "Draining", reasons: [drain] });

describe("A write of the own Node", () => {
  it("is refused for good with some answers, and worth another try with others", async () => {
    await everyRow(
      (
        [
          ["forbidden", true],
          ["invalid", true],
          ["conflict", false],
          ["unauthorized", false],
          ["server-error", false],
          ["unreachable", false],
        ] as const
      ).map(([code, isSo]) => [code, code, isSo] as const),
      (code, isSo) => {
        assert.equal(isRefusal(new ApiError("patch", { code })), isSo);
      },
    );
  });
});

describe("The record that says what is refused", () => {
  const say = (wanted = draining, before = draining, words = "403: no", now = noon + minute) =>
    reportRefused(before, wanted, words, now) ?? assert.fail("it says so already");

  it("claims nothing of what was to be written with it", () => {
    const wanted = { ...draining, cordonedAgain: true, taint: "example.com/soon" };
    const { reasons, reportedAt, ...rest } = say(wanted);
    const { reasons: _, reportedAt: __, ...before } = draining;
    assert.deepEqual(rest, before);
    assert.equal(reportedAt, iso(noon + minute));
    assert.deepEqual(
      reasons.map(({ gate, code }) => `${gate} ${code}`),
      ["drain pods-left", "node refused"],
    );
  });

  it("says what the node waits for in the same phase, since when, so that a deadline counts", () => {
    const { reasons } = say({ ...draining, reasons: [hooks] });
    assert.deepEqual(reasons[0], hooks);
  });

  it("keeps the reasons where the phase was to change, and that phase", () => {
    const { phase, reasons } = say({ ...draining, phase: "Restoring", reasons: [] });
    assert.deepEqual([phase, reasons[0]], ["Draining", drain]);
  });

  it("says it once, since when it is so, and anew in other words", () => {
    const first = say();
    assert.equal(reportRefused(first, draining, "403: no", noon + 2 * minute), undefined);
    const [, other] = say(draining, first, "403: never", noon + 2 * minute).reasons;
    assert.match(other?.message ?? "", /: 403: never$/);
    assert.equal(other?.since, iso(noon + minute));
  });

  it("says it on one line, and no more of it than a Node has room for", () => {
    const [, { message } = assert.fail()] = say(draining, draining, `no\n${"x".repeat(100_000)}`).reasons;
    assert.ok(message.length < 1000 && !message.includes("\n"), `${message.length} characters`);
  });

  it("forgets it once a write is let through", () => {
    assert.deepEqual(withoutRefusal(say()).reasons, [drain]);
    assert.equal(withoutRefusal(draining), draining);
  });
});
