import assert from "node:assert/strict";
import { loadYaml } from "@kubernetes/client-node";
import { runbookOf } from "../../daemon/report/runbooks.ts";
import { alerts } from "../../manifests/monitoring/alerts.ts";
import { dashboard } from "../../manifests/monitoring/dashboard.ts";
import { monitoringFiles } from "../../manifests/monitoring/files.ts";
import { everyRow } from "../rows.ts";
import { type Dashboard, dashboardSchema } from "./grafana-schema.ts";

const parsed = dashboardSchema.parse(JSON.parse(JSON.stringify(dashboard())));
const shown = parsed.panels.filter((panel) => panel.type !== "row");

describe("The dashboard", () => {
  it("is JSON as Grafana describes it, in the ConfigMap that Grafana's sidecar finds", () => {
    const files = monitoringFiles();
    const map = loadYaml<{ metadata: { labels: object }; data: Record<string, string> }>(
      files["monitoring/dashboard.yaml"] ?? "",
    );
    assert.equal(Reflect.get(map.metadata.labels, "grafana_dashboard"), "1");
    const [[file, text] = assert.fail(), ...more] = Object.entries(map.data);
    assert.deepEqual([file, more], ["rebootd-overview.json", []]);
    assert.deepEqual(dashboardSchema.parse(JSON.parse(text)), parsed);
  });

  it("is refused with a field that Grafana does not know, or without one that it needs", () => {
    const [panel] = shown;
    const broken = (change: object) => ({ ...parsed, panels: [{ ...panel, ...change }] });
    return everyRow(
      [
        ["an unknown field", { ...parsed, titel: "x" }],
        ["no title", { ...parsed, title: undefined }],
        ["a uid that is too long", { ...parsed, uid: "x".repeat(41) }],
        ["a kind of panel that is gone", broken({ type: "graph" })],
        ["a panel beyond the edge", broken({ gridPos: { x: 20, y: 0, w: 6, h: 4 } })],
        ["a panel without an ID", broken({ id: undefined })],
        ["a query without an expression", broken({ targets: [{ refId: "A" }] })],
      ] as const,
      (value) => assert.equal(dashboardSchema.safeParse(value).success, false),
    );
  });

  it("has a fixed address, a title, tags and three variables", () => {
    assert.equal(parsed.uid, "rebootd-overview");
    assert.equal(parsed.title, "rebootd / Overview");
    assert.ok(parsed.tags.includes("rebootd"));
    assert.deepEqual(
      parsed.templating.list.map(({ name }) => name),
      ["datasource", "cluster", "node"],
    );
  });

  it("asks with its variables, and over no fixed time", () =>
    everyRow(
      shown.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
      (expr) => {
        for (const [selector] of expr.matchAll(/rebootd_\w+\{?[^}]*\}?/g))
          assert.match(selector, /\{cluster=~"\$cluster",node=~"\$node"/);
        for (const [, range] of expr.matchAll(/\[([^\]]+)\]/g))
          assert.match(range ?? "", /^\$__(rate_interval|range)$/);
      },
    ));

  it("has panels that do not overlap, each with an ID, a title and a sentence of its own", () => {
    const of = (key: "id" | "title") => shown.map((panel) => panel[key]);
    for (const values of [of("id"), of("title")]) assert.equal(new Set(values).size, values.length);
    for (const { description } of shown) assert.match(description, /^[A-Z].*\.$/);
    assert.deepEqual(overlapping(parsed.panels), []);
  });

  it("leads to the page of each alert", () => {
    assert.deepEqual(
      parsed.links.map(({ title, url }) => [title, url]),
      alerts.map(({ alert }) => [alert, runbookOf(alert)]),
    );
  });
});

function overlapping(panels: Dashboard["panels"]): string[] {
  const cells = new Map<string, string>();
  return panels.flatMap(({ title, gridPos: { x, y, w, h } }) => {
    const taken: string[] = [];
    for (let column = x; column < x + w; column += 1) {
      for (let line = y; line < y + h; line += 1) {
        const other = cells.get(`${column} ${line}`);
        if (other !== undefined) taken.push(`${title} is on ${other}`);
        cells.set(`${column} ${line}`, title);
      }
    }
    return [...new Set(taken)];
  });
}
