import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { type LogForm, lineForms } from "../../daemon/report/line-forms.ts";
import { createLog, explain } from "../../daemon/report/log.ts";
import { factFields, lineFields } from "../../daemon/report/log-fields.ts";
import { logLevels } from "../../daemon/report/log-levels.ts";
import { noon } from "../cycle/builders.ts";

describe("The log", () => {
  it("keeps each entry on one line", () => {
    const out = new PassThrough({ encoding: "utf8" });
    const log = createLog({
      form: "text",
      level: "info",
      node: "n1",
      phase: () => "Idle",
      now: () => noon,
      out,
    });
    log.warn("server said: a\n2026 INFO forged\u001b[31m", { pod: "a\nb" });
    const text = String(out.read());
    assert.match(text, /^\S+ WARN {2}n1 Idle: server said: a 2026 INFO forged \[31m pod="a\\nb"\n$/);
  });

  it("has no control characters of a terminal, in each form", () => {
    for (const form of Object.keys(lineForms) as LogForm[]) {
      const out = new PassThrough({ encoding: "utf8" });
      const log = createLog({ form, level: "info", node: "n1", phase: () => "Idle", now: () => noon, out });
      const hostile = "a\u001b[2J\r\n\u0085\u009b1A\u202e\u2066\u200b\u2028";
      log.warn(hostile, { why: hostile });
      const written = String(out.read());
      assert.match(written, /^\P{C}+\n$/u);
      assert.doesNotMatch(written, /[\p{Zl}\p{Zp}]/u);
      if (form.endsWith("json")) assert.equal(JSON.parse(written).why, hostile);
    }
  });

  it("has the lines of logrus for parsers that were made for kured's log", () => {
    const entry = { at: noon, level: "warn", node: "n1", phase: "Idle", message: "a line" } as const;
    const facts = { pod: "shop/cart-0", why: 'it says "no"' };
    assert.equal(
      lineForms.logrus({ ...entry, facts }),
      'time="2026-11-24T12:00:00Z" level=warning msg="a line" node=n1 phase=Idle pod=shop/cart-0 why="it says \\"no\\""',
    );
    assert.equal(
      lineForms["logrus-json"]({ ...entry, facts }),
      '{"level":"warning","msg":"a line","time":"2026-11-24T12:00:00Z","node":"n1","phase":"Idle","pod":"shop/cart-0","why":"it says \\"no\\""}',
    );
  });

  it("has the lines of its level and of graver ones", () => {
    const written = logLevels.map((level) => {
      const out = new PassThrough({ encoding: "utf8" });
      const log = createLog({ form: "json", level, node: "n1", phase: () => "Idle", now: () => noon, out });
      for (const one of logLevels) log[one](one);
      const lines = String(out.read()).trim().split("\n");
      return lines.map((line) => (JSON.parse(line) as { level: string }).level).join();
    });
    assert.deepEqual(written, ["error", "error,warn", "error,warn,info", "error,warn,info,debug"]);
  });

  it("has the fields that docs/reference/log.md lists", () => {
    const page = readFileSync(new URL("../../docs/reference/log.md", import.meta.url), "utf8");
    assert.deepEqual(
      page.split("\n").filter((line) => line.startsWith("| `")),
      Object.entries({ ...lineFields, ...factFields }).map(([name, is]) => `| \`${name}\` | ${is} |`),
    );
    const out = new PassThrough({ encoding: "utf8" });
    const log = createLog({
      form: "json",
      level: "info",
      node: "n1",
      phase: () => "Idle",
      now: () => noon,
      out,
    });
    log.info("nothing more");
    assert.deepEqual(Object.keys(JSON.parse(String(out.read()))), Object.keys(lineFields));
  });

  it("explains an error with its causes", () => {
    const error = new Error("evicting shop/cart-0", { cause: new Error("connect ECONNREFUSED") });
    assert.equal(explain(error), "evicting shop/cart-0: connect ECONNREFUSED");
  });
});
