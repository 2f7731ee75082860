import assert from "node:assert/strict";
import { createBounded } from "../../daemon/health/bounded.ts";
import { compileExpression } from "../../daemon/health/expression.ts";
import { everyRow } from "../rows.ts";

const conditions = [{ type: "Ready", status: "True", observedGeneration: 2 }];
const object = {
  metadata: { name: "db", generation: 2, labels: { "app.kubernetes.io/name": "db" } },
  spec: { replicas: 3 },
  status: { ready: 3, share: 0.5, phase: "Running", conditions },
};

const answers: readonly [expression: string, answer: boolean][] = [
  ["self.status.phase == 'Running'", true],
  ["object.status.phase == 'Running'", true],
  ["status.phase in ['Running', 'Succeeded']", true],
  ["status.ready == spec.replicas", true],
  ["status.ready + 1 == 4 && status.ready >= 2.5", true],
  ["status.share < 1", true],
  ["status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')", true],
  [
    "status.conditions.filter(c, c.type == 'Ready').all(c, c.observedGeneration == metadata.generation)",
    true,
  ],
  ["metadata.labels['app.kubernetes.io/name'] == 'db'", true],
  ["metadata.labels.exists(key, key.startsWith('app.'))", true],
  ["has(status.phase) && !has(status.reason)", true],
  ["has(data.key)", false],
  ["status.?reason.orValue('') == ''", true],
  ["status.phase.matches('^Run')", true],
  ["has(metadata.constructor) || has(metadata.__proto__)", false],
];

const faults: readonly [expression: string, fault: RegExp][] = [
  ["status.reason == 'x'", /^No such key: reason at character 8$/],
  ["spec.replicas.matches('x')", /^found no matching overload/],
  ["status.phase && true", /^Logical operator requires bool/],
  ["status.phase", /^it gives neither true nor false$/],
  ["status.ready / 0 == 1", /^division by zero/],
];

const refused: readonly [expression: string, why: RegExp][] = [
  ["status.phase ==", /^Unexpected token: EOF at character 16$/],
  ["'Running", /^Unterminated string/],
  ["state.phase == 'x'", /^Unknown variable: state at character 1$/],
  ["isHealthy(self)", /^found no matching overload for 'isHealthy\(dyn\)' at character 1$/],
  ["status.phase.isHealthy()", /^found no matching overload/],
  ["1 + 1", /^it gives a value of the type int, not a bool$/],
  ["'a' + status.phase", /^it gives a value of the type string, not a bool$/],
  ["1 == 'a'", /no such overload/],
  [`${"!(".repeat(60)}true${")".repeat(60)}`, /^Exceeded maxDepth \(50\)/],
  [Array(600).fill("true").join(" || "), /^Exceeded max/],
];

const fault = (work: () => unknown): string => {
  try {
    return `no fault, but ${work()}`;
  } catch (error) {
    return (error as Error).message;
  }
};

describe("An expression about an object", () => {
  it("knows the object by several names, and its whole numbers are integers", () =>
    everyRow(
      answers.map(([expression, answer]) => [expression, expression, answer] as const),
      (expression, answer) => assert.equal(compileExpression(expression)(object), answer),
    ));

  it("that cannot be told about this object says why", () =>
    everyRow(
      faults.map(([expression, why]) => [expression, expression, why] as const),
      (expression, why) =>
        assert.match(
          fault(() => compileExpression(expression)(object)),
          why,
        ),
    ));

  it("is refused before any object is read, with the place", () =>
    everyRow(
      refused.map(([expression, why]) => [expression, expression, why] as const),
      (expression, why) =>
        assert.match(
          fault(() => compileExpression(expression)),
          why,
        ),
    ));
});

describe("An expression that would take for ever", () => {
  const within = createBounded(50);
  /** Never too short on a machine that does other work too. */
  const withinAMinute = createBounded(60_000);
  const list = Array.from({ length: 3000 }, (_, index) => index);
  const hostile: readonly [what: string, expression: string, value: object][] = [
    [
      "over a list in a list in a list",
      "self.l.all(a, self.l.all(b, self.l.all(c, a + b + c >= 0)))",
      { l: list },
    ],
    ["that makes longer and longer lists", "size(self.l.map(a, self.l.map(b, self.l))) > 0", { l: list }],
    [
      "of a regular expression that tries everything",
      "self.s.matches('^(a+)+$')",
      { s: `${"a".repeat(40)}b` },
    ],
  ];

  it("is interrupted, and the next one is not", async () => {
    await everyRow(hostile, (expression, value) => {
      const judge = compileExpression(expression);
      assert.equal(
        fault(() => within(() => judge(value as Record<string, unknown>))),
        "it takes longer than 50 ms",
      );
    });
    assert.equal(
      withinAMinute(() => compileExpression("self.a == 1")({ a: 1 })),
      true,
    );
  });

  it("keeps its own errors, also those of the stack", () => {
    assert.equal(
      fault(() => withinAMinute(() => compileExpression("self.a == 1")({}))),
      "No such key: a at character 6",
    );
    let deep: object = {};
    for (let depth = 0; depth < 100_000; depth += 1) deep = { deep };
    assert.match(
      fault(() => withinAMinute(() => compileExpression("has(self.a)")({ deep }))),
      /call stack/,
    );
  });
});
