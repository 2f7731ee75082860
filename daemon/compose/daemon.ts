import type { Writable } from "node:stream";
import type { Registry } from "prom-client";
import { contract } from "../annotations/names.ts";
import type { Api } from "../cluster/api.ts";
import { createClient } from "../cluster/client.ts";
import { createDaemonSetLook } from "../cluster/daemon-sets.ts";
import type { doWithout } from "../cluster/do-without.ts";
import { createOutage } from "../cluster/outage.ts";
import { createNodePods } from "../cluster/pods.ts";
import { createServerClock } from "../cluster/server-clock.ts";
import type { Transport } from "../cluster/transport.ts";
import { policyOf } from "../config/policy.ts";
import type { Settings } from "../config/settings.ts";
import { lookAtOwnPods } from "../cycle/own-pods.ts";
import type { CyclePorts } from "../cycle/ports.ts";
import { isUnderWay } from "../cycle/record.ts";
import { runCycle } from "../cycle/run.ts";
import { startDrain } from "../drain/drain.ts";
import { createGateCheck } from "../gates/evaluate.ts";
import type { createHealthLook } from "../health/look.ts";
import { type Host, lookAtHost } from "../host/host.ts";
import { withMaxUptime } from "../host/need/uptime.ts";
import type { inheritKured } from "../kured/inherit.ts";
import { holdersMax } from "../lock/lock.ts";
import {
  createLockObject,
  type LockObject,
  type LockPlace,
  type LockWrite,
  parsePlace,
  placeText,
} from "../lock/lock-object.ts";
import { createLockStore, leaveLock } from "../lock/store.ts";
import type { HttpPost } from "../prometheus/server.ts";
import { createEventWriter } from "../report/event-writer.ts";
import { createLog, type Log } from "../report/log.ts";
import { createMetrics, type Metrics } from "../report/metrics.ts";
import type { MetricsAccess } from "../report/metrics-access.ts";
import { createNodeConditions } from "../report/node-conditions.ts";
import { addProcessMetrics } from "../report/process-metrics.ts";
import { createReport } from "../report/report.ts";
import { scrapedGauges } from "../report/scraped.ts";
import { serve } from "../report/server.ts";
import { firstOf } from "../text/list.ts";
import type { Clock, Random } from "../time/clock.ts";
import { configLabels } from "./config-labels.ts";
import { createDrainReport } from "./drain-report.ts";
import { createGates } from "./gates.ts";
import { hookJobsOf } from "./hook-jobs.ts";
import { createMessenger, type MessagePorts } from "./messenger.ts";
import { lookForOthers } from "./others.ts";
import { createNodeSilences, withSilences } from "./silences.ts";
import { startFacts } from "./started.ts";

/** The world of a daemon. The process passes the real one, the simulation its own. */
export interface Ports {
  transport: Transport;
  clock: Clock;
  random: Random;
  host: Host;
  /** Asks Prometheus and Alertmanager. */
  post: HttpPost;
  /** Absent: there is nobody to tell. */
  messages?: MessagePorts;
  log: Writable;
  version: string;
  /** Name of this pod or process. */
  instance: string;
  /**
   * Lets the daemon go without rights that its ServiceAccount lacks; without it, a right that is missing is an
   * error.
   */
  doWithout?: typeof doWithout;
  /** Ends what a kured has begun on this node before the cycle begins; only in the place of a kured. */
  inheritKured?: typeof inheritKured;
  /** Looks at objects, where the settings have conditions of health. */
  createHealthLook?: typeof createHealthLook;
  /** Input of the process that has no effect, as people would type it. */
  ignored?: readonly string[];
  /** Lines about that input for the log, after its first one. */
  notes?: readonly { level: "warn" | "info"; text: string }[];
}

/** A swap of the lock that meets so many conflicts in vain ends, and the loop backs off before the next one. */
const conflictsInVainMax = 1;

