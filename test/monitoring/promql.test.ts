import assert from "node:assert/strict";
import { everyRow } from "../rows.ts";
import { listedLabels, readingsOf } from "./promql.ts";

describe("The reader of expressions", () => {
  it("finds every metric with its labels, and nothing else", () =>
    everyRow(
      [
        ["a name", "up", ["up"], []],
        ["labels", 'a{x="b c",y=~"d}"} > 5', ["a{x,y}"], []],
        [
          "functions",
          "histogram_quantile(0.9, sum by (le, part) (rate(a_bucket[5m])))",
          ["a_bucket"],
          ["le", "part"],
        ],
        ["operators", "a == bool 1 and on (node) b unless c offset 5m", ["a", "b", "c"], ["node"]],
        ["variables", 'rate(a{node=~"$node"}[$__rate_interval]) / $__range', ["a{node}"], []],
        ["spaces", 'sum (a {x = "1"})', ["a{x}"], []],
      ] as const,
      (expr, metrics, labels) => {
        const found = readingsOf(expr).map(({ metric, labels }) =>
          labels.length > 0 ? `${metric}{${labels.join()}}` : metric,
        );
        assert.deepEqual(found, metrics);
        assert.deepEqual(listedLabels(expr), labels);
      },
    ));
});
