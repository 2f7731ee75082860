import { Counter, Gauge, Registry } from "prom-client";

/** Every metric once. https://prometheus.io/docs/practices/naming/ */
export function createMetrics(node: string, version: string) {
  const registry = new Registry();
  registry.setDefaultLabels({ node });
  const registers = [registry];
  const metrics = {
    registry,
    rebootRequired: new Gauge({
      name: "rebootd_reboot_required",
      help: "1 while the node needs a reboot, 0 while it does not, NaN while that cannot be told.",
      registers,
    }),
    phase: new Gauge({
      name: "rebootd_phase",
      help: "1 for the phase in which the node is.",
      labelNames: ["phase"],
      registers,
    }),
    phaseSince: new Gauge({
      name: "rebootd_phase_start_timestamp_seconds",
      help: "When that phase began.",
      registers,
    }),
    gateClosed: new Gauge({
      name: "rebootd_gate_closed",
      help: "1 for each gate that holds the reboot back now, with the reason.",
      labelNames: ["gate", "reason"],
      registers,
    }),
    drainPodsLeft: new Gauge({
      name: "rebootd_drain_pods_left",
      help: "Pods that the drain of this node waits for, by why they are still there.",
      labelNames: ["reason"],
      registers,
    }),
    drainDeadline: new Gauge({
      name: "rebootd_drain_deadline_timestamp_seconds",
      help: "When the drain that is under way is given up; 0 while none is.",
      registers,
    }),
    slotHeld: new Gauge({
      name: "rebootd_slot_held",
      help: "1 while this node holds a slot of the lock.",
      registers,
    }),
    overdue: new Gauge({
      name: "rebootd_overdue",
      help: "1 while the node has rebooted and is past its time to return, else 0.",
      registers,
    }),
    writeRefused: new Gauge({
      name: "rebootd_node_write_refused",
      help: "1 while the API server refuses what the daemon writes on its own Node: the record, or the marks that go with it; else 0.",
      labelNames: ["what"],
      registers,
    }),
    holdersOverdue: new Gauge({
      name: "rebootd_holders_overdue",
      help: "Other nodes that hold a slot for longer than a cycle takes and are not Ready, as this node sees them while it waits.",
      registers,
    }),
    cycles: new Counter({
      name: "rebootd_cycles_total",
      help: "Cycles that have ended, by how.",
      labelNames: ["outcome"],
      registers,
    }),
    evictions: new Counter({
      name: "rebootd_evictions_total",
      help: "Pods that were asked to go.",
      registers,
    }),
    recordsDoubted: new Counter({
      name: "rebootd_records_doubted_total",
      help: "Records on the Node that were not believed: they could not be read, or said what the daemon knew better.",
      registers,
    }),
    errors: new Counter({
      name: "rebootd_errors_total",
      help: "Passes and watches that broke off.",
      registers,
    }),
    apiRequests: new Counter({
      name: "rebootd_api_requests_total",
      help: "Answers of the API server by status; 0 is none.",
      labelNames: ["verb", "status"],
      registers,
    }),
  };
  new Gauge({
    name: "rebootd_build_info",
    help: "1, with the version.",
    labelNames: ["version"],
    registers,
  }).set({ version }, 1);
  return metrics;
}

export type Metrics = ReturnType<typeof createMetrics>;
