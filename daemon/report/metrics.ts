import { Counter, Gauge, Registry } from "prom-client";
import { eventReasons } from "./events.ts";

interface MetricRow {
  kind: "gauge" | "counter";
  /** https://prometheus.io/docs/practices/naming/ */
  name: `rebootd_${string}`;
  /** The README has the same sentence. */
  help: string;
  labels: readonly string[];
}

/** Every metric once. */
export const metricTable = {
  rebootRequired: {
    kind: "gauge",
    name: "rebootd_reboot_required",
    help: "1 if the node needs a reboot, 0 if it does not, NaN if rebootd cannot tell.",
    labels: [],
  },
  phase: {
    kind: "gauge",
    name: "rebootd_phase",
    help: "1 for the phase of the node, 0 for the other phases.",
    labels: ["phase"],
  },
  phaseSince: {
    kind: "gauge",
    name: "rebootd_phase_start_timestamp_seconds",
    help: "Start of the current phase.",
    labels: [],
  },
  gateClosed: {
    kind: "gauge",
    name: "rebootd_gate_closed",
    help: "1 for each reason that blocks the reboot now, with its gate.",
    labels: ["gate", "reason"],
  },
  drainPodsLeft: {
    kind: "gauge",
    name: "rebootd_drain_pods_left",
    help: "Pods that the drain of this node is waiting for, by the reason why they remain.",
    labels: ["reason"],
  },
  drainDeadline: {
    kind: "gauge",
    name: "rebootd_drain_deadline_timestamp_seconds",
    help: "Time at which the current drain times out, 0 without a drain.",
    labels: [],
  },
  slotHeld: {
    kind: "gauge",
    name: "rebootd_slot_held",
    help: "1 if this node holds a slot of the lock, else 0.",
    labels: [],
  },
  overdue: {
    kind: "gauge",
    name: "rebootd_overdue",
    help: "1 if the node was asked to reboot and did not return in time, else 0.",
    labels: [],
  },
  writeRefused: {
    kind: "gauge",
    name: "rebootd_node_write_refused",
    help: "1 if the API server refuses what rebootd writes on its own Node, else 0.",
    labels: ["what"],
  },
  holdersOverdue: {
    kind: "gauge",
    name: "rebootd_holders_overdue",
    help: "Other nodes that hold a slot longer than a cycle takes and are not Ready, observed while waiting.",
    labels: [],
  },
  cycles: {
    kind: "counter",
    name: "rebootd_cycles_total",
    help: "Finished cycles, by outcome.",
    labels: ["outcome"],
  },
  evictions: {
    kind: "counter",
    name: "rebootd_evictions_total",
    help: "Eviction requests, counted once for each pod.",
    labels: [],
  },
  recordsDoubted: {
    kind: "counter",
    name: "rebootd_records_doubted_total",
    help: "Records on the Node that rebootd rejected as unreadable or forged.",
    labels: [],
  },
  errors: {
    kind: "counter",
    name: "rebootd_errors_total",
    help: "Failed reconciliations and watches.",
    labels: [],
  },
  events: {
    kind: "counter",
    name: "rebootd_events_total",
    help: "Events by reason, whether written or not.",
    labels: ["reason"],
  },
  eventsDropped: {
    kind: "counter",
    name: "rebootd_events_dropped_total",
    help: "Events that were not written: repeats, more than the limit allows, or refused by the API server.",
    labels: [],
  },
  apiRequests: {
    kind: "counter",
    name: "rebootd_api_requests_total",
    help: "Requests to the API server, by verb and HTTP status; status 0 means no answer.",
    labels: ["verb", "status"],
  },
  buildInfo: {
    kind: "gauge",
    name: "rebootd_build_info",
    help: "Always 1, with the version of rebootd.",
    labels: ["version"],
  },
} as const satisfies Record<string, MetricRow>;

type Table = typeof metricTable;

type MetricOf<Row extends MetricRow> = Row["kind"] extends "counter"
  ? Counter<Row["labels"][number]>
  : Gauge<Row["labels"][number]>;

export type Metrics = { registry: Registry } & { [Key in keyof Table]: MetricOf<Table[Key]> };

/** A registry with every metric of the table. */
export function createMetrics(node: string, version: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ node });
  const create = ({ kind, name, help, labels }: MetricRow) => {
    const options = { name, help, labelNames: labels, registers: [registry] };
    return kind === "counter" ? new Counter(options) : new Gauge(options);
  };
  const created = Object.entries(metricTable).map(([key, row]) => [key, create(row)]);
  const metrics = { registry, ...Object.fromEntries(created) } as Metrics;
  metrics.buildInfo.set({ version }, 1);
  for (const reason of eventReasons) metrics.events.inc({ reason }, 0);
  return metrics;
}
