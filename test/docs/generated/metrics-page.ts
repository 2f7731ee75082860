/** The page of the metrics, from their table. */
import { boundsSeconds } from "../../../daemon/cycle/history.ts";
import { type MetricRow, metricTable } from "../../../daemon/report/metrics.ts";
import { createProcessMetrics } from "../../../daemon/report/process-metrics.ts";

const ofProcess = createProcessMetrics()
  .getMetricsAsArray()
  .map(({ name }) => `\`${name}\``);

const intro = `# Metrics

<!-- npm run docs writes this page from daemon/report/metrics.ts. -->

\`/metrics\` on port 8080 (\`--metrics-port\`) has the metrics of one node, in the text form of Prometheus, or as
OpenMetrics for a client whose header \`Accept\` prefers that. Each series has the label \`node\`. No label has free text.

NaN is "cannot tell". In a query, \`max\` passes over NaN, and no comparison but \`!=\` is true for it.

A counter or gauge whose label has few values has a series for each of them from the start. Metrics that are marked
with * are kept in the record on the Node (\`rebootd.dev/cycle\`), so they lose nothing when the daemon or the
machine restarts. They have no series until the daemon has read the record, as a 0 then would be wrong. All other
counters start with 0 in each process. A metric about the lock is up to date while the node waits for a slot or
holds one; otherwise it is NaN, or 0.

Of the process itself there are, as usual with clients of Prometheus: ${ofProcess.join(", ")}.

| metric | kind | meaning |
|---|---|---|
`;

/** The text of docs/reference/metrics.md. */
export function metricsPage(): string {
  return intro + Object.values<MetricRow>(metricTable).map(rowText).join("");
}

function rowText({ kind, name, help, labels, values, inRecord, more }: MetricRow): string {
  const shown = labels.length > 0 ? `${name}{${labels.join(",")}}` : name;
  const of = values && `\`${labels.join()}\`: ${values.map((value) => `\`${value}\``).join(", ")}.`;
  const buckets = kind === "histogram" ? `Buckets: ${boundsSeconds.join(", ")} s.` : undefined;
  const meaning = [help, of, buckets, more].filter((part) => part !== undefined).join(" ");
  return `| \`${shown}\`${inRecord ? " *" : ""} | ${kind} | ${meaning} |\n`;
}
