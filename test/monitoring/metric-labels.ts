import { metricTable } from "../../daemon/report/metrics.ts";

/** Every series has the node; an operator may add the cluster. */
const everywhere = ["node", "cluster"];

/** The labels of a series with this name; undefined if the daemons have none. */
export function labelsOfMetric(name: string): string[] | undefined {
  for (const { name: metric, kind, labels } of Object.values<Row>(metricTable)) {
    if (name === metric && kind !== "histogram") return [...labels, ...everywhere];
    if (kind !== "histogram" || !name.startsWith(metric)) continue;
    const series = name.slice(metric.length);
    if (series === "_bucket") return [...labels, "le", ...everywhere];
    // The name alone is that of the metric as a whole.
    if (["", "_sum", "_count"].includes(series)) return [...labels, ...everywhere];
  }
  return undefined;
}

interface Row {
  name: string;
  kind: string;
  labels: readonly string[];
}
