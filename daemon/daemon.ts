import type { Writable } from "node:stream";
import { collectDefaultMetrics } from "prom-client";
import type { Clock, Random } from "./clock.ts";
import type { Api } from "./cluster/api.ts";
import { createClient } from "./cluster/client.ts";
import type { Transport } from "./cluster/transport.ts";
import { checkAlertOptions } from "./config/alerts.ts";
import { escalationOf } from "./config/escalation.ts";
import { lockPlaceOf } from "./config/lock-place.ts";
import { type Config, ConfigError } from "./config/options.ts";
import { selectionOf } from "./config/selection.ts";
import { windowSettingsOf } from "./config/windows.ts";
import type { MarkPolicy } from "./cycle/marks.ts";
import { listUnreadyPods } from "./cycle/own-pods.ts";
import type { CyclePorts } from "./cycle/run.ts";
import { lookOnce, runCycle } from "./cycle/run.ts";
import { startDrain } from "./drain/drain.ts";
import { podKey, reasonsText } from "./drain/select.ts";
import { alertsGate } from "./gates/alerts.ts";
import type { HttpPost, JsonServer } from "./gates/ask-server.ts";
import { disruptionGate } from "./gates/disruption.ts";
import type { Gate } from "./gates/gate.ts";
import { createGateCheck } from "./gates/index.ts";
import { inhibitorsGate } from "./gates/inhibitors.ts";
import { pausedGate } from "./gates/paused.ts";
import { podsGate } from "./gates/pods.ts";
import { queriesGate } from "./gates/queries.ts";
import { upToAge } from "./gates/up-to-age.ts";
import { usersGate } from "./gates/users.ts";
import { windowGate } from "./gates/window.ts";
import { readBootID } from "./host/bootid.ts";
import { chooseNeed } from "./host/choose-need.ts";
import { type Argv, createExec, onHost } from "./host/exec.ts";
import { createLogind, type Logind } from "./host/logind.ts";
import type { NeedSource } from "./host/need.ts";
import { choosingRebooter } from "./host/reboot/choice.ts";
import { commandRebooter } from "./host/reboot/command.ts";
import { logindRebooter } from "./host/reboot/logind.ts";
import type { Rebooter } from "./host/reboot/rebooter.ts";
import { type Kill, signalRebooter } from "./host/reboot/signal.ts";
import { createLockCarrier } from "./lock/carrier.ts";
import { createLockStore } from "./lock/store.ts";
import { createNodeEvents } from "./report/events.ts";
import { createLog, type Facts, type Log } from "./report/log.ts";
import { createMetrics } from "./report/metrics.ts";
import { createReport } from "./report/report.ts";
import { serve } from "./report/server.ts";

/** What the daemon stands on. The process hands it the real ones, the simulation its own. */
export interface Surroundings {
  transport: Transport;
  clock: Clock;
  random: Random;
  host: Host;
  /** For Prometheus and Alertmanager. */
  post: HttpPost;
  log: Writable;
  version: string;
  /** Name of this pod or process. */
  instance: string;
}

/** The machine under the node. */
export interface Host {
  need: NeedSource;
  readBootID: () => Promise<string>;
  rebooter: Rebooter;
  logind: Pick<Logind, "listInhibitors" | "listSessions">;
}

/** How soon closed gates are asked again; a period that is shorter counts instead. */
const gateRecheckMs = 60_000;

/** The real machine, as the settings describe it. Rejects where they do not fit to it. */
export async function createHost(
  config: Config,
  clock: Clock,
  kill: Kill,
  signal: AbortSignal,
): Promise<Host> {
  const exec = createExec(clock);
  const logind = createLogind(config["dbus-socket"], clock);
  const hostArgv = config["enter-host"] ? onHost : (argv: Argv) => argv;
  return {
    need: await chooseNeed(config, { exec, place: hostArgv, clock }, signal),
    readBootID: () => readBootID(config["boot-id-path"]),
    rebooter: choosingRebooter(
      [
        logindRebooter(logind, { skipInhibitors: config.inhibitors === "ignore" }),
        signalRebooter(config["reboot-signal"], kill),
        commandRebooter(config["reboot-command"], hostArgv, exec),
      ],
      config["reboot-method"],
    ),
    logind,
  };
}

