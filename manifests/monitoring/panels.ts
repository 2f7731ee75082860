/** The panels of the dashboard, from which `npm run monitoring` makes its JSON. */
import { phases } from "../../daemon/cycle/record.ts";
import { blocked } from "./alerts.ts";

export interface Query {
  expr: string;
  /** How a series is called, with {{label}} for the value of its label. */
  legend: string;
}

export interface Panel {
  title: string;
  description: string;
  kind: "stat" | "timeseries" | "state-timeline" | "bargauge" | "table";
  /** In 24ths of the width. */
  width: 3 | 6 | 8 | 12 | 24;
  unit: "short" | "s" | "dateTimeFromNow" | "ops";
  queries: readonly Query[];
  /** The value now, or the one of the whole time range, and not its course. */
  instant?: true;
  stacked?: true;
  /** Names of values, each with its colour. */
  states?: readonly State[];
  /** A stat turns to this colour as soon as it is above 0. */
  alarm?: Colour;
}

export type Colour = "green" | "blue" | "yellow" | "orange" | "red" | "purple" | "gray";

export interface State {
  value: number;
  name: string;
  colour: Colour;
}

/** With `All` for both variables, series without these labels match too. */
const these = 'cluster=~"$cluster",node=~"$node"';
const of = (metric: string, more = "") => `${metric}{${these}${more && `,${more}`}}`;
/** One series for each node: a pod that was created again makes another one. */
const node = (metric: string, more = "") => `max by (cluster, node) (${of(metric, more)})`;
/** How many nodes, and 0 instead of nothing. */
const nodes = (which: string) => `count(${which}) or vector(0)`;

const phaseColours: Readonly<Record<(typeof phases)[number], Colour>> = {
  Idle: "green",
  Waiting: "blue",
  Draining: "yellow",
  Rebooting: "orange",
  Returning: "purple",
  Settling: "purple",
  Restoring: "orange",
  Failed: "red",
};

const phaseStates = phases.map((name, value): State => ({ value, name, colour: phaseColours[name] }));
const phaseNow = `max by (cluster, node) (${phaseStates
  .slice(1)
  .map(({ value, name }) => `${value} * ${of("rebootd_phase", `phase="${name}"`)}`)
  .join(" or ")})`;

const counts: readonly Panel[] = [
  {
    title: "Nodes",
    description: "Nodes whose daemon reports.",
    queries: [{ expr: nodes(node("rebootd_build_info")), legend: "nodes" }],
  },
  {
    title: "Wanted",
    description: "Nodes that need a reboot.",
    queries: [{ expr: nodes(`${node("rebootd_reboot_required")} == 1`), legend: "wanted" }],
  },
  {
    title: "Under way",
    description: "Nodes that hold a slot of the lock: they are drained, rebooted or on their way back.",
    // A machine that is down reports nothing; those that wait for it see its slot.
    queries: [
      {
        expr: `sum(max by (cluster) (${of("rebootd_slots_held")} > 0)) or ${nodes(`${node("rebootd_slot_held")} == 1`)}`,
        legend: "under way",
      },
    ],
  },
  {
    title: "Blocked",
    description: "Nodes that something other than the window and their turn keeps from their reboot.",
    queries: [{ expr: nodes(`${node("rebootd_gate_closed", blocked)} == 1`), legend: "blocked" }],
    alarm: "yellow" as const,
  },
  {
    title: "Overdue",
    description: "Nodes that were rebooted and did not return in time.",
    queries: [{ expr: nodes(`${node("rebootd_overdue")} == 1`), legend: "overdue" }],
    alarm: "red" as const,
  },
  {
    title: "Failed",
    description: "Nodes that back off after a failure, or have given up.",
    queries: [{ expr: nodes(`${node("rebootd_phase", 'phase="Failed"')} == 1`), legend: "failed" }],
    alarm: "red" as const,
  },
  {
    title: "Halted",
    description: "Whether too many nodes failed in a row (1), so that none starts a reboot.",
    queries: [{ expr: `max(${of("rebootd_halted")}) or vector(0)`, legend: "halted" }],
    alarm: "red" as const,
  },
  {
    title: "Paused",
    description: "Nodes that are paused, each for itself or all of them.",
    queries: [{ expr: nodes(`${node("rebootd_paused")} == 1`), legend: "paused" }],
    alarm: "yellow" as const,
  },
].map((row) => ({ kind: "stat", width: 3, unit: "short", instant: true, ...row }));

const timelines: readonly Panel[] = [
  {
    title: "Phase of each node",
    description: "A gap is a daemon that did not report: mostly its machine was down.",
    kind: "state-timeline",
    width: 24,
    unit: "short",
    queries: [{ expr: phaseNow, legend: "{{node}}" }],
    states: phaseStates,
  },
  {
    title: "Slots of the lock",
    description: "Slots that are held, as the nodes see the lock, and how many there are.",
    kind: "timeseries",
    width: 12,
    unit: "short",
    queries: [
      { expr: `max by (cluster) (${of("rebootd_slots_held")})`, legend: "held {{cluster}}" },
      { expr: `max by (cluster) (${of("rebootd_slots_allowed")})`, legend: "allowed {{cluster}}" },
    ],
  },
  {
    title: "Holders",
    description: "The nodes that hold a slot, and for how long.",
    kind: "state-timeline",
    width: 12,
    unit: "short",
    queries: [{ expr: `${node("rebootd_slot_held")} == 1`, legend: "{{node}}" }],
    states: [{ value: 1, name: "holds a slot", colour: "orange" }],
  },
];

