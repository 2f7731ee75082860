import type { Api } from "../cluster/api.ts";
import { checkAlertOptions } from "../config/alerts.ts";
import { escalationOf } from "../config/escalation.ts";
import type { Config } from "../config/options.ts";
import { selectionOf } from "../config/selection.ts";
import { windowSettingsOf } from "../config/windows.ts";
import { alertsGate } from "../gates/alerts.ts";
import { controlPlaneGate } from "../gates/control-plane.ts";
import { disruptionGate } from "../gates/disruption.ts";
import { drainNamesGate } from "../gates/drain-names.ts";
import type { Gate } from "../gates/gate.ts";
import { inhibitorsGate } from "../gates/inhibitors.ts";
import { createOnceADay } from "../gates/once-a-day.ts";
import { pausedGate } from "../gates/paused.ts";
import { podsGate } from "../gates/pods.ts";
import { queriesGate } from "../gates/queries.ts";
import { createSkewNotice } from "../gates/skew.ts";
import { createUnmatched, type Looked } from "../gates/unmatched.ts";
import { upToAge } from "../gates/up-to-age.ts";
import { usersGate } from "../gates/users.ts";
import { windowGate } from "../gates/window.ts";
import type { Logind } from "../host/logind/logind.ts";
import type { HttpPost, JsonServer } from "../prometheus/server.ts";
import type { Clock, Random } from "../time/clock.ts";

/** What the gates stand on. */
export interface GatePorts {
  api: Api;
  clock: Clock;
  random: Random;
  /** For Prometheus and Alertmanager. */
  post: HttpPost;
  logind: Pick<Logind, "listInhibitors" | "listSessions">;
  /** Name of this pod or process, whose own alerts do not count. */
  instance: string;
  /** Told what an operator should know though no gate is closed. */
  warn: (what: string) => void;
}

/** The gates that the settings ask for. Two that contradict each other are a ConfigError. */
export function chooseGates(config: Config, ports: GatePorts): Gate[] {
  const { api, clock, logind, warn } = ports;
  const say = createOnceADay(clock, warn);
  const looked = createUnmatched(clock, say);
  const gates: Gate[] = [pausedGate, windowGate(windowSettingsOf(config, clock.wall()))];
  gates.push(controlPlaneGate(api, config["node-id"]));
  gates.push(...prometheusGates(config, ports, looked));
  const selectors = config["blocking-pod-selector"];
  if (selectors.length > 0) {
    const namespaces = config["blocking-pod-namespace"];
    gates.push(podsGate(api, config["node-id"], { selectors, namespaces }, looked));
  }
  const drain = {
    selection: selectionOf(config),
    podSelector: config["drain-pod-selector"],
    gracePeriodSeconds: config["drain-grace-period"],
    escalation: escalationOf(config),
    heldSelector: config["budget-held-selector"],
  };
  const drainNames = { podSelector: drain.podSelector, skipNamespaces: config["drain-skip-namespace"] };
  if (drainNames.podSelector !== undefined || drainNames.skipNamespaces.length > 0) {
    gates.push(drainNamesGate(api, config["node-id"], drainNames, clock, looked));
  }
  // A drain that is followed by the reboot anyway cannot fail.
  if (config.preflight === "on" && !drain.escalation.rebootAnyway) {
    gates.push(disruptionGate({ ...ports, looked, say }, config["node-id"], drain));
  }
  if (config.inhibitors !== "ignore") gates.push(inhibitorsGate(logind, config.inhibitors));
  const { waitMs } = config["logged-in-users"];
  if (waitMs !== undefined) gates.push(usersGate(logind, waitMs));
  return gates;
}

export function prometheusGates(
  config: Config,
  { clock, post, instance, warn }: Pick<GatePorts, "clock" | "post" | "instance" | "warn">,
  looked: Looked = () => {},
): Gate[] {
  checkAlertOptions(config);
  const url = config["prometheus-url"];
  if (url === undefined) return [];
  const alertmanagerUrl = config["alertmanager-url"];
  const onDate = createSkewNotice(clock, createOnceADay(clock, warn));
  const ways = { timeoutMs: config["prometheus-timeout"], clock, post, onDate };
  const prometheus: JsonServer = { name: "Prometheus", url, ...ways };
  const alertmanager: JsonServer | undefined =
    alertmanagerUrl === undefined ? undefined : { name: "Alertmanager", url: alertmanagerUrl, ...ways };
  const queries = config["block-on-query"];
  const gates = [
    alertsGate(
      { prometheus, alertmanager, matchers: config["alert-matchers"] },
      {
        names: config["alert-filter-regexp"],
        matchOnly: config["alert-filter-match-only"],
        firingOnly: config["alert-firing-only"],
        instance,
      },
      looked,
    ),
    ...(queries.length > 0 ? [queriesGate(prometheus, queries, looked)] : []),
  ];
  const maxAgeMs = config["alerts-max-age"];
  return maxAgeMs === undefined ? gates : gates.map((gate) => upToAge(gate, maxAgeMs, warn));
}
