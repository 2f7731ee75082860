import { collectDefaultMetrics, type Metric, Registry } from "prom-client";

/** Gauges of prom-client that are named like counters; the same figures stand in `nodejs_active_…{type}`. */
const misnamed = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];

/** The metrics of prom-client about the process. It observes the process from now on, so there is one of it. */
export function createProcessMetrics(): Registry {
  const register = new Registry();
  collectDefaultMetrics({ register });
  for (const name of misnamed) register.removeSingleMetric(name);
  return register;
}

/** Shows them in the metrics of a daemon too. */
export function addProcessMetrics(register: Registry, ofProcess: Registry): void {
  for (const { name } of ofProcess.getMetricsAsArray()) {
    register.registerMetric(ofProcess.getSingleMetric(name) as Metric);
  }
}
