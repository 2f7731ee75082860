import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { createLog, explain } from "../../daemon/report/log.ts";
import { noon } from "../cycle/builders.ts";

describe("The log", () => {
  it("keeps each entry on one line", () => {
    const out = new PassThrough({ encoding: "utf8" });
    const log = createLog({ form: "text", node: "n1", phase: () => "Idle", now: () => noon, out });
    log.warn("server said: a\n2026 INFO forged\u001b[31m", { pod: "a\nb" });
    const text = String(out.read());
    assert.match(text, /^\S+ WARN {2}n1 Idle: server said: a 2026 INFO forged \[31m pod="a\\nb"\n$/);
  });

  it("has no control characters of a terminal, as text and as JSON", () => {
    for (const form of ["text", "json"] as const) {
      const out = new PassThrough({ encoding: "utf8" });
      const log = createLog({ form, node: "n1", phase: () => "Idle", now: () => noon, out });
      const hostile = "a\u001b[2J\r\n\u0085\u009b1A\u202e\u2066\u200b\u2028";
      log.warn(hostile, { why: hostile });
      const written = String(out.read());
      assert.match(written, /^\P{C}+\n$/u);
      assert.doesNotMatch(written, /[\p{Zl}\p{Zp}]/u);
      if (form === "json") assert.equal(JSON.parse(written).why, hostile);
    }
  });

  it("explains an error with its causes", () => {
    const error = new Error("evicting shop/cart-0", { cause: new Error("connect ECONNREFUSED") });
    assert.equal(explain(error), "evicting shop/cart-0: connect ECONNREFUSED");
  });
});
