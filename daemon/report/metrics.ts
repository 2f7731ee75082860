import { Counter, Gauge, Registry } from "prom-client";
import { boundsSeconds } from "../cycle/history.ts";
import { outcomeNames } from "../cycle/outcomes.ts";
import { phases } from "../cycle/record.ts";
import { partNames } from "../cycle/took.ts";
import { evictionCodes } from "../drain/evict.ts";
import { lockWrites } from "../lock/lock-object.ts";
import { silenceOutcomes } from "../silence/silences.ts";
import { eventReasons } from "./events.ts";
import { createShownHistogram, type ShownHistogram } from "./histogram.ts";

export interface MetricRow {
  kind: "gauge" | "counter" | "histogram";
  /** https://prometheus.io/docs/practices/naming/ */
  name: `rebootd_${string}` | "kured_reboot_required";
  help: string;
  labels: readonly string[];
  /** All values of the only label. Each has a series with 0 from the start. */
  values?: readonly string[];
  /** Counted in the record on the Node: there are no series until that was read. */
  inRecord?: true;
  /** More for docs/reference/metrics.md. */
  more?: string;
}

/** The parts of a write on the own Node. */
export const writes = ["record", "marks"] as const;

/** Every metric once. */
export const metricTable = {
  rebootRequired: {
    kind: "gauge",
    name: "rebootd_reboot_required",
    help: "1 if the node needs a reboot, 0 if it does not, NaN if rebootd cannot tell.",
    labels: [],
  },
  requiredSince: {
    kind: "gauge",
    name: "rebootd_reboot_required_since_timestamp_seconds",
    help: "Time since which the node needs a reboot, 0 if it needs none.",
    labels: [],
  },
  kuredRebootRequired: {
    kind: "gauge",
    name: "kured_reboot_required",
    help: "1 if the node needs a reboot, else 0; for dashboards and alerts that were made for kured.",
    labels: [],
  },
  phase: {
    kind: "gauge",
    name: "rebootd_phase",
    help: "1 for the phase of the node, 0 for the other phases.",
    labels: ["phase"],
    values: phases,
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
    more: "[reasons.md](reasons.md) lists the gates and their reasons. Both are `other` for one that this version does not know.",
  },
  drainPodsLeft: {
    kind: "gauge",
    name: "rebootd_drain_pods_left",
    help: "Pods that the drain of this node is waiting for, by the reason why they remain.",
    labels: ["reason"],
    more: "`reason` is `budget` or `explained` (a budget that was looked up), `webhook`, `webhook-down`, `rule`, `rights`, `server`, `finalizer`, `kubelet` (it does not end the pod), `long-grace` (longer than the drain may take), `ending`, `not-asked` or `no-effect`.",
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
  slotsAllowed: {
    kind: "gauge",
    name: "rebootd_slots_allowed",
    help: "Slots of the lock (--concurrency), NaN while this node does not look at the lock.",
    labels: [],
    more: "A node looks at the lock while it waits for a slot or holds one. In a query, `max` passes over NaN.",
  },
  slotsHeld: {
    kind: "gauge",
    name: "rebootd_slots_held",
    help: "Nodes that hold a slot of the lock, NaN while this node does not look at the lock.",
    labels: [],
  },
  halted: {
    kind: "gauge",
    name: "rebootd_halted",
    help: "1 if no cycle starts because too many nodes have failed in a row, else 0; observed while waiting for a slot.",
    labels: [],
  },
  paused: {
    kind: "gauge",
    name: "rebootd_paused",
    help: "1 if this node is paused, or, observed while waiting for a slot, all nodes; else 0.",
    labels: [],
  },
  blockingPods: {
    kind: "gauge",
    name: "rebootd_blocking_pods",
    help: "Pods on this node that block its reboot now (--blocking-pod-selector).",
    labels: [],
  },
  silencesActive: {
    kind: "gauge",
    name: "rebootd_silences_active",
    help: "Silences in Alertmanager that this daemon keeps for its node now (--silence-matchers).",
    labels: [],
    more: "A daemon that has just started knows of none until it has asked.",
  },
  windowOpen: {
    kind: "gauge",
    name: "rebootd_window_open",
    help: "1 in a maintenance window and outside all blackouts, else 0; 1 without windows.",
    labels: [],
  },
  windowNextOpen: {
    kind: "gauge",
    name: "rebootd_window_next_open_timestamp_seconds",
    help: "Start of the next maintenance window, 0 if none is known.",
    labels: [],
    more: "Windows that begin more than a year ahead are not known.",
  },
  windowNextClose: {
    kind: "gauge",
    name: "rebootd_window_next_close_timestamp_seconds",
    help: "End of the maintenance window that is open, else of the next one, 0 if none is known.",
    labels: [],
  },
  nodeBoot: {
    kind: "gauge",
    name: "rebootd_node_boot_timestamp_seconds",
    help: "Start of the machine.",
    labels: [],
  },
  lastReboot: {
    kind: "gauge",
    name: "rebootd_last_reboot_timestamp_seconds",
    help: "Last proved reboot of a cycle, full or soft, 0 before the first.",
    labels: [],
    inRecord: true,
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
    values: writes,
    more: "The marks go with the record: cordon, labels, taint, hooks.",
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
    values: outcomeNames,
    inRecord: true,
  },
  softReboots: {
    kind: "counter",
    name: "rebootd_soft_reboots_total",
    help: "Finished cycles with the outcome rebooted whose reboot was a soft one.",
    labels: [],
    inRecord: true,
  },
  cycleDuration: {
    kind: "histogram",
    name: "rebootd_cycle_duration_seconds",
    help: "Durations of the parts of finished cycles, each at most a day.",
    labels: ["part"],
    values: partNames,
    inRecord: true,
    more: "`wait`: from the need, or the opening of the window, to the slot; `drain`: from the cordon until drained; `boot`: from the request to reboot to the new boot; `return`: from the new boot to the uncordon. A part that was not completed is not counted.",
  },
  evictions: {
    kind: "counter",
    name: "rebootd_evictions_total",
    help: "Eviction requests, counted once for each pod.",
    labels: [],
  },
  evictionResponses: {
    kind: "counter",
    name: "rebootd_eviction_responses_total",
    help: "Answers to eviction requests, by HTTP status.",
    labels: ["code"],
    values: evictionCodes,
    more: "`none` is no answer.",
  },
  lockWrites: {
    kind: "counter",
    name: "rebootd_lock_writes_total",
    help: "Writes of the lock, by outcome.",
    labels: ["outcome"],
    values: lockWrites,
    more: "After a conflict, the lock is read and written again; some are normal where many nodes wait.",
  },
  silences: {
    kind: "counter",
    name: "rebootd_silences_total",
    help: "Changes of silences in Alertmanager, and failed attempts, by outcome.",
    labels: ["outcome"],
    values: silenceOutcomes,
    more: "An attempt fails when Alertmanager gives no answer, or refuses. It is repeated with a back-off, and stops no cycle.",
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
    values: eventReasons,
    more: "[events.md](events.md) lists them.",
  },
  eventsDropped: {
    kind: "counter",
    name: "rebootd_events_dropped_total",
    help: "Events that were not written: repeats, more than the limit allows, or refused by the API server.",
    labels: [],
  },
  notifications: {
    kind: "counter",
    name: "rebootd_notifications_total",
    help: "Attempts to deliver a message, by the kind of destination and outcome.",
    labels: ["channel", "outcome"],
    more: "After `retried` the message is sent again; after `dropped` it is not.",
  },
  notificationsPending: {
    kind: "gauge",
    name: "rebootd_notifications_pending",
    help: "Messages that not every destination has taken.",
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
  configValid: {
    kind: "gauge",
    name: "rebootd_config_valid",
    help: "0 if the daemon has rejected a change of its configuration file, and goes on as before, else 1.",
    labels: [],
    more: "The log line and the event `ConfigRejected` name the line at fault.",
  },
  configInfo: {
    kind: "gauge",
    name: "rebootd_config_info",
    help: "Always 1, with settings of this daemon.",
    labels: ["reboot_method", "lock_kind", "concurrency", "windows", "alerts", "preflight"],
  },
  otherManagers: {
    kind: "gauge",
    name: "rebootd_other_reboot_managers",
    help: "1 for each program that was seen some minutes after the start of the daemon and may reboot the node without the lock.",
    labels: ["manager"],
  },
} as const satisfies Record<string, MetricRow>;

type Table = typeof metricTable;

type MetricOf<Row extends MetricRow> = Row["kind"] extends "counter"
  ? Counter<Row["labels"][number]>
  : Row["kind"] extends "histogram"
    ? ShownHistogram
    : Gauge<Row["labels"][number]>;

export type Metrics = { registry: Registry } & { [Key in keyof Table]: MetricOf<Table[Key]> };

/** Gauges whose value is made when the metrics are read. */
export type Scraped = Partial<Record<keyof Table, () => number>>;

/** A registry with every metric of the table. */
export function createMetrics(node: string, version: string, scraped: Scraped = {}): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ node });
  const created = Object.entries(metricTable).map(([key, row]) => [
    key,
    createMetric(row, registry, scraped[key as keyof Table]),
  ]);
  const metrics = { registry, ...Object.fromEntries(created) } as Metrics;
  metrics.buildInfo.set({ version }, 1);
  metrics.configValid.set(1);
  return metrics;
}

function createMetric(row: MetricRow, registry: Registry, read: (() => number) | undefined) {
  const { kind, name, help, labels, values = [], inRecord } = row;
  const options = { name, help, labelNames: labels, registers: [registry] };
  if (kind === "histogram") return createShownHistogram(row, boundsSeconds, registry);
  const metric =
    kind === "counter"
      ? new Counter(options)
      : new Gauge({
          ...options,
          ...(read !== undefined && {
            collect() {
              this.set(read());
            },
          }),
        });
  const [label = ""] = labels;
  if (!inRecord) for (const value of values) metric.inc({ [label]: value }, 0);
  // Without a label there is a series at once.
  if (inRecord && labels.length === 0) metric.remove();
  return metric;
}
