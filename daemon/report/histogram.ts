import type { Histogram, Registry } from "prom-client";

/** The observations with one value of the label. */
export interface Observed {
  /** By bucket; the last one has all that is beyond the bounds. */
  counts: readonly number[];
  sum: number;
}

export interface ShownHistogram {
  /** All observations there are, in place of those before. */
  show(observed: Readonly<Record<string, Observed>>): void;
}

interface Row {
  name: string;
  help: string;
  labels: readonly string[];
}

/**
 * A histogram whose observations were counted elsewhere: prom-client's own counts only what this process has
 * seen. It has one label, and no series until it is shown.
 */
export function createShownHistogram(
  { name, help, labels: [label = ""] }: Row,
  bounds: readonly number[],
  registry: Registry,
): ShownHistogram {
  let shown: Readonly<Record<string, Observed>> = {};
  const samples = () =>
    Object.entries(shown).flatMap(([value, one]) => samplesOf(name, { [label]: value }, one, bounds));
  const metric = {
    name,
    help,
    type: "histogram",
    get: async () => ({ name, help, type: "histogram", aggregator: "sum", values: samples() }),
  };
  // The registry asks nothing else of a metric.
  registry.registerMetric(metric as unknown as Histogram);
  return {
    show(observed) {
      shown = observed;
    },
  };
}

interface Sample {
  metricName: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}

function samplesOf(
  name: string,
  labels: Readonly<Record<string, string>>,
  { counts, sum }: Observed,
  bounds: readonly number[],
): Sample[] {
  let count = 0;
  const buckets = [...bounds.map(String), "+Inf"].map((le, index) => {
    count += counts[index] ?? 0;
    return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