const reasons: readonly Panel[] = [
  {
    title: "Closed gates, by reason",
    description: "How many nodes each reason keeps waiting. docs/reference/reasons.md explains them.",
    kind: "timeseries",
    width: 12,
    unit: "short",
    stacked: true,
    queries: [
      {
        expr: `sum by (gate, reason) (${of("rebootd_gate_closed")})`,
        legend: "{{gate}}: {{reason}}",
      },
    ],
  },
  {
    title: "Windows",
    description: "Whether the maintenance window of each node is open.",
    kind: "state-timeline",
    width: 12,
    unit: "short",
    queries: [{ expr: node("rebootd_window_open"), legend: "{{node}}" }],
    states: [
      { value: 0, name: "closed", colour: "gray" },
      { value: 1, name: "open", colour: "green" },
    ],
  },
  {
    title: "Next window opens",
    description: "The first one of all nodes that have windows.",
    kind: "stat",
    width: 6,
    unit: "dateTimeFromNow",
    instant: true,
    queries: [
      { expr: `min(${of("rebootd_window_next_open_timestamp_seconds")} > 0) * 1000`, legend: "opens" },
    ],
  },
  {
    title: "Next window closes",
    description: "The first one of all nodes that have windows.",
    kind: "stat",
    width: 6,
    unit: "dateTimeFromNow",
    instant: true,
    queries: [
      { expr: `min(${of("rebootd_window_next_close_timestamp_seconds")} > 0) * 1000`, legend: "closes" },
    ],
  },
  {
    title: "Longest need",
    description: "For how long the nodes that need a reboot have needed it, the ten longest.",
    kind: "bargauge",
    width: 12,
    unit: "s",
    instant: true,
    queries: [
      {
        expr: `topk(10, time() - (${node("rebootd_reboot_required_since_timestamp_seconds")} > 0) or 0 * ${node("rebootd_build_info")})`,
        legend: "{{node}}",
      },
    ],
  },
];

const quantile = (value: number, name: string): Query => ({
  expr: `histogram_quantile(${value}, sum by (le, part) (increase(${of("rebootd_cycle_duration_seconds_bucket")}[$__range])))`,
  legend: `{{part}} ${name}`,
});

const cycles: readonly Panel[] = [
  {
    title: "Duration of the parts of a cycle",
    description: "Median and 90th percentile of the cycles in the time range.",
    kind: "bargauge",
    width: 12,
    unit: "s",
    instant: true,
    queries: [quantile(0.5, "median"), quantile(0.9, "p90")],
  },
  {
    title: "Outcomes",
    description: "Cycles that ended.",
    kind: "timeseries",
    width: 12,
    unit: "short",
    stacked: true,
    queries: [
      {
        expr: `sum by (outcome) (increase(${of("rebootd_cycles_total")}[$__rate_interval]))`,
        legend: "{{outcome}}",
      },
    ],
  },
  {
    title: "Pods that hinder a drain or its start",
    description: "Pods that drains wait for, by reason, and pods that --blocking-pod-selector finds.",
    kind: "timeseries",
    width: 12,
    unit: "short",
    stacked: true,
    queries: [
      { expr: `sum by (reason) (${of("rebootd_drain_pods_left")})`, legend: "{{reason}}" },
      { expr: `sum(${of("rebootd_blocking_pods")})`, legend: "blocking" },
    ],
  },
  {
    title: "Answers to evictions",
    description: "By HTTP status; 429 is a budget that allows no disruption at the moment.",
    kind: "timeseries",
    width: 12,
    unit: "ops",
    queries: [
      {
        expr: `sum by (code) (rate(${of("rebootd_eviction_responses_total")}[$__rate_interval]))`,
        legend: "{{code}}",
      },
    ],
  },
];

const health: readonly Panel[] = [
  {
    title: "Errors and lock writes",
    description: "Failed passes of daemons, and writes of the lock by outcome.",
    kind: "timeseries",
    width: 8,
    unit: "short",
    queries: [
      { expr: `sum(increase(${of("rebootd_errors_total")}[$__rate_interval]))`, legend: "errors" },
      {
        expr: `sum by (outcome) (increase(${of("rebootd_lock_writes_total")}[$__rate_interval]))`,
        legend: "lock {{outcome}}",
      },
    ],
  },
  {
    title: "Requests to the API server",
    description: "Of all daemons together, by verb.",
    kind: "timeseries",
    width: 8,
    unit: "ops",
    stacked: true,
    queries: [
      {
        expr: `sum by (verb) (rate(${of("rebootd_api_requests_total")}[$__rate_interval]))`,
        legend: "{{verb}}",
      },
    ],
  },
  {
    title: "Versions",
    description: "How many daemons run each version.",
    kind: "table",
    width: 8,
    unit: "short",
    instant: true,
    queries: [{ expr: `count by (version) (${of("rebootd_build_info")})`, legend: "{{version}}" }],
  },
];

export interface Row {
  title: string;
  height: number;
  panels: readonly Panel[];
}

export const rows: readonly Row[] = [
  { title: "Now", height: 4, panels: counts },
  { title: "The roll", height: 8, panels: timelines },
  { title: "What keeps nodes waiting", height: 7, panels: reasons },
  { title: "Cycles", height: 8, panels: cycles },
  { title: "The daemons", height: 7, panels: health },
];

/** When nodes have rebooted, for lines across all panels: a time in milliseconds for each node. */
export const rebootTimes = `${node("rebootd_last_reboot_timestamp_seconds")} * 1000 > 0`;