/** The composition root: builds the parts from the settings and puts them together. */
export function compose(config: Config, surroundings: Surroundings, signal: AbortSignal) {
  const { clock, random, host } = surroundings;
  const nodeName = config["node-id"];
  const metrics = createMetrics(nodeName, surroundings.version);
  const api = createClient({
    transport: surroundings.transport,
    clock,
    onAnswer: (verb, status) => metrics.apiRequests.inc({ verb, status }),
  });
  const log = createLog({
    form: config["log-format"],
    node: nodeName,
    phase: () => reporting.phase(),
    now: clock.now,
    out: surroundings.log,
  });
  const events = createNodeEvents({
    api,
    clock,
    nodeName,
    instance: surroundings.instance,
    onError: (error) => reporting.report.failed("writing an event", error),
    signal,
  });
  const reporting = createReport(log, metrics, events, clock);

  const escalation = escalationOf(config);
  const ownPods = { nodeName, labelSelector: config["ready-pod-selector"], self: surroundings.instance };
  const recheckMs = Math.min(gateRecheckMs, config.period);
  const ports: CyclePorts = {
    nodeName,
    clock,
    random,
    api,
    periodMs: config.period,
    policy: {
      marks: marksOf(config),
      drainDelayMs: config["drain-delay"],
      ...escalation,
      rebootDelayMs: config["reboot-delay"],
      rebootTimeoutMs: config["reboot-timeout"],
      rebootAttempts: config["reboot-attempts"],
      maxRebootsPerNeed: config["max-reboots-per-need"],
      readySettleMs: config["ready-settle"],
      readyTimeoutMs: config["ready-timeout"],
      beforeHooks: {
        keys: config["before-reboot-hooks"].flat(),
        timeoutMs: config["before-reboot-hooks-timeout"],
        late: config["before-reboot-hooks-late"],
      },
      afterHooks: {
        keys: config["after-reboot-hooks"].flat(),
        timeoutMs: config["after-reboot-hooks-timeout"],
        late: config["after-reboot-hooks-late"],
      },
      lockReleaseDelayMs: config["lock-release-delay"],
      gateRecheckMs: recheckMs,
    },
    lock: createLockStore({
      api,
      clock,
      carrier: createLockCarrier({ api, clock, random, place: lockPlaceOf(config) }),
      concurrency: config.concurrency,
      maxPerZone: config["max-per-zone"],
      maxPerPool: config["max-per-pool"],
      poolLabel: config["pool-label"],
      maxUnavailable: config["max-unavailable"],
      haltAfterFailures: config["halt-after-failures"],
      recheckMs,
      ttlMs: config["lock-ttl"],
    }),
    ...host,
    checkGates: createGateCheck(createGates(config, api, surroundings, log), {
      clock,
      recheckMs,
      periodMs: config.period,
    }),
    listUnreadyPods: (inner) => listUnreadyPods(api, ownPods, inner),
    startDrain: (onChange, { deadline, deleteAt }, inner) =>
      startDrain(
        {
          api,
          clock,
          random,
          nodeName,
          selection: selectionOf(config),
          podSelector: config["drain-pod-selector"],
          gracePeriodSeconds: config["drain-grace-period"],
          deleteAt,
          volumeTimeoutMs: config["drain-volume-timeout"],
          parallelism: config["drain-parallelism"],
          deadline,
          onChange,
          report: {
            asked(pod, reasons) {
              metrics.evictions.inc();
              const why = reasonsText(reasons) || undefined;
              log.info(why === undefined ? "evicting a pod" : "evicting a pod all the same", {
                pod: podKey(pod),
                why,
              });
            },
            refused: (pod, why) => log.warn("a pod does not go yet", { pod: podKey(pod), why }),
            left: (pod, reasons) => log.warn("a pod stays", { pod: podKey(pod), why: reasonsText(reasons) }),
            stillAttached: (why) => log.warn("volumes may still be attached", { why }),
          },
        },
        inner,
      ),
    report: reporting.report,
  };
  return { ports, log, metrics, reporting };
}

/** https://kubernetes.io/docs/reference/labels-annotations-taints/#node-kubernetes-io-exclude-from-external-load-balancers */
const lbExcludeLabel = { "node.kubernetes.io/exclude-from-external-load-balancers": "rebootd" };

function marksOf(config: Config): MarkPolicy {
  return {
    labelsBefore: Object.assign(
      {},
      ...config["pre-reboot-node-labels"],
      config["lb-exclude"] ? lbExcludeLabel : {},
    ),
    labelsAfter: Object.assign({}, ...config["post-reboot-node-labels"]),
    softTaint: config["prefer-no-schedule-taint"],
    hooks: [...config["before-reboot-hooks"], ...config["after-reboot-hooks"]].flat(),
  };
}

