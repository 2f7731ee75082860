import assert from "node:assert/strict";
import { dashboard } from "../../../manifests/monitoring/dashboard.ts";
import { dashboardSchema } from "../grafana-schema.ts";
import { dashboardSvg } from "./dashboard.ts";
import type { ShownPanel } from "./data.ts";

const parsed = dashboardSchema.parse(JSON.parse(JSON.stringify(dashboard())));
const shown = parsed.panels.filter((panel): panel is ShownPanel => panel.type !== "row");
const span = { from: 0, to: 10, step: 1 };
const seriesOf = (name: string, values: readonly number[]) => ({
  name,
  points: values.map((value, at) => [at, value] as const),
});

describe("The picture of the dashboard", () => {
  const data = new Map(shown.map(({ id }) => [id, [seriesOf("n1", [0, 1, 1, 2])]] as const));
  const picture = dashboardSvg(parsed, data, span);

  it("has every panel with its title", () => {
    for (const { title } of shown) assert.ok(picture.includes(`>${title}<`), title);
    assert.equal(picture.match(/class="panel"/g)?.length, shown.length);
  });

  it("is well-formed, whatever the series are called", () => {
    const hostile = new Map(shown.map(({ id }) => [id, [seriesOf('<a href="x">&', [1, 2])]] as const));
    const text = dashboardSvg(parsed, hostile, span);
    assert.doesNotMatch(text, /<a /);
    assert.doesNotMatch(text, /&(?!amp;|lt;|gt;|quot;)/);
    assert.doesNotMatch(text, /NaN|undefined|Infinity/);
    const open: string[] = [];
    for (const [, close, name = "", empty] of text.matchAll(/<(\/?)(\w+)[^<>]*?(\/?)>/g)) {
      if (close) assert.equal(open.pop(), name);
      else if (!empty) open.push(name);
    }
    assert.deepEqual(open, []);
  });

  it("shows a gap where a daemon did not report, and no data where there are none", () => {
    const [timeline] = shown.filter(({ type }) => type === "state-timeline");
    const points = [0, 1, 5, 6].map((at) => [at, 1] as const);
    const text = dashboardSvg(parsed, new Map([[timeline?.id ?? 0, [{ name: "n1", points }]]]), span);
    assert.equal(text.match(/<rect [^>]*fill-opacity="0.8"/g)?.length, 2);
    assert.match(text, />no data</);
  });
});
