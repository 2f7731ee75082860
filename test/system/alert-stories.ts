/** A story for each alert: what Prometheus has scraped, and when that alert fires, with which words. */
export interface Story {
  alert: string;
  title: string;
  /** Minutes from one scrape to the next; by default as in the PodMonitor. Prometheus takes a value for stale after 5. */
  every?: number;
  /** Values one scrape after the other, in promtool's notation, by series. */
  series: Readonly<Record<string, string>>;
  /** Silent up to the first time, fires at the second one, in minutes. */
  silentAt: number;
  firesAt: number;
  labels: Readonly<Record<string, string>>;
  /** By default that of the table with the labels in it. */
  description?: string;
}

const day = 24 * 60;
/** The same value for so many minutes, 30 s apart. */
const steady = (value: number, minutes: number) => `${value}x${minutes * 2}`;
/** The same for days, 4 minutes apart. */
const forDays = (value: number, days: number) => `${value}x${(days * day) / 4}`;

const notBack = (who: string) =>
  `${who} was rebooted and is not back in service in time. It stays cordoned and keeps its slot, so that no other node takes its place.`;
const condition = (node: string, type: string, status: string) =>
  `kube_node_status_condition{node="${node}",condition="${type}",status="${status}"}`;
/** A machine that needs its reboot, and goes down under a cordon. */
const downUnderCordon = (node: string) => ({
  [`rebootd_reboot_required{node="${node}"}`]: "1x20 stale _x200",
  [`rebootd_overdue{node="${node}"}`]: "0x20 stale _x200",
  [`kube_node_spec_unschedulable{node="${node}"}`]: "0x10 1x200",
  [condition(node, "Ready", "true")]: "1x22 0x200",
});