/** The composition root: builds the parts from the settings and connects them. */
export function compose(settings: Settings, ports: Ports, signal: AbortSignal) {
  const { clock, random, host } = ports;
  const { node, drain, ready } = settings;
  const { place, ...limits } = settings.lock;
  const { podSelector, gracePeriodSeconds } = drain.planned;
  const selection = { ...drain.planned.selection, self: ports.instance };
  const { api, outage, serverClock, log, metrics, messages, reporting, report, showConditions } = createVoice(
    settings,
    ports,
    signal,
  );
  const policy = policyOf(settings, placeText(place));
  const lockObjectOf = lockObjects(ports, api, metrics);
  const ownPods = { labelSelector: ready.podSelector, self: ports.instance };
  const drainReport = createDrainReport(log, metrics);
  const listPods = createNodePods(api, clock, node.name);
  const daemonSetExists = createDaemonSetLook(api, clock);
  const gates = createGates(settings, {
    ...ports,
    ...host,
    api,
    listPods,
    daemonSetExists,
    warn: log.warn,
    onBlockingPods: (podCount) => metrics.blockingPods.set(podCount),
  });
  const cycle: CyclePorts = {
    nodeName: node.name,
    clock,
    random,
    api,
    periodMs: node.periodMs,
    policy,
    lock: createLockStore({
      ...limits,
      api,
      clock,
      lockObject: lockObjectOf(place),
      recheckMs: policy.gateRecheckMs,
      holdersMax: holdersMax(node.name),
      warn: log.warn,
      isUnderWay: (annotations) => isUnderWay(annotations[contract.cycle.key]),
    }),
    ...host,
    need: withMaxUptime(host, { ...settings.requests, nodeName: node.name, clock }),
    isShuttingDown: host.logind.isShuttingDown,
    unreachableMs: outage.totalMs,
    mended: outage.ended,
    leaveLock: leaveFormer(lockObjectOf, node.name),
    checkGates: createGateCheck(gates, {
      clock,
      random,
      recheckMs: policy.gateRecheckMs,
      periodMs: node.periodMs,
    }),
    lookAtOwnPods: (own, expected, inner) => lookAtOwnPods({ api, listPods }, ownPods, own, expected, inner),
    startDrain: (onChange, times, inner) =>
      startDrain(
        {
          selection,
          podSelector,
          gracePeriodSeconds,
          surge: drain.planned.surge,
          volumeTimeoutMs: drain.volumeTimeoutMs,
          parallelism: drain.parallelism,
          api,
          clock,
          random,
          nodeName: node.name,
          daemonSetExists,
          mended: outage.ended,
          ...times,
          cordonedAtByServer: serverClock.at(times.cordonedAt),
          onChange,
          report: drainReport,
        },
        inner,
      ),
    jobs: hookJobsOf(api, node.name, policy),
    report,
    messages,
    showConditions,
  };
  const noticeOthers = async () =>
    reporting.othersFound(await lookForOthers(node.name, place, { api, clock, random, host }, signal));
  const prepare = preparation(settings, ports, { api, log, lockObject: lockObjectOf(place) }, signal);
  return { ports: cycle, gates, log, metrics, reporting, noticeOthers, prepare };
}

function leaveFormer(lockObjectOf: (place: LockPlace) => LockObject, name: string): CyclePorts["leaveLock"] {
  return async (former, signal) => {
    const there = parsePlace(former);
    if (there !== undefined) await leaveLock(lockObjectOf(there), name, signal);
  };
}

function lockObjects({ clock, random }: Ports, api: Api, metrics: Metrics): (place: LockPlace) => LockObject {
  const onWrite = (outcome: LockWrite) => metrics.lockWrites.inc({ outcome });
  return (place) => createLockObject({ api, clock, random, place, conflictsInVainMax, onWrite });
}

/** Work before the cycle begins; undefined where there is none. */
function preparation(
  { node, labels: { labelsAfter } }: Settings,
  { inheritKured, clock, random, host: { uptimeSeconds } }: Ports,
  { api, log, lockObject }: { api: Api; log: Log; lockObject: LockObject },
  signal: AbortSignal,
): (() => Promise<void>) | undefined {
  const found = { nodeName: node.name, labelsAfter, api, lockObject, info: log.info, warn: log.warn };
  return inheritKured && (() => inheritKured({ ...found, clock, random, uptimeSeconds }, signal));
}

