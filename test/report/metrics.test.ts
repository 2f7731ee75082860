import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { createMetrics, type MetricRow, metricTable } from "../../daemon/report/metrics.ts";
import { scrapedGauges } from "../../daemon/report/scraped.ts";
import { everyRow } from "../rows.ts";

const daemon = new URL("../../daemon/", import.meta.url);
const rows = Object.values<MetricRow>(metricTable);

describe("The metrics", () => {
  it("are written by the daemon, each of them, and no other", () => {
    const sources = globSync("**/*.ts", { cwd: daemon }).map((file) =>
      readFileSync(new URL(file, daemon), "utf8"),
    );
    const written = sources
      .flatMap((source) => [...source.matchAll(/\bmetrics\.(\w+)\.(?:set|inc|show)\(/g)])
      .map(([, key]) => key);
    const scraped = scrapedGauges({
      schedule: { windows: [], blackouts: [], zone: "UTC" },
      now: () => 0,
      uptimeSeconds: undefined,
      isPaused: () => false,
      silenceCount: () => 0,
      pendingCount: () => 0,
    });
    assert.deepEqual(
      [...new Set([...written, ...Object.keys(scraped)])].sort(),
      Object.keys(metricTable).sort(),
    );
  });

  it("are registered with the kind and the help of their row, and the help is a sentence", async () => {
    const registered = await createMetrics("n1", "1.2.3").registry.getMetricsAsJSON();
    assert.deepEqual(
      registered.map(({ name, help, type }) => ({ name, help, kind: String(type) })),
      rows.map(({ name, help, kind }) => ({ name, help, kind })),
    );
    for (const { help } of rows) assert.match(help, /^[A-Z0-9].*[^.]\.$/);
  });

  it("have names and labels by the rules of Prometheus and OpenMetrics", () =>
    everyRow(
      rows.map((row) => [row.name, row] as const),
      ({ kind, name, labels, values }) => {
        assert.match(name, /^(rebootd|kured)(_[a-z0-9]+)+$/);
        assert.equal(name.endsWith("_total"), kind === "counter");
        // Suffixes that have a meaning in either form.
        assert.doesNotMatch(name, /_(created|count|sum|bucket|gsum|gcount|milliseconds|minutes|hours)$/);
        assert.equal(name.includes("_timestamp"), name.endsWith("_timestamp_seconds"));
        for (const label of labels) assert.match(label, /^(?!le$|quantile$|node$)[a-z][a-z_]*$/);
        if (values !== undefined) assert.equal(labels.length, 1);
      },
    ));

  it("have each series from the start whose label has few values, but for those of the record", async () => {
    const text = await createMetrics("n1", "1.2.3").registry.metrics();
    for (const { name, labels, values = labels.length > 0 ? [] : [undefined], inRecord } of rows) {
      for (const value of values) {
        const series = `\n${name}{${value === undefined ? "" : `${labels.join()}="${value}",`}node="n1"} `;
        assert.equal(text.includes(series), !inRecord, series);
      }
    }
  });
});
