import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { createMetrics, metricTable } from "../../daemon/report/metrics.ts";

const daemon = new URL("../../daemon/", import.meta.url);

describe("The metrics", () => {
  it("are written by the daemon, each of them, and no other", () => {
    const sources = globSync("**/*.ts", { cwd: daemon }).map((file) =>
      readFileSync(new URL(file, daemon), "utf8"),
    );
    const written = sources
      .flatMap((source) => [...source.matchAll(/\bmetrics\.(\w+)\.(?:set|inc)\(/g)])
      .map(([, key]) => key);
    assert.deepEqual([...new Set(written)].sort(), Object.keys(metricTable).sort());
  });

  it("are registered with the kind and the help of their row, and the help is a sentence", async () => {
    const registered = await createMetrics("n1", "1.2.3").registry.getMetricsAsJSON();
    assert.deepEqual(
      registered.map(({ name, help, type }) => ({ name, help, kind: String(type) })),
      Object.values(metricTable).map(({ name, help, kind }) => ({ name, help, kind })),
    );
    for (const { help } of Object.values(metricTable)) assert.match(help, /^[A-Z0-9].*[^.]\.$/);
  });
});