/** The client of the API server, and all through which the daemon reports. */
function createVoice(settings: Settings, ports: Ports, signal: AbortSignal) {
  const { node, report, window } = settings;
  const { clock } = ports;
  const gauges = scrapedGauges({
    schedule: window,
    now: clock.wall,
    uptimeSeconds: ports.host.uptimeSeconds,
    isPaused: (now) => reporting.isPaused(now),
    silenceCount: () => silences?.activeCount() ?? 0,
    pendingCount: () => messages.pendingCount(),
  });
  const metrics = createMetrics(node.name, ports.version, gauges);
  const outage = createOutage(clock);
  const serverClock = createServerClock(clock);
  const log: Log = createLog({
    form: report.logForm,
    level: report.logLevel,
    node: node.name,
    phase: () => reporting.phase(),
    now: clock.wall,
    out: ports.log,
  });
  const client: Api = createClient({
    transport: ports.transport,
    clock,
    userAgent: `rebootd/${ports.version}`,
    onAnswer({ verb, status, begunAt, date }) {
      metrics.apiRequests.inc({ verb, status });
      outage.observe(status, begunAt);
      serverClock.observe(date, begunAt);
    },
  });
  const api = ports.doWithout?.({ api: client, clock, ...log }) ?? client;
  const events = createEventWriter({
    api,
    clock,
    metrics,
    nodeName: node.name,
    instance: ports.instance,
    onError: (error) => reporting.report.failed("writing an event", error),
    signal,
  });
  const messages = createMessenger(settings, ports, { log, metrics }, signal);
  const reporting = createReport({ log, metrics, events, messages }, node.name, clock);
  const showConditions = createNodeConditions({
    api,
    clock,
    nodeName: node.name,
    isOn: report.nodeConditions,
    policy: { hasWindow: window.windows.length > 0 },
    onFault: (error) => reporting.report.failed("writing the conditions of the Node", error),
  });
  const silences = createNodeSilences(settings, { ...ports, log, metrics, report: reporting.report }, signal);
  const heard = silences === undefined ? reporting.report : withSilences(reporting.report, silences);
  return { api, outage, serverClock, log, metrics, messages, reporting, report: heard, showConditions };
}

/** The world of a daemon that answers requests. */
export type DaemonPorts = Ports & {
  metricsAccess: MetricsAccess;
  /** The metrics of the process, which outlives a daemon that is composed anew. */
  processMetrics: Registry;
};

/** A daemon that has started, as that sees it which runs beside it. */
export interface Running {
  log: Log;
  metrics: Pick<Metrics, "configValid">;
  phase: () => string;
  /** Reports that a new configuration file is invalid. */
  configRejected: (why: string) => void;
  /** Resolves when every message has arrived or is dropped, and soon in any case. */
  messagesSettled: (signal: AbortSignal) => Promise<void>;
}

/**
 * Runs until the signal ends it. Rejects only when it cannot start. `onRunning` is called once, when it has
 * started.
 */
export async function runDaemon(
  settings: Settings,
  ports: DaemonPorts,
  signal: AbortSignal,
  onRunning: (running: Running) => void = () => {},
): Promise<void> {
  const { node, reboot, logind, report } = settings;
  const composed = compose(settings, ports, signal);
  const { ports: cycle, gates, log, metrics, reporting, noticeOthers } = composed;
  const asked = { ...reboot.machine, inhibitors: logind.inhibitors };
  const facts = await lookAtHost(asked, ports.host, signal);
  metrics.configInfo.set(configLabels(settings, facts["rebootMethod"]), 1);
  addProcessMetrics(metrics.registry, ports.processMetrics);
  const server = await serve({
    host: report.host,
    port: report.port,
    registry: metrics.registry,
    fault: reporting.fault,
    unready: reporting.unready,
    access: ports.metricsAccess,
    warn: log.warn,
  });
  const ignored = ignoredText(ports);
  log[ignored === undefined ? "info" : "warn"]("rebootd started", {
    ignored,
    version: ports.version,
    metricsPort: server.port,
    lockHoldersMax: holdersMax(node.name),
    ...facts,
    ...startFacts(settings, gates),
  });
  for (const { level, text } of ports.notes ?? []) log[level](text);
  onRunning({
    log,
    metrics,
    phase: reporting.phase,
    configRejected: reporting.configRejected,
    messagesSettled: cycle.messages.settled,
  });
  try {
    // Nothing waits for it.
    void noticeOthers();
    await composed.prepare?.();
    await runCycle(cycle, signal);
  } finally {
    server.close();
    log.info("rebootd stopped");
  }
}

const ignoredMax = 20;

export function ignoredText({ ignored = [] }: Pick<Ports, "ignored">): string | undefined {
  return ignored.length === 0 ? undefined : firstOf(ignored, ignoredMax);
}
