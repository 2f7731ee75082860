import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { at, text } from "./object.ts";
import {
  matchesFields,
  matchesLabels,
  matchesSelector,
  parseFieldSelector,
  parseLabelSelector,
} from "./selectors.ts";

const web = { app: "web", tier: "1" };
const objects = { web, db: { app: "db" }, bare: {} };

describe("A label selector", () => {
  const rows: [string, string[]][] = [
    ["", ["web", "db", "bare"]],
    ["app=web", ["web"]],
    ["app==web", ["web"]],
    ["app!=web", ["db", "bare"]],
    ["app", ["web", "db"]],
    ["!app", ["bare"]],
    ["app in (web, db)", ["web", "db"]],
    ["app notin (web)", ["db", "bare"]],
    ["app in (web,db),tier", ["web"]],
    ["tier>0", ["web"]],
    ["tier<1", []],
    ["app=", []],
  ];
  for (const [selector, selected] of rows) {
    it(`${selector || "(empty)"} selects ${selected.join(" and ") || "nothing"}`, () => {
      const requirements = parseLabelSelector(selector);
      const found = Object.entries(objects).filter(([, labels]) => matchesLabels(requirements, labels));
      assert.deepEqual(
        found.map(([name]) => name),
        selected,
      );
    });
  }

  for (const selector of ["app in web", "a b", "=x", "app in (a", "a,", ",a", "a=b=c"]) {
    it(`${selector} is malformed`, () => assert.throws(() => parseLabelSelector(selector), { code: 400 }));
  }
});

describe("A selector object", () => {
  const rows: [string, unknown, boolean][] = [
    ["none matches nothing", undefined, false],
    ["an empty one matches everything", {}, true],
    ["matchLabels must all hold", { matchLabels: { app: "web", tier: "1" } }, true],
    ["a label with another value does not match", { matchLabels: { app: "db" } }, false],
    [
      "In matches one of its values",
      { matchExpressions: [{ key: "app", operator: "In", values: ["web"] }] },
      true,
    ],
    [
      "NotIn matches none of its values",
      { matchExpressions: [{ key: "app", operator: "NotIn", values: ["web"] }] },
      false,
    ],
    ["Exists matches any value", { matchExpressions: [{ key: "tier", operator: "Exists" }] }, true],
    [
      "DoesNotExist matches no value",
      { matchExpressions: [{ key: "tier", operator: "DoesNotExist" }] },
      false,
    ],
  ];
  for (const [what, selector, matches] of rows) {
    it(what, () => assert.equal(matchesSelector(selector, web), matches));
  }
});

describe("A field selector", () => {
  const readers = {
    name: (object: object) => text(at(object, "name")),
    phase: (object: object) => text(at(object, "phase")),
  };
  const pod = { name: "a", phase: "Running" };
  const rows: [string, boolean][] = [
    ["", true],
    ["name=a", true],
    ["name==a,phase=Running", true],
    ["name=a,phase!=Running", false],
    ["name!=b", true],
    ["name=", false],
  ];
  for (const [selector, matches] of rows) {
    it(`${selector || "(empty)"} ${matches ? "selects" : "does not select"} the pod`, () => {
      assert.equal(matchesFields(parseFieldSelector(selector), readers, pod), matches);
    });
  }

  it("may hold commas behind a backslash", () => {
    assert.deepEqual(parseFieldSelector("a=b\\,c"), [{ field: "a", equals: true, value: "b,c" }]);
  });

  for (const selector of ["name", "name in (a,b)", "name=a,phase"]) {
    it(`${selector} is malformed`, () => assert.throws(() => parseFieldSelector(selector), { code: 400 }));
  }
});
