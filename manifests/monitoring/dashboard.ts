/**
 * The dashboard as JSON for Grafana:
 * https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
 */
import { runbookOf } from "../../daemon/report/runbooks.ts";
import { alerts } from "./alerts.ts";
import { type Panel, type Row, rebootTimes, rows } from "./panels.ts";

const datasource = { type: "prometheus", uid: "$datasource" };
const widthOfAll = 24;

export function dashboard(): Record<string, unknown> {
  return {
    uid: "rebootd-overview",
    title: "rebootd / Overview",
    tags: ["rebootd", "kubernetes"],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    timezone: "browser",
    refresh: "1m",
    time: { from: "now-6h", to: "now" },
    templating: { list: variables },
    annotations: { list: [reboots] },
    links: alerts.map(({ alert }) => ({
      type: "link",
      title: alert,
      url: runbookOf(alert),
      targetBlank: true,
      icon: "doc",
    })),
    panels: placed(rows),
  };
}

const labelValues = (name: string, query: string) => ({
  type: "query",
  name,
  label: name,
  datasource,
  query: { query, refId: `variable-${name}` },
  definition: query,
  // On each change of the time range.
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  // Clusters without that label match as well.
  allValue: ".*",
  current: { text: ["All"], value: ["$__all"] },
});

const variables = [
  { type: "datasource", name: "datasource", label: "datasource", query: "prometheus" },
  labelValues("cluster", "label_values(rebootd_build_info, cluster)"),
  labelValues("node", 'label_values(rebootd_build_info{cluster=~"$cluster"}, node)'),
];

const reboots = {
  name: "Reboots",
  enable: true,
  datasource,
  expr: rebootTimes,
  useValueForTime: true,
  titleFormat: "{{node}} rebooted",
  iconColor: "blue",
};

/** Each row of panels below the one before, from left to right. */
function placed(all: readonly Row[]): object[] {
  let [x, y, id] = [0, 0, 0];
  const nextId = () => {
    id += 1;
    return id;
  };
  return all.flatMap(({ title, height, panels }) => {
    const head = { type: "row", id: nextId(), title, collapsed: false, panels: [] };
    const result: object[] = [{ ...head, gridPos: { x: 0, y, w: widthOfAll, h: 1 } }];
    y += 1;
    for (const panel of panels) {
      if (x + panel.width > widthOfAll) {
        x = 0;
        y += height;
      }
      result.push({ id: nextId(), gridPos: { x, y, w: panel.width, h: height }, ...panelOf(panel) });
      x += panel.width;
    }
    x = 0;
    y += height;
    return result;
  });
}

function panelOf({ title, description, kind, queries, instant, ...more }: Panel): object {
  return {
    type: kind,
    title,
    description,
    datasource,
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource,
      expr,
      legendFormat: legend,
      ...(instant === true ? { instant: true, range: false } : { range: true }),
      ...(kind === "table" && { format: "table" }),
    })),
    fieldConfig: { defaults: fieldDefaults({ kind, ...more }), overrides: [] },
    options: optionsOf[kind],
  };
}

function fieldDefaults({
  kind,
  unit,
  stacked,
  states,
  alarm,
}: Omit<Panel, "title" | "description" | "queries">): object {
  const steps = [
    { color: "green", value: null },
    ...(alarm === undefined ? [] : [{ color: alarm, value: 1 }]),
  ];
  const options = states?.map(({ value, name, colour }) => [`${value}`, { text: name, color: colour }]);
  return {
    unit,
    min: kind === "stat" ? undefined : 0,
    color: { mode: kind === "timeseries" ? "palette-classic" : "thresholds" },
    thresholds: { mode: "absolute", steps },
    ...(options !== undefined && { mappings: [{ type: "value", options: Object.fromEntries(options) }] }),
    ...(kind === "timeseries" && {
      custom: {
        drawStyle: "line",
        fillOpacity: stacked === true ? 30 : 0,
        stacking: { mode: stacked === true ? "normal" : "none" },
      },
    }),
  };
}

const lastValue = { calcs: ["lastNotNull"], fields: "", values: false };
const legend = { displayMode: "list", placement: "bottom", showLegend: true };

const optionsOf: Readonly<Record<Panel["kind"], object>> = {
  stat: { reduceOptions: lastValue, colorMode: "value", graphMode: "none", textMode: "value" },
  timeseries: { legend, tooltip: { mode: "multi", sort: "desc" } },
  "state-timeline": { legend, mergeValues: true, showValue: "never", rowHeight: 0.8 },
  bargauge: { reduceOptions: lastValue, orientation: "horizontal", displayMode: "basic" },
  table: { showHeader: true },
};
