import assert from "node:assert/strict";
import { parseTable } from "../../daemon/config/option.ts";
import { options } from "../../daemon/config/settings.ts";
import { everyRow } from "../rows.ts";

/** As Kubernetes' own parser has it (kubectl drain --pod-selector), but for the empty selector, which is taken for a slip. */
describe("The value of a label selector", () => {
  const long = "x".repeat(63);
  const taken = [
    ...["a", "!a", "! a", " a ", "a,b", "a , !b", "in", "notin", "example.com/a.b-c_d", long, `${long}x/a`],
    ...["a=b", "a==b", "a!=b", "a = b", "a=", "a!=", "a=,b=", "in=in", `a=${long}`],
    ...[
      "a in (b)",
      "a in(b)",
      "a notin (b, c)",
      "in in (in)",
      "a in ()",
      "a in (,)",
      "a in (b,)",
      "a in (,b)",
    ],
    ...["a>5", "a < 5", "a>007"],
  ];
  const refusedSelectors = [
    ...["", " ", ",", "a,", ",a", "a,,b", "a b", "!a=b", "!!a", "a=b=c", "a===b", "a=!b", "a=b;c=d", "'a=b'"],
    ...[
      "a in",
      "a in b",
      "a in (b",
      "a in b)",
      "a in (b c)",
      "a in (b!)",
      "a in ((b))",
      "a in (b,,)",
      "ain (b)",
    ],
    ...["a>", "a>b", "a<-5", "a>9223372036854775808", "a gt 5"],
    ...["/a", "a/", "a/b/c", "A.b/c", "a..b/c", "a-/b", "-a", "a-", "a=-b", "a=b-", "é", "a=é"],
    ...[`${long}x`, `a=${long}x`, `${"x.".repeat(126)}xx/a`],
  ];
  const takes = (given: string) => {
    try {
      const raw = { "node-id": "n1", "drain-pod-selector": given };
      return parseTable(options, raw)["drain-pod-selector"] === given;
    } catch {
      return false;
    }
  };
  const check = (isTaken: boolean) => (given: string) => assert.equal(takes(given), isTaken);
  const rows = (texts: readonly string[]) => texts.map((given) => [JSON.stringify(given), given] as const);

  it("is taken as Kubernetes takes it", () => everyRow(rows(taken), check(true)));

  it("is refused as Kubernetes refuses it", () => everyRow(rows(refusedSelectors), check(false)));
});
