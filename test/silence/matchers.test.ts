import assert from "node:assert/strict";
import fc from "fast-check";
import { matchersFor, parseMatchers } from "../../daemon/silence/matchers.ts";
import { everyRow } from "../rows.ts";

const textsFor = (text: string, node: string) =>
  matchersFor(parseMatchers(text), node).map(
    ({ name, value, isRegex, isEqual }) => `${name}${isEqual ? "=" : "!"}${isRegex ? "~" : ""}${value}`,
  );

describe("Matchers of a silence", () => {
  const rows: [text: string, matchers: string[]][] = [
    ['node="{node}"', ["node=n1.test"]],
    ["node={node}", ["node=n1.test"]],
    ['instance="{node}:9100"', ["instance=n1.test:9100"]],
    ['instance=~"{node}"', ["instance=~n1\\.test"]],
    ['instance=~"{node}(:[0-9]+)?"', ["instance=~n1\\.test(:[0-9]+)?"]],
    ['instance=~"{node}(?::[0-9]+)?"', ["instance=~n1\\.test(?::[0-9]+)?"]],
    ['instance=~"{node}:.*"', ["instance=~n1\\.test:.*"]],
    ['pod=~"kube-system/{node}"', ["pod=~kube-system/n1\\.test"]],
    ['pod=~"(.*/)?{node}(:\\\\d+)?"', ["pod=~(.*/)?n1\\.test(:\\d+)?"]],
    [
      'node="{node}", alertname!~"Rebootd.*",cluster=eu1',
      ["node=n1.test", "alertname!~Rebootd.*", "cluster=eu1"],
    ],
    [
      'node="{node}",pod!="{node}-a",instance=~"x|{node}.*"',
      ["node=n1.test", "pod!n1.test-a", "instance=~x|n1\\.test.*"],
    ],
  ];
  it("have the node's name in place of {node}, and in an expression its dots mean dots", () =>
    everyRow(
      rows.map(([text, matchers]) => [text, text, matchers] as const),
      (text, matchers) => assert.deepEqual(textsFor(text, "n1.test"), matchers),
    ));

  const others = "would match alerts of other nodes";
  const beside = "could match the names of other nodes too";
  const refused: [text: string, why: string][] = [
    ['severity="critical"', others],
    ['instance=~".*"', others],
    ['node!="{node}"', others],
    ['node!~"{node}",severity="x"', others],
    ['instance=~"{node}.*"', beside],
    ['instance=~"{node}[0-9]*"', beside],
    ['instance=~"{node}|.*"', beside],
    ['instance=~".*|{node}"', beside],
    ['instance=~"({node}|n2)"', beside],
    ['instance=~".*{node}"', beside],
    ['instance=~"({node})?.*"', beside],
    ['instance=~"{node}?"', beside],
    ['instance=~"{node}*"', beside],
    ['instance=~"{node}:?.*"', beside],
    ['instance=~"{node}:*x"', beside],
    ['instance=~"{node}:{0}x"', beside],
    ['instance=~"{node}(:.*)?x"', beside],
    ['instance=~"{node}(:.*)*x"', beside],
    ['instance=~"{node}(:9100|.*)"', beside],
    ['instance=~"{node}:9100|.*"', beside],
    ['instance=~"{node}\\\\..*"', beside],
    ['instance=~"{node}-.*"', beside],
    ['instance=~"{node}:(9100)?"', beside],
    ['instance=~"[/{node}:]+"', "invalid character class range"],
    ['instance=~"(?i){node}"', beside],
    ['instance=~"x(.*/)?{node}"', beside],
    ['instance="{node}0"', beside],
    ['instance="a-{node}"', beside],
    ['instance="{node}.example.com"', beside],
    ["node", "is no matcher"],
    ['node="{node}" and x', "is no matcher"],
    ['node="{node}",instance=~"("', "missing closing"],
    ['node=~"{node}\\d"', "is not doubled"],
    ['__name__="{node}"', "no label __name__"],
    ["", others],
  ];
  it("are refused where they could match alerts of another node, or are none", () =>
    everyRow(
      refused.map(([text, why]) => [text, text, why] as const),
      (text, why) =>
        assert.throws(
          () => parseMatchers(text),
          (error: Error) => error.message.includes(why),
        ),
    ));

  it("match no other node's name, whatever is accepted", () => {
    const parts = [
      "{node}",
      ":",
      "/",
      ".",
      ".*",
      "[0-9]+",
      "(",
      "(?:",
      ")",
      "?",
      "*",
      "+",
      "|",
      "-",
      "9",
      "n",
      "[",
      "]",
      "{0}",
      "\\\\d",
      "^",
      "$",
    ];
    const labels = [
      "n10",
      "n1.b",
      "an1",
      "a.n1",
      "n1-b",
      "n2",
      "",
      "1",
      "n",
      "n2:9100",
      "x/n2",
      "n10:9100",
      "n2/n1x",
    ];
    const expressions = fc
      .array(fc.constantFrom(...parts), { minLength: 1, maxLength: 7 })
      .map((some) => some.join(""));
    let accepted = 0;
    fc.assert(
      fc.property(expressions, fc.boolean(), (text, isRegex) => {
        let matchers: ReturnType<typeof parseMatchers>;
        try {
          matchers = parseMatchers(`instance${isRegex ? "=~" : "="}"${text}"`);
        } catch {
          return;
        }
        accepted += 1;
        const [{ value } = assert.fail()] = matchersFor(matchers, "n1");
        const hit = (label: string) => (isRegex ? new RegExp(`^(?:${value})$`).test(label) : value === label);
        assert.deepEqual(labels.filter(hit), []);
      }),
      { numRuns: 20_000, seed: 7 },
    );
    assert.ok(accepted > 50, `${accepted} accepted`);
  });
});
