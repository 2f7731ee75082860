/**
 * As much of a dashboard's JSON as ours has, written from Grafana's public documentation and strict about everything else:
 * https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ and the schema references
 * of its panels in https://github.com/grafana/grafana/tree/main/docs/sources. Grafana itself has not read it.
 */
import * as z from "zod";

const datasource = z.strictObject({ type: z.literal("prometheus"), uid: z.literal("$datasource") });

const gridPos = z
  .strictObject({
    x: z.int().min(0).max(23),
    y: z.int().min(0),
    w: z.int().min(1).max(24),
    h: z.int().min(1),
  })
  .refine(({ x, w }) => x + w <= 24, "a panel ends at the edge");

const target = z.strictObject({
  refId: z.string().regex(/^[A-Z]$/),
  datasource,
  expr: z.string().min(1),
  legendFormat: z.string(),
  instant: z.literal(true).optional(),
  range: z.boolean(),
  format: z.enum(["time_series", "table", "heatmap"]).optional(),
});

const colour = z.enum(["green", "blue", "yellow", "orange", "red", "purple", "gray"]);

const fieldConfig = z.strictObject({
  defaults: z.strictObject({
    unit: z.enum(["short", "s", "ops", "dateTimeFromNow"]),
    min: z.number().optional(),
    color: z.strictObject({ mode: z.enum(["palette-classic", "thresholds"]) }),
    thresholds: z.strictObject({
      mode: z.enum(["absolute", "percentage"]),
      // The first step has no value: it is minus infinity.
      steps: z.tuple(
        [z.strictObject({ color: colour, value: z.null() })],
        z.strictObject({ color: colour, value: z.number() }),
      ),
    }),
    mappings: z
      .array(
        z.strictObject({
          type: z.literal("value"),
          options: z.record(z.string(), z.strictObject({ text: z.string(), color: colour })),
        }),
      )
      .optional(),
    custom: z
      .strictObject({
        drawStyle: z.enum(["line", "bars", "points"]),
        fillOpacity: z.int().min(0).max(100),
        stacking: z.strictObject({ mode: z.enum(["none", "normal", "percent"]) }),
      })
      .optional(),
  }),
  overrides: z.array(z.never()),
});

const reduceOptions = z.strictObject({
  calcs: z.array(z.enum(["lastNotNull", "last", "max", "mean", "sum"])).min(1),
  fields: z.string(),
  values: z.boolean(),
});
const legend = z.strictObject({
  displayMode: z.enum(["list", "table", "hidden"]),
  placement: z.enum(["bottom", "right"]),
  showLegend: z.boolean(),
});

const common = {
  id: z.int().min(1),
  gridPos,
  title: z.string().min(1),
  description: z.string().min(1),
  datasource,
  targets: z.array(target).min(1),
  fieldConfig,
};

const panel = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("row"),
    id: z.int().min(1),
    gridPos,
    title: z.string().min(1),
    collapsed: z.literal(false),
    panels: z.array(z.never()),
  }),
  z.strictObject({
    type: z.literal("stat"),
    ...common,
    options: z.strictObject({
      reduceOptions,
      colorMode: z.enum(["none", "value", "background"]),
      graphMode: z.enum(["none", "area"]),
      textMode: z.enum(["auto", "value", "value_and_name", "name", "none"]),
    }),
  }),
  z.strictObject({
    type: z.literal("timeseries"),
    ...common,
    options: z.strictObject({
      legend,
      tooltip: z.strictObject({
        mode: z.enum(["single", "multi", "none"]),
        sort: z.enum(["none", "asc", "desc"]),
      }),
    }),
  }),
  z.strictObject({
    type: z.literal("state-timeline"),
    ...common,
    options: z.strictObject({
      legend,
      mergeValues: z.boolean(),
      showValue: z.enum(["auto", "always", "never"]),
      rowHeight: z.number().min(0).max(1),
    }),
  }),
  z.strictObject({
    type: z.literal("bargauge"),
    ...common,
    options: z.strictObject({
      reduceOptions,
      orientation: z.enum(["auto", "horizontal", "vertical"]),
      displayMode: z.enum(["basic", "gradient", "lcd"]),
    }),
  }),
  z.strictObject({
    type: z.literal("table"),
    ...common,
    options: z.strictObject({ showHeader: z.boolean() }),
  }),
]);

const variable = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("datasource"),
    name: z.string(),
    label: z.string(),
    query: z.literal("prometheus"),
  }),
  z.strictObject({
    type: z.literal("query"),
    name: z.string(),
    label: z.string(),
    datasource,
    query: z.strictObject({ query: z.string(), refId: z.string() }),
    definition: z.string(),
    // 0 never, 1 when the dashboard is loaded, 2 when the time range changes.
    refresh: z.union([z.literal(0), z.literal(1), z.literal(2)]),
    sort: z.int().min(0).max(8),
    multi: z.boolean(),
    includeAll: z.boolean(),
    allValue: z.string(),
    current: z.strictObject({ text: z.array(z.string()), value: z.array(z.string()) }),
  }),
]);

export const dashboardSchema = z.strictObject({
  uid: z.string().min(8).max(40),
  title: z.string().min(1),
  tags: z.array(z.string()).min(1),
  schemaVersion: z.int().min(36),
  version: z.int(),
  editable: z.boolean(),
  graphTooltip: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  timezone: z.enum(["browser", "utc", ""]),
  refresh: z.string().regex(/^\d+[smhd]$/),
  time: z.strictObject({ from: z.string().regex(/^now-\d+[mhd]$/), to: z.literal("now") }),
  templating: z.strictObject({ list: z.array(variable) }),
  annotations: z.strictObject({
    list: z.array(
      z.strictObject({
        name: z.string(),
        enable: z.boolean(),
        datasource,
        expr: z.string(),
        useValueForTime: z.literal(true),
        titleFormat: z.string(),
        iconColor: colour,
      }),
    ),
  }),
  links: z.array(
    z.strictObject({
      type: z.literal("link"),
      title: z.string(),
      url: z.url(),
      targetBlank: z.boolean(),
      icon: z.enum(["doc", "external link", "dashboard", "info", "question"]),
    }),
  ),
  panels: z.array(panel).min(1),
});

export type Dashboard = z.output<typeof dashboardSchema>;
