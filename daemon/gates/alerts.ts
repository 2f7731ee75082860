import { type Alert, notMuted } from "../prometheus/alertmanager.ts";
import { assertWhole, queryPrometheus, type Series } from "../prometheus/query.ts";
import { type JsonServer, shown } from "../prometheus/server.ts";
import { count } from "../text/count.ts";
import { cut } from "../text/cut.ts";
import { firstOf } from "../text/list.ts";
import { compileRe2, type Pattern } from "../text/re2.ts";
import type { Gate } from "./gate.ts";
import type { Looked } from "./notices/unmatched.ts";

export interface AlertFilter {
  /** Matches anywhere in the name. */
  names: Pattern | undefined;
  /** Inverts `names`: only alerts that match count. */
  matchOnly: boolean;
  firingOnly: boolean;
  /** Name of this daemon's pod. */
  instance: string;
}

export interface AlertSources {
  prometheus: JsonServer;
  alertmanager: JsonServer | undefined;
  /**
   * Label matchers, as between the braces of a selector; one text must select the alert. Empty: all alerts.
   */
  matchers: readonly string[];
}

const namesMax = 10;
const nameMaxChars = 100;

/** Closed while Prometheus has active alerts, as kured counts them, that Alertmanager does not mute. */
export function alertsGate(
  { prometheus, alertmanager, matchers }: AlertSources,
  filter: AlertFilter,
  looked: Looked = () => {},
): Gate<"alerts"> {
  const selectors = matchers.map((text) => ({
    option: `--alert-matchers=${text}`,
    selects: selectorOf(text),
  }));
  const reportFound = (series: readonly Series[]) => {
    for (const { option, selects } of selectors) {
      looked(
        option,
        series.some(({ metric }) => selects(metric)),
      );
    }
    const { names } = filter;
    if (names === undefined) return;
    const isNamed = ({ metric }: Series) => names.test(metric["alertname"] ?? "");
    looked("--alert-filter-regexp", series.some(isNamed));
  };
  return {
    name: "alerts",
    stages: ["start"],
    cost: "remote",
    urgentPasses: true,
    // Alertmanager is asked after Prometheus; the deadlines of both requests end before this one.
    deadlineMs: prometheus.timeoutMs + (alertmanager?.timeoutMs ?? 0) + 1000,
    async check(_, signal) {
      const answer = await queryPrometheus(prometheus, alertsQuery(matchers), signal);
      const { data } = answer;
      if (data.resultType !== "vector") throw new Error("the query ALERTS has no vector as its result");
      if (answer.warnings.length === 0) reportFound(data.result);
      const alerts = blockingAlerts(data.result, filter);
      if (alerts.length === 0) {
        assertWhole(prometheus, answer);
        return { open: true };
      }
      if (alertmanager === undefined) return active(prometheus, alerts);
      try {
        const loud = await notMuted(alertmanager, alerts, signal);
        if (loud.length > 0) return active(prometheus, loud);
      } catch (error) {
        signal.throwIfAborted();
        return active(
          prometheus,
          alerts,
          `, and cannot tell which are silenced: ${(error as Error).message}`,
        );
      }
      assertWhole(prometheus, answer);
      return { open: true };
    },
  };
}

function active(server: JsonServer, alerts: readonly Alert[], more = "") {
  const names = alertNames(alerts);
  const who = firstOf(
    names.map((name) => cut(shown(server, name), nameMaxChars)),
    namesMax,
  );
  const message = `${count(names.length, "alert is active", "alerts are active")}: ${who}${more}`;
  return { open: false, code: "active", message } as const;
}

export function alertsQuery(matchers: readonly string[]): string {
  return matchers.length === 0 ? "ALERTS" : matchers.map((one) => `ALERTS{${one}}`).join(" or ");
}

/** Parses label matchers as Prometheus does: a missing label equals an empty one. */
function selectorOf(matchers: string): (labels: Alert) => boolean {
  const tests = [...matchers.matchAll(/(\w+)(=~|!~|!=|=)("(?:[^"\\]|\\.)*")/g)].map(
    ([, name = "", operator = "", quoted = ""]) => {
      const value: string = JSON.parse(quoted);
      const pattern = operator.endsWith("~") ? compileRe2(`^(?s:${value})$`) : undefined;
      const isMatch = (found: string) => (pattern === undefined ? found === value : pattern.test(found));
      return (labels: Alert) =>
        isMatch(Object.hasOwn(labels, name) ? (labels[name] ?? "") : "") !== operator.startsWith("!");
    },
  );
  return (labels) => tests.every((test) => test(labels));
}

/** The labels of the alerts that count. */
export function blockingAlerts(series: readonly Series[], filter: AlertFilter): Alert[] {
  const alerts: Alert[] = [];
  for (const { metric, value } of series) {
    const { __name__: _, alertstate, ...labels } = metric;
    const name = labels["alertname"];
    if (name === undefined || Number(value?.[1]) === 0) continue;
    if (filter.firingOnly && alertstate !== "firing") continue;
    if (filter.names !== undefined && filter.names.test(name) !== filter.matchOnly) continue;
    if (isOwn(labels, filter.instance)) continue;
    alerts.push(labels);
  }
  return alerts;
}

/** Names of alerts, each once, sorted. */
export function alertNames(alerts: readonly Alert[]): string[] {
  return [...new Set(alerts.map(({ alertname = "" }) => alertname))].sort();
}

const ownLabels = ["job", "app", "app_kubernetes_io_name", "container", "daemonset"];
/** The Prometheus Operator puts the namespace before the name of a PodMonitor. */
const ownValue = /^(?:[^/]+\/)?rebootd$/;
const ownPod = /^rebootd-[a-z0-9]{5}$/;

/** An alert about rebootd itself, for example an overdue reboot, must not block the reboot. */
function isOwn(labels: Alert, instance: string): boolean {
  const { alertname = "", pod = "" } = labels;
  if (/^rebootd/i.test(alertname) || pod === instance || ownPod.test(pod)) return true;
  return ownLabels.some((name) => ownValue.test(labels[name] ?? ""));
}
