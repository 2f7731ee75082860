/** The alerts about rebootd, from which `npm run monitoring` makes the rules. Each has a page in docs/runbooks. */

export interface AlertRow {
  /** Begins with Rebootd: by that rebootd's own gate knows the alert, and never waits for it. */
  alert: `Rebootd${string}`;
  severity: "critical" | "warning";
  /** How long the expression holds before the alert fires; at least two scrapes. */
  for: `${number}m` | `${number}h`;
  /** Names no other metrics than those of rebootd and `foreignMetrics`. */
  expr: string;
  /** One sentence that is always the same. */
  summary: string;
  /** With what the expression found, in the templates of Prometheus. */
  description: string;
}

/** PodMonitor and annotations ask for it. */
export const scrapeSeconds = 30;

/** Metrics of kube-state-metrics. Without it the parts of expressions that name them find nothing. */
export const foreignMetrics: readonly string[] = [
  "kube_node_info",
  "kube_node_spec_taint",
  "kube_node_spec_unschedulable",
  "kube_node_status_condition",
];

/** Without a label `cluster` on the series it is as if the label were not named. */
const byNode = "max by (cluster, node)";
const onNode = "on (cluster, node)";

/** The reasons of a node that only waits for its turn, and of a halt, which has an alert of its own. */
const turnReasons = "lock-taken|lock-zone|lock-pool|lock-control-plane|halted";
/** Gates that are closed in the course of any cycle. */
const courseGates = "window|rest|drain|hooks";
/** Selects what keeps a node from its reboot, and is not a matter of time. */
export const blocked = `gate!~"${courseGates}",reason!~"${turnReasons}"`;

const someNode = "{{ with $labels.node }}Node {{ . }}{{ else }}A node that holds a slot of the lock{{ end }}";

