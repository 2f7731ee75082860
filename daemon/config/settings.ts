import type { BlockingPods } from "../gates/pods.ts";
import type { WindowSettings } from "../gates/window.ts";
import type { NeedSettings } from "../host/need/choose-need.ts";
import { parseTable, type RawValues } from "./option.ts";
import {
  type AlertSettings,
  alertOptions,
  alertSettings,
  type SilenceSettings,
  silenceSettings,
} from "./options/alerts.ts";
import { type ApprovalSettings, approvalOptions, approvalSettings } from "./options/approval.ts";
import { type DepartingSettings, departingOptions, departingSettings } from "./options/departing.ts";
import { type DrainSettings, drainOptions, drainSettings } from "./options/drain.ts";
import { type HealthSettings, healthOptions, healthSettings } from "./options/health.ts";
import { type HookSettings, hookOptions, hookSettings } from "./options/hooks.ts";
import { type LabelSettings, labelOptions, labelSettings } from "./options/labels.ts";
import { type LockSettings, lockOptions, lockSettings } from "./options/lock.ts";
import { type LogindSettings, logindOptions, logindSettings } from "./options/logind.ts";
import { needOptions, needSettings } from "./options/need.ts";
import { type NodeSettings, nodeOptions, nodeSettings } from "./options/node.ts";
import { type NotifySettings, notifyOptions, notifySettings } from "./options/notify.ts";
import { podOptions, podSettings } from "./options/pods.ts";
import { type ReadySettings, readyOptions, readySettings } from "./options/ready.ts";
import { type RebootSettings, rebootOptions, rebootSettings } from "./options/reboot.ts";
import { type ReportSettings, reportOptions, reportSettings } from "./options/report.ts";
import { type RequestSettings, requestSettings } from "./options/requests.ts";
import { windowOptions, windowSettings } from "./options/window.ts";

/**
 * The options by subject, in the order of the help. Where kured has an option for the same thing, name and
 * spelling of the values are kured's (https://kured.dev/docs/configuration/).
 */
export const subjects = {
  Node: nodeOptions,
  Need: needOptions,
  Reboot: rebootOptions,
  Drain: drainOptions,
  "Nodes that others take away": departingOptions,
  "Labels and taint": labelOptions,
  Hooks: hookOptions,
  Return: readyOptions,
  Lock: lockOptions,
  Window: windowOptions,
  Approval: approvalOptions,
  Alerts: alertOptions,
  "Blocking pods": podOptions,
  Health: healthOptions,
  logind: logindOptions,
  Report: reportOptions,
  Messages: notifyOptions,
} as const;

/** Every option once. */
export const options = {
  ...nodeOptions,
  ...needOptions,
  ...rebootOptions,
  ...drainOptions,
  ...departingOptions,
  ...labelOptions,
  ...hookOptions,
  ...readyOptions,
  ...lockOptions,
  ...windowOptions,
  ...approvalOptions,
  ...alertOptions,
  ...podOptions,
  ...healthOptions,
  ...logindOptions,
  ...reportOptions,
  ...notifyOptions,
} as const;

export type OptionName = keyof typeof options;

export type RawOptions = RawValues<OptionName>;

/** All settings of the daemon, by subject. Only the composition root reads the whole of it. */
export interface Settings {
  node: NodeSettings;
  need: NeedSettings;
  requests: RequestSettings;
  reboot: RebootSettings;
  drain: DrainSettings;
  departing: DepartingSettings;
  labels: LabelSettings;
  hooks: HookSettings;
  ready: ReadySettings;
  lock: LockSettings;
  window: WindowSettings;
  approval: ApprovalSettings;
  /** Undefined without a Prometheus. */
  alerts: AlertSettings | undefined;
  /** Undefined where no alerts are silenced. */
  silences: SilenceSettings | undefined;
  /** Undefined where no pod blocks. */
  pods: BlockingPods | undefined;
  /** Undefined where no object must be healthy. */
  health: HealthSettings | undefined;
  logind: LogindSettings;
  report: ReportSettings;
  notify: NotifySettings;
}

/**
 * Pure. Throws a ConfigError for the first invalid value, else for the first contradiction between options.
 */
export function parseSettings(raw: RawOptions): Settings {
  const given = parseTable(options, raw);
  const reboot = rebootSettings(given);
  const drain = drainSettings(given);
  const cycleMaxMs = drain.delayMs + drain.planned.escalation.drainTimeoutMs + reboot.policy.rebootDelayMs;
  return {
    node: nodeSettings(given),
    need: needSettings(given),
    requests: requestSettings(given),
    reboot,
    drain,
    departing: departingSettings(given),
    labels: labelSettings(given),
    hooks: hookSettings(given),
    ready: readySettings(given),
    lock: lockSettings(given),
    window: windowSettings(given, cycleMaxMs),
    approval: approvalSettings(given),
    alerts: alertSettings(given),
    silences: silenceSettings(given),
    pods: podSettings(given),
    health: healthSettings(given),
    logind: logindSettings(given),
    report: reportSettings(given),
    notify: notifySettings(given),
  };
}