function createGates(config: Config, api: Api, surroundings: Surroundings, log: Log): Gate[] {
  const gates: Gate[] = [pausedGate, windowGate(windowSettingsOf(config, surroundings.clock.now()))];
  gates.push(...prometheusGates(config, surroundings, log.warn));
  const selectors = config["blocking-pod-selector"];
  if (selectors.length > 0) {
    const namespaces = config["blocking-pod-namespace"];
    gates.push(podsGate(api, config["node-id"], { selectors, namespaces }));
  }
  const drain = {
    selection: selectionOf(config),
    podSelector: config["drain-pod-selector"],
    escalation: escalationOf(config),
  };
  // A drain that is followed by the reboot anyway cannot fail.
  if (config.preflight === "on" && !drain.escalation.rebootAnyway) {
    gates.push(disruptionGate(api, config["node-id"], drain));
  }
  const { logind } = surroundings.host;
  if (config.inhibitors !== "ignore") gates.push(inhibitorsGate(logind, config.inhibitors));
  const { waitMs } = config["logged-in-users"];
  if (waitMs !== undefined) gates.push(usersGate(logind, waitMs));
  return gates;
}

/** `warn` gets what an operator should know though no gate is closed. */
export function prometheusGates(
  config: Config,
  { clock, post, instance }: Pick<Surroundings, "clock" | "post" | "instance">,
  warn: (what: string) => void,
): Gate[] {
  checkAlertOptions(config);
  const url = config["prometheus-url"];
  if (url === undefined) return [];
  const alertmanagerUrl = config["alertmanager-url"];
  const ways = { timeoutMs: config["prometheus-timeout"], clock, post };
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
    ),
    ...(queries.length > 0 ? [queriesGate(prometheus, queries)] : []),
  ];
  const maxAgeMs = config["alerts-max-age"];
  return maxAgeMs === undefined ? gates : gates.map((gate) => upToAge(gate, maxAgeMs, warn));
}

/** Runs until the signal ends it. Rejects only when it cannot start. */
export async function runDaemon(
  config: Config,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  const { ports, log, metrics, reporting } = compose(config, surroundings, signal);
  const facts = await lookAtHost(config, surroundings.host, signal);
  collectDefaultMetrics({ register: metrics.registry });
  const server = await serve({
    host: config["metrics-host"],
    port: config["metrics-port"],
    registry: metrics.registry,
    fault: reporting.fault,
  });
  log.info("rebootd started", { version: surroundings.version, metricsPort: server.port, ...facts });
  try {
    await runCycle(ports, signal);
  } finally {
    server.close();
    log.info("rebootd stopped");
  }
}

/** What can be asked of this host, for the log. A method of rebooting that was asked for and cannot work ends the process. */
async function lookAtHost(config: Config, { rebooter, logind }: Host, signal: AbortSignal): Promise<Facts> {
  const asked = config["reboot-method"];
  const { method, cannot } = (await rebooter.choose?.(signal)) ?? { method: asked, cannot: {} };
  const obstacles = Object.entries(cannot).map(([name, obstacle]) => `${name}: ${obstacle}`);
  if (method === undefined) {
    throw new ConfigError(
      `--reboot-method="${asked}": allowed is a method that works on this node, such as auto, but ${obstacles.join("; ")}`,
    );
  }
  return {
    rebootMethod: method,
    passedOver: obstacles.join("; ") || undefined,
    inhibitors: config.inhibitors === "auto" ? await reachOf(logind, signal) : config.inhibitors,
  };
}

async function reachOf(logind: Host["logind"], signal: AbortSignal): Promise<string> {
  try {
    await logind.listInhibitors(signal);
    return "wait";
  } catch (error) {
    signal.throwIfAborted();
    const { code, message } = error as Error & { code?: unknown };
    return code === "no-bus" ? `none are known: ${message}` : "wait";
  }
}

/** One look without any change: where the cycle stands, what would be done, and why, as lines of text. */
export async function lookDaemon(
  config: Config,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<string> {
  const { ports } = compose(config, surroundings, signal);
  const { record, decision } = await lookOnce(ports, signal);
  const { action, why } = decision;
  const what = action.do === "save" ? `become ${action.record.phase}` : action.do;
  const reasons = action.do === "save" ? action.record.reasons : record.reasons;
  const lines = reasons.map(({ gate, code, message }) => `  ${gate} (${code}): ${message}`);
  return [`${config["node-id"]} is ${record.phase} and would ${what}: ${why}`, ...lines, ""].join("\n");
}
