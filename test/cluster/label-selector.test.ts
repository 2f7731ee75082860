import assert from "node:assert/strict";
import { meets, parseLabelSelector, selects } from "../../daemon/cluster/label-selector.ts";
import { everyRow } from "../rows.ts";

const labels = { app: "cart", tier: "web", cores: "8" };
const expression = (operator: string, key: string, ...values: string[]) => ({ key, operator, values });

describe("A label selector", () => {
  const rows: [what: string, selector: Parameters<typeof selects>[0], selects: boolean][] = [
    ["missing", undefined, false],
    ["null", null, false],
    ["empty", {}, true],
    ["with labels, all there", { matchLabels: { app: "cart", tier: "web" } }, true],
    ["with labels, one other", { matchLabels: { app: "cart", tier: "db" } }, false],
    ["with labels, one missing", { matchLabels: { zone: "a" } }, false],
    ["In, one of them", { matchExpressions: [expression("In", "app", "shop", "cart")] }, true],
    ["In, none of them", { matchExpressions: [expression("In", "app", "shop")] }, false],
    ["In, key missing", { matchExpressions: [expression("In", "zone", "a")] }, false],
    ["NotIn, one of them", { matchExpressions: [expression("NotIn", "app", "cart")] }, false],
    ["NotIn, none of them", { matchExpressions: [expression("NotIn", "app", "shop")] }, true],
    ["NotIn, key missing", { matchExpressions: [expression("NotIn", "zone", "a")] }, true],
    ["Exists", { matchExpressions: [expression("Exists", "app")] }, true],
    ["Exists, key missing", { matchExpressions: [expression("Exists", "zone")] }, false],
    ["DoesNotExist", { matchExpressions: [expression("DoesNotExist", "app")] }, false],
    ["DoesNotExist, key missing", { matchExpressions: [expression("DoesNotExist", "zone")] }, true],
    [
      "one of several expressions fails",
      {
        matchLabels: { app: "cart" },
        matchExpressions: [expression("Exists", "tier"), expression("DoesNotExist", "cores")],
      },
      false,
    ],
    ["an unknown operator", { matchExpressions: [expression("Like", "app", "c*")] }, false],
  ];
  it("selects labels that meet all its requirements", () =>
    everyRow(rows, (selector, expected) => assert.equal(selects(selector, labels), expected)));

  it("selects an object without labels only if it is empty", () => {
    assert.equal(selects({}, undefined), true);
    assert.equal(selects({ matchLabels: { app: "cart" } }, undefined), false);
  });
});

describe("A node affinity", () => {
  it("compares numbers, and matches no other value", () => {
    for (const [operator, value, expected] of [
      ["Gt", "7", true],
      ["Gt", "8", false],
      ["Lt", "9", true],
      ["Lt", "8", false],
    ] as const)
      assert.equal(meets(labels, expression(operator, "cores", value)), expected, `${operator} ${value}`);
    assert.equal(meets(labels, expression("Lt", "app", "8")), false);
    assert.equal(meets(labels, expression("Lt", "zone", "8")), false);
  });
});

describe("A label selector as text", () => {
  const rows: [text: string, met: boolean][] = [
    ["app", true],
    ["zone", false],
    ["!zone", true],
    ["! app", false],
    ["app=cart", true],
    ["app = cart", true],
    ["app==cart,tier=web", true],
    ["app=cart,tier=db", false],
    ["app!=cart", false],
    ["zone!=a", true],
    ["zone=", false],
    ["empty=", true],
    ["cores>7", true],
    ["cores < 8", false],
    ["app in (shop, cart)", true],
    ["app in (shop),tier", false],
    ["app notin (shop,cart)", false],
    ["zone notin (a),tier in(web)", true],
    ["example.com/owner=cnpg", true],
    ["empty in (,a)", true],
  ];
  const all = { ...labels, empty: "", "example.com/owner": "cnpg" };
  it("has the requirements of kubectl's syntax", () =>
    everyRow(
      rows.map((row) => [row[0], ...row] as const),
      (text, met) => {
        const requirements = parseLabelSelector(text);
        assert.equal(
          requirements.every((one) => meets(all, one)),
          met,
        );
      },
    ));
});