export const stories: readonly Story[] = [
  {
    alert: "RebootdNodeNotBack",
    title: "a machine that does not come back: its own series end, kube-state-metrics sees the cordon",
    series: {
      ...downUnderCordon("n1"),
      [condition("n1", "MaintenanceInProgress", "true")]: "0x10 1x200",
      [condition("n1", "MaintenanceInProgress", "false")]: "1x10 0x200",
      // A person has cordoned this one, and turned it off.
      ...downUnderCordon("n2"),
      [condition("n2", "MaintenanceInProgress", "false")]: "1x220",
    },
    // Not Ready from the 23rd scrape on, at 11:30; for 20 minutes of the expression and 2 of the alert.
    silentAt: 32,
    firesAt: 35,
    labels: { node: "n1" },
    description: notBack("Node n1"),
  },
  {
    alert: "RebootdNodeNotBack",
    title: "the same without conditions on the Node (--node-conditions=false)",
    series: downUnderCordon("n1"),
    silentAt: 32,
    firesAt: 35,
    labels: { node: "n1" },
    description: notBack("Node n1"),
  },
  {
    alert: "RebootdNodeNotBack",
    title: "a node whose own daemon says that its return is late",
    series: { 'rebootd_overdue{node="n1"}': "0x20 1x40" },
    silentAt: 11,
    firesAt: 14,
    labels: { node: "n1" },
    description: notBack("Node n1"),
  },
  {
    alert: "RebootdNodeNotBack",
    title: "a holder that other daemons see late",
    series: {
      'rebootd_holders_overdue{node="n2"}': "0x20 1x40",
      'rebootd_holders_overdue{node="n3"}': "0x20 1x40",
    },
    silentAt: 11,
    firesAt: 14,
    labels: {},
    description: notBack("A node that holds a slot of the lock"),
  },
  {
    alert: "RebootdSilenceFailing",
    title: "silences that Alertmanager refuses again and again",
    series: {
      'rebootd_silences_total{node="n1",outcome="failed"}': "0x20 1+1x2 3x40",
      'rebootd_silences_total{node="n1",outcome="created"}': "0x20 1+1x2 3x40",
      // Once is no news.
      'rebootd_silences_total{node="n2",outcome="failed"}': "0x20 1x60",
      'rebootd_silences_total{node="n3",outcome="created"}': "0x20 1+1x2 3x40",
    },
    silentAt: 11,
    firesAt: 14,
    labels: { node: "n1" },
  },
  {
    alert: "RebootdNodeFailed",
    title: "a node that is Failed",
    series: { 'rebootd_phase{node="n1",phase="Failed"}': "0x20 1x60" },
    silentAt: 24,
    firesAt: 27,
    labels: { node: "n1" },
  },
  {
    alert: "RebootdHalted",
    title: "a halt that two nodes see",
    series: {
      'rebootd_halted{node="n1",cluster="blue"}': "0x20 1x60",
      'rebootd_halted{node="n2",cluster="blue"}': "0x22 1x58",
      'rebootd_halted{node="n1",cluster="green"}': "0x80",
    },
    silentAt: 24,
    firesAt: 27,
    labels: { cluster: "blue" },
    description:
      "Too many different nodes failed in a row in blue, so all nodes halt until a person runs rebootd resume --all.",
  },
  {
    alert: "RebootdOverdue",
    title: "a need of 15 days",
    every: 4,
    series: {
      // Prometheus' time begins at 0.
      'rebootd_reboot_required_since_timestamp_seconds{node="n1"}': forDays(60, 15),
      'rebootd_reboot_required_since_timestamp_seconds{node="n2"}': forDays(2 * 86_400, 15),
      'rebootd_reboot_required_since_timestamp_seconds{node="n3"}': forDays(0, 15),
    },
    silentAt: 14 * day + 55,
    firesAt: 14 * day + 72,
    labels: { node: "n1" },
    description: "Node n1 has needed a reboot for 14d 1h 11m 0s: its updates are installed, and not in use.",
  },
  {
    alert: "RebootdBlocked",
    title: "a gate that is closed for an hour in the third day of the need, while no window is closed",
    every: 4,
    series: {
      ...Object.fromEntries(
        ["n1", "n2"].flatMap((node) => [
          [`rebootd_gate_closed{node="${node}",gate="pods",reason="blocking"}`, forDays(1, 3)],
          [`rebootd_gate_closed{node="${node}",gate="lock",reason="lock-taken"}`, forDays(1, 3)],
          [`rebootd_reboot_required_since_timestamp_seconds{node="${node}"}`, forDays(60, 3)],
        ]),
      ),
      'rebootd_window_open{node="n1"}': forDays(1, 3),
      'rebootd_window_open{node="n2"}': forDays(0, 3),
      'rebootd_gate_closed{node="n3",gate="pods",reason="blocking"}': forDays(1, 3),
      'rebootd_reboot_required_since_timestamp_seconds{node="n3"}': forDays(86_400, 3),
    },
    silentAt: 2 * day + 55,
    firesAt: 2 * day + 70,
    labels: { node: "n1", gate: "pods", reason: "blocking" },
  },
  {
    alert: "RebootdDrainStuck",
    title: "a drain of more than half an hour",
    series: {
      'rebootd_phase{node="n1",phase="Draining"}': steady(1, 60),
      'rebootd_phase_start_timestamp_seconds{node="n1"}': steady(1, 60),
    },
    silentAt: 33,
    firesAt: 36,
    labels: { node: "n1" },
  },
  {
    alert: "RebootdDrainStuck",
    title: "a drain that is past its deadline",
    series: { 'rebootd_drain_deadline_timestamp_seconds{node="n1"}': steady(600, 60) },
    silentAt: 19,
    firesAt: 21,
    labels: { node: "n1" },
  },
  {
    alert: "RebootdDrainStuck",
    title: "two drains that failed",
    series: { 'rebootd_events_total{node="n1",reason="DrainFailed"}': "0x20 1x40 2x60" },
    silentAt: 30,
    firesAt: 38,
    labels: { node: "n1" },
  },
  {
    alert: "RebootdLockStale",
    title: "a node that holds its slot for hours",
    series: {
      'rebootd_slot_held{node="n1"}': `0x20 ${steady(1, 180)}`,
      'rebootd_phase{node="n1",phase="Settling"}': steady(0, 190),
      // This one waits for a long --lock-release-delay.
      'rebootd_slot_held{node="n2"}': steady(1, 190),
      'rebootd_phase{node="n2",phase="Settling"}': steady(1, 190),
    },
    silentAt: 128,
    firesAt: 132,
    labels: { node: "n1" },
    description: "Node n1 has held a slot of the lock for 2 hours.",
  },
  {
    alert: "RebootdLockStale",
    title: "slots that nobody who reports holds, and no cycle ends",
    series: {
      'rebootd_slots_held{node="n2"}': `0x20 ${steady(1, 180)}`,
      'rebootd_slot_held{node="n2"}': steady(0, 190),
      'rebootd_cycles_total{node="n2",outcome="rebooted"}': steady(3, 190),
    },
    silentAt: 128,
    firesAt: 132,
    labels: {},
    description:
      "Slots of the lock have been held for 2 hours by nobody who reports, and no cycle has ended.",
  },
  {
    alert: "RebootdAbsent",
    title: "a Ready node without a daemon, beside nodes that need none",
    series: {
      'rebootd_build_info{node="n1",version="1"}': "1x80",
      'rebootd_build_info{node="n2",version="1"}': "1x20 stale _x60",
      ...Object.fromEntries(
        ["n1", "n2", "control", "windows"].map((node) => [
          `kube_node_status_condition{node="${node}",condition="Ready",status="true"}`,
          "1x80",
        ]),
      ),
      'kube_node_status_condition{node="down",condition="Ready",status="true"}': "0x80",
      'kube_node_spec_taint{node="control",key="node-role.kubernetes.io/control-plane",effect="NoSchedule"}':
        "1x80",
      'kube_node_spec_taint{node="n2",key="node.kubernetes.io/unschedulable",effect="NoSchedule"}': "1x80",
      'kube_node_info{node="windows",os_image="Windows Server 2022 Datacenter"}': "1x80",
    },
    silentAt: 24,
    firesAt: 27,
    labels: { node: "n2" },
    description:
      "Ready node n2 has had no daemon of rebootd that reports for 15 minutes. A reboot that is needed there is neither seen nor done.",
  },
  {
    alert: "RebootdAbsent",
    title: "no daemon at all, and no kube-state-metrics",
    series: { 'rebootd_build_info{node="n1",version="1"}': "1x20 stale _x60" },
    silentAt: 24,
    firesAt: 27,
    labels: {},
    description:
      "No daemon of rebootd has reported for 15 minutes. A reboot that is needed there is neither seen nor done.",
  },
  {
    alert: "RebootdErrors",
    title: "a daemon that fails once a minute",
    series: { 'rebootd_errors_total{node="n1"}': "0x20 0+0.5x100" },
    silentAt: 15,
    firesAt: 40,
    labels: { node: "n1" },
  },
  {
    alert: "RebootdErrors",
    title: "a command that does not say whether a reboot is needed",
    series: { 'rebootd_gate_closed{node="n1",gate="need",reason="cannot-tell"}': "_x20 1x60" },
    silentAt: 24,
    firesAt: 27,
    labels: { node: "n1" },
  },
  {
    alert: "RebootdErrors",
    title: "a record that the API server refuses",
    series: { 'rebootd_node_write_refused{node="n1",what="record"}': "0x20 1x60" },
    silentAt: 24,
    firesAt: 27,
    labels: { node: "n1" },
  },
  {
    alert: "RebootdNotificationsFailing",
    title: "a message that its service refuses for good",
    series: { 'rebootd_notifications_total{node="n1",channel="slack",outcome="dropped"}': "0x20 1x60" },
    silentAt: 18,
    firesAt: 22,
    labels: { node: "n1" },
  },
  {
    alert: "RebootdNotificationsFailing",
    title: "a service that does not answer",
    series: { 'rebootd_notifications_pending{node="n1"}': "0x20 1x60" },
    silentAt: 33,
    firesAt: 38,
    labels: { node: "n1" },
  },
];

