import { type Metric, Registry } from "prom-client";
import heapSize from "prom-client/lib/metrics/heapSizeAndUsed.js";
import residentMemory from "prom-client/lib/metrics/osMemoryHeap.js";
import processorTime from "prom-client/lib/metrics/processCpuTotal.js";
import openFilesLimit from "prom-client/lib/metrics/processMaxFileDescriptors.js";
import openFiles from "prom-client/lib/metrics/processOpenFileDescriptors.js";
import startTime from "prom-client/lib/metrics/processStartTime.js";
import nodeVersion from "prom-client/lib/metrics/version.js";

/**
 * Metrics of prom-client that cost nothing between two scrapes. Of its others, the delay of the event loop wakes the
 * process 98 times a second, and each collection of garbage would wake an observer.
 */
const shown = [processorTime, startTime, residentMemory, openFiles, openFilesLimit, heapSize, nodeVersion];

/** The metrics of prom-client about the process. It observes the process from now on, so there is one of it. */
export function createProcessMetrics(): Registry {
  const register = new Registry();
  for (const addTo of shown) addTo(register);
  return register;
}

/** Shows them in the metrics of a daemon too. */
export function addProcessMetrics(register: Registry, ofProcess: Registry): void {
  for (const { name } of ofProcess.getMetricsAsArray()) {
    register.registerMetric(ofProcess.getSingleMetric(name) as Metric);
  }
}
