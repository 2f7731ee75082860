import type { Api } from "../cluster/api.ts";
import type { Settings } from "../config/settings.ts";
import type { BlockerLooks } from "../drain/facts.ts";
import { alertsGate } from "../gates/alerts.ts";
import { approvalGate } from "../gates/approval.ts";
import { controlPlaneGate } from "../gates/control-plane.ts";
import { disruptionGate } from "../gates/disruption.ts";
import { drainNamesGate } from "../gates/drain-names.ts";
import { upToAge } from "../gates/evaluation/up-to-age.ts";
import type { Gate } from "../gates/gate.ts";
import { healthGate } from "../gates/health.ts";
import { inhibitorsGate } from "../gates/inhibitors.ts";
import { createOnceADay } from "../gates/notices/once-a-day.ts";
import { createSkewNotice } from "../gates/notices/skew.ts";
import { createUnmatched, type Looked } from "../gates/notices/unmatched.ts";
import { optOutsGate } from "../gates/opt-outs.ts";
import { pausedGate } from "../gates/paused.ts";
import { podsGate } from "../gates/pods.ts";
import { queriesGate } from "../gates/queries.ts";
import { updateGate } from "../gates/update.ts";
import { usersGate } from "../gates/users.ts";
import { windowGate } from "../gates/window.ts";
import type { createHealthLook } from "../health/look.ts";
import type { Logind } from "../host/logind/logind.ts";
import type { UpdateUnderWay } from "../host/need/update-under-way.ts";
import type { HttpPost, JsonServer } from "../prometheus/server.ts";
import type { Clock, Random } from "../time/clock.ts";

/** The world as gates see it. */
export interface GatePorts {
  api: Api;
  listPods: BlockerLooks["listPods"];
  daemonSetExists: BlockerLooks["daemonSetExists"];
  clock: Clock;
  random: Random;
  /** Asks Prometheus and Alertmanager. */
  post: HttpPost;
  logind: Pick<Logind, "listInhibitors" | "listSessions">;
  updateUnderWay?: UpdateUnderWay | undefined;
  /** Name of this pod or process, whose own alerts do not count. */
  instance: string;
  /** Called with each sentence that an operator should know though no gate is closed. */
  warn: (message: string) => void;
  /** There is one wherever the settings have conditions of health. */
  createHealthLook?: typeof createHealthLook;
  /** Called with the number of blocking pods whenever they were looked at. */
  onBlockingPods?: (podCount: number) => void;
}

/** The gates that the settings ask for. */
export function createGates(settings: Settings, ports: GatePorts): Gate[] {
  const { node, window, pods, drain, logind: logindSettings } = settings;
  const { api, clock, logind, warn } = ports;
  const say = createOnceADay(clock, warn);
  const looked = createUnmatched(clock, say);
  const gates: Gate[] = [
    pausedGate,
    windowGate(window),
    ...(settings.approval.isManual ? [approvalGate] : []),
    controlPlaneGate(api, node.name),
    ...prometheusGates(settings, ports, looked),
  ];
  if (pods !== undefined) gates.push(podsGate(api, node.name, pods, looked, ports.onBlockingPods));
  const { podSelector, stopSelector, selection, escalation } = drain.planned;
  if ((podSelector ?? stopSelector) !== undefined || selection.skipNamespaces.length > 0) {
    const drainNames = { podSelector, stopSelector, skipNamespaces: selection.skipNamespaces };
    gates.push(drainNamesGate(api, node.name, drainNames, clock, looked));
  }
  if (drain.optOuts !== undefined) gates.push(optOutsGate(api, node.name, drain.optOuts, drain.planned));
  // A drain that is followed by the reboot anyway cannot fail.
  if (drain.isPreflightOn && !escalation.rebootAnyway) {
    gates.push(disruptionGate({ ...ports, looked, say }, node.name, drain.planned));
  }
  gates.push(...healthGates(settings, ports));
  const { inhibitors, usersWaitMs } = logindSettings;
  if (inhibitors !== "ignore") gates.push(inhibitorsGate(logind, inhibitors));
  if (usersWaitMs !== undefined) gates.push(usersGate(logind, usersWaitMs));
  if (ports.updateUnderWay !== undefined) gates.push(updateGate(ports.updateUnderWay));
  return gates;
}

function healthGates({ health }: Settings, { api, clock, createHealthLook }: GatePorts): Gate[] {
  if (health === undefined) return [];
  if (createHealthLook === undefined)
    throw new Error("there are conditions of health, and nothing to look with");
  const look = createHealthLook(api, clock);
  return (
    [
      ["slot", health.beforeStart],
      ["return", health.beforeUncordon],
    ] as const
  ).flatMap(([stage, conditions]) => (conditions.length === 0 ? [] : healthGate(look, conditions, stage)));
}

/** The gates that ask Prometheus; none without one. */
export function prometheusGates(
  { alerts }: Pick<Settings, "alerts">,
  { clock, post, instance, warn }: Pick<GatePorts, "clock" | "post" | "instance" | "warn">,
  looked: Looked = () => {},
): Gate[] {
  if (alerts === undefined) return [];
  const { prometheusUrl, alertmanagerUrl, timeoutMs, matchers, filter, queries, maxAgeMs } = alerts;
  const onDate = createSkewNotice(clock, createOnceADay(clock, warn));
  const ways = { timeoutMs, clock, post, onDate };
  const prometheus: JsonServer = { name: "Prometheus", url: prometheusUrl, ...ways };
  const alertmanager: JsonServer | undefined =
    alertmanagerUrl === undefined ? undefined : { name: "Alertmanager", url: alertmanagerUrl, ...ways };
  const gates = [
    alertsGate({ prometheus, alertmanager, matchers }, { ...filter, instance }, looked),
    ...(queries.length > 0 ? [queriesGate(prometheus, queries, looked)] : []),
  ];
  return maxAgeMs === undefined ? gates : gates.map((gate) => upToAge(gate, maxAgeMs, warn));
}