/** Minutes of the roll in which a node does something, one after the other. */
const course = [
  ["Waiting", 3],
  ["Draining", 12],
  ["Rebooting", 1],
  ["down", 6],
  ["Returning", 3],
  ["Settling", 1],
] as const;

/** Nodes that reboot one after another, each in 26 minutes: longer than usual, and nothing is wrong. */
export function normalRoll(): { minutes: number; series: Record<string, string> } {
  const names = ["n1", "n2", "n3", "n4"];
  const turn = course.reduce((sum, [, minutes]) => sum + minutes, 0);
  const minutes = turn * names.length + 30;
  const series = names.map((node, index) => {
    const steps = [
      ["Waiting", index * turn] as const,
      ...course,
      ["Idle", minutes - (index + 1) * turn] as const,
    ];
    /** The value in each step; undefined while the daemon does not report. */
    const values = (of: (step: string) => number | undefined) =>
      steps
        .filter(([, length]) => length > 0)
        .map(([step, length]) => {
          const value = of(step);
          return value === undefined ? `stale _x${length * 2 - 2}` : `${value}x${length * 2 - 1}`;
        })
        .join(" ");
    const own = (of: (step: string) => number) => values((step) => (step === "down" ? undefined : of(step)));
    const isOneOf = (list: readonly string[]) => (step: string) => (list.includes(step) ? 1 : 0);
    const holds = isOneOf(["Draining", "Rebooting", "down", "Returning", "Settling"]);
    const needs = isOneOf(["Waiting", "Draining", "Rebooting"]);
    // The start of the drain, in seconds.
    const drainAt = (index * turn + 3) * 60;
    return {
      [`rebootd_build_info{node="${node}",version="1"}`]: own(() => 1),
      [`rebootd_reboot_required{node="${node}"}`]: own(needs),
      [`rebootd_reboot_required_since_timestamp_seconds{node="${node}"}`]: own((step) => needs(step) * 30),
      [`rebootd_phase{node="${node}",phase="Draining"}`]: own(isOneOf(["Draining"])),
      [`rebootd_phase{node="${node}",phase="Failed"}`]: own(() => 0),
      [`rebootd_phase_start_timestamp_seconds{node="${node}"}`]: own(() => drainAt),
      [`rebootd_drain_deadline_timestamp_seconds{node="${node}"}`]: own(
        (step) => isOneOf(["Draining"])(step) * (drainAt + 900),
      ),
      [`rebootd_gate_closed{node="${node}",gate="lock",reason="lock-taken"}`]: values((step) =>
        step === "Waiting" ? 1 : undefined,
      ),
      [`rebootd_slot_held{node="${node}"}`]: own(holds),
      [`rebootd_slots_held{node="${node}"}`]: own(() => 1),
      [`rebootd_cycles_total{node="${node}",outcome="rebooted"}`]: own(isOneOf(["Settling", "Idle"])),
      [`rebootd_events_total{node="${node}",reason="DrainFailed"}`]: own(() => 0),
      [`rebootd_errors_total{node="${node}"}`]: own((step) => (step === "Idle" ? 1 : 0)),
      [`rebootd_node_write_refused{node="${node}",what="record"}`]: own(() => 0),
      [`rebootd_overdue{node="${node}"}`]: own(() => 0),
      [`rebootd_holders_overdue{node="${node}"}`]: own(() => 0),
      [`rebootd_halted{node="${node}"}`]: own(() => 0),
      [`rebootd_window_open{node="${node}"}`]: own(() => 1),
      [`kube_node_info{node="${node}",os_image="Debian GNU/Linux 12 (bookworm)"}`]: values(() => 1),
      [`kube_node_spec_unschedulable{node="${node}"}`]: values(holds),
      [`kube_node_status_condition{node="${node}",condition="Ready",status="true"}`]: values((step) =>
        step === "down" ? 0 : 1,
      ),
    };
  });
  return { minutes, series: Object.assign({}, ...series) };
}