export const alerts: readonly AlertRow[] = [
  {
    alert: "RebootdNodeNotBack",
    severity: "critical",
    for: "2m",
    // 1. The node's own daemon runs and says that the return is late. 2. kube-state-metrics sees a node that is
    // cordoned and has not been Ready for 20 minutes, whose daemon has last reported that a reboot is needed, and whose
    // condition does not say that no cycle runs there: the standard alerts of kubernetes-mixin leave cordoned nodes
    // out. 3. Daemons that wait see a late holder.
    expr: [
      `${byNode} (rebootd_overdue) == 1`,
      `or ${byNode} (kube_node_spec_unschedulable) == 1`,
      `  and ${onNode} ${byNode} (max_over_time(kube_node_status_condition{condition="Ready",status="true"}[20m])) == 0`,
      `  and ${onNode} ${byNode} (last_over_time(rebootd_reboot_required[1d])) == 1`,
      `  unless ${onNode} kube_node_status_condition{condition="MaintenanceInProgress",status="false"} == 1`,
      "or max by (cluster) (rebootd_holders_overdue) > 0",
    ].join("\n"),
    summary: "A node did not return from its reboot.",
    description: `${someNode} was rebooted and is not back in service in time. It stays cordoned and keeps its slot, so that no other node takes its place.`,
  },
  {
    alert: "RebootdNodeFailed",
    severity: "warning",
    for: "15m",
    expr: `${byNode} (rebootd_phase{phase="Failed"}) == 1`,
    summary: "The reboot of a node failed.",
    description:
      "Node {{ $labels.node }} has been Failed for 15 minutes: its drain or reboot failed, and it backs off or has given up. It still needs its reboot.",
  },
  {
    alert: "RebootdHalted",
    severity: "critical",
    for: "15m",
    expr: "max by (cluster) (rebootd_halted) == 1",
    summary: "Nodes failed to reboot one after another, and no node starts a reboot.",
    description:
      "Too many different nodes failed in a row{{ with $labels.cluster }} in {{ . }}{{ end }}, so all nodes halt until a person runs rebootd resume --all.",
  },
  {
    alert: "RebootdOverdue",
    severity: "warning",
    for: "1h",
    expr: `time() - ${byNode} (rebootd_reboot_required_since_timestamp_seconds > 0) > 14 * 86400`,
    summary: "A node has needed a reboot for more than two weeks.",
    description:
      "Node {{ $labels.node }} has needed a reboot for {{ $value | humanizeDuration }}: its updates are installed, and not in use.",
  },
  {
    alert: "RebootdBlocked",
    severity: "warning",
    for: "1h",
    expr: [
      `max by (cluster, node, gate, reason) (rebootd_gate_closed{${blocked}}) == 1`,
      `and ${onNode} time() - ${byNode} (rebootd_reboot_required_since_timestamp_seconds > 0) > 2 * 86400`,
      `unless ${onNode} ${byNode} (rebootd_window_open) == 0`,
    ].join("\n"),
    summary: "A gate keeps a node from its reboot in the open window.",
    description:
      "Node {{ $labels.node }} has needed a reboot for more than two days. No window keeps it waiting; the gate {{ $labels.gate }} ({{ $labels.reason }}) has been closed for an hour.",
  },
  {
    alert: "RebootdDrainStuck",
    severity: "warning",
    for: "5m",
    // 1. Twice the default of --drain-timeout; it is later where that option is longer. 2. The daemon did not act at
    // the deadline. 3. The drain is cancelled in time, again and again; 1.5, because increase() extrapolates.
    expr: [
      `time() - ${byNode} (rebootd_phase_start_timestamp_seconds) > 1800`,
      `  and ${onNode} ${byNode} (rebootd_phase{phase="Draining"}) == 1`,
      `or time() - ${byNode} (rebootd_drain_deadline_timestamp_seconds > 0) > 300`,
      `or ${byNode} (increase(rebootd_events_total{reason="DrainFailed"}[6h])) > 1.5`,
    ].join("\n"),
    summary: "The drain of a node does not end.",
    description:
      "Node {{ $labels.node }} has been Draining for more than half an hour, is past its deadline, or its drain failed twice within 6 hours. Pods remain that cannot be evicted.",
  },
  {
    alert: "RebootdLockStale",
    severity: "warning",
    for: "2h",
    // 1. One that reports, and does not wait for --lock-release-delay. 2. Others see slots that are held, nobody who reports holds one, and no cycle ends.
    expr: [
      `${byNode} (rebootd_slot_held) == 1`,
      `  unless ${onNode} ${byNode} (rebootd_phase{phase="Settling"}) == 1`,
      "or max by (cluster) (rebootd_slots_held) > 0",
      "  unless on (cluster) max by (cluster) (rebootd_slot_held) == 1",
      "  unless on (cluster) sum by (cluster) (increase(rebootd_cycles_total[2h])) > 0",
    ].join("\n"),
    summary: "A slot of the lock has been held for hours.",
    description:
      "{{ with $labels.node }}Node {{ . }} has held a slot of the lock for 2 hours{{ else }}Slots of the lock have been held for 2 hours by nobody who reports, and no cycle has ended{{ end }}.",
  },
  {
    alert: "RebootdAbsent",
    severity: "warning",
    for: "15m",
    // A taint of its own keeps the DaemonSet away, unless it tolerates that; those of the node's state do not.
    expr: [
      `${byNode} (kube_node_status_condition{condition="Ready",status="true"}) == 1`,
      `  unless ${onNode} kube_node_spec_taint{effect=~"NoSchedule|NoExecute",key!~"node.kubernetes.io/.+"}`,
      `  unless ${onNode} kube_node_info{os_image=~"(?i).*windows.*"}`,
      `  unless ${onNode} rebootd_build_info`,
      "or absent(rebootd_build_info)",
    ].join("\n"),
    summary: "A node has no working daemon of rebootd.",
    description:
      "{{ with $labels.node }}Ready node {{ . }} has had no daemon of rebootd that reports{{ else }}No daemon of rebootd has reported{{ end }} for 15 minutes. A reboot that is needed there is neither seen nor done.",
  },
  {
    alert: "RebootdErrors",
    severity: "warning",
    for: "15m",
    expr: [
      `${byNode} (increase(rebootd_errors_total[15m])) >= 3`,
      `or ${byNode} (rebootd_node_write_refused) == 1`,
      `or ${byNode} (rebootd_gate_closed{gate="need",reason="cannot-tell"}) == 1`,
    ].join("\n"),
    summary: "The daemon of a node fails again and again.",
    description:
      "The daemon of node {{ $labels.node }} has failed at least three times in 15 minutes, the API server refuses what it writes on its Node, or it cannot tell whether a reboot is needed.",
  },
  {
    alert: "RebootdSilenceFailing",
    severity: "warning",
    for: "2m",
    // One failure is no news; 1.5, because increase() extrapolates.
    expr: `${byNode} (increase(rebootd_silences_total{outcome="failed"}[1h])) > 1.5`,
    summary: "A node cannot silence its alerts while it reboots.",
    description:
      "Node {{ $labels.node }} has failed at least twice within an hour to create, extend or end its silences in Alertmanager. Its reboot goes on, and its alerts may page people, or stay silenced for up to 25 minutes after it.",
  },
  {
    alert: "RebootdNotificationsFailing",
    severity: "warning",
    for: "10m",
    // A message that is refused for good is dropped at once; any other one is sent again until it arrives.
    expr: [
      `${byNode} (increase(rebootd_notifications_total{outcome="dropped"}[1h])) > 0`,
      `or ${byNode} (min_over_time(rebootd_notifications_pending[15m])) > 0`,
    ].join("\n"),
    summary: "Messages about a node do not arrive.",
    description:
      "Messages that the daemon of node {{ $labels.node }} sends have been dropped in the last hour, or have not arrived for 15 minutes.",
  },
];
