import { collectDefaultMetrics, type Registry } from "prom-client";

/** Gauges of prom-client that are named like counters; the same figures stand in `nodejs_active_…{type}`. */
const misnamed = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];

/** Adds what prom-client tells of the process. */
export function collectProcessMetrics(register: Registry): void {
  collectDefaultMetrics({ register });
  for (const name of misnamed) register.removeSingleMetric(name);
}
