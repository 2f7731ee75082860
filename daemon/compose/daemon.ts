import type { Writable } from "node:stream";
import { collectDefaultMetrics } from "prom-client";
import { contract } from "../annotations/names.ts";
import { unlessNotFound } from "../cluster/api.ts";
import { createClient } from "../cluster/client.ts";
import type { WholeNode } from "../cluster/objects.ts";
import { createOutage } from "../cluster/outage.ts";
import { paths } from "../cluster/paths.ts";
import { createServerClock } from "../cluster/server-clock.ts";
import type { Transport } from "../cluster/transport.ts";
import { escalationOf } from "../config/escalation.ts";
import { lockPlaceOf } from "../config/lock-place.ts";
import { metricsAccessOf } from "../config/metrics-access.ts";
import type { Config } from "../config/options.ts";
import { selectionOf } from "../config/selection.ts";
import type { MarkPolicy } from "../cycle/marks.ts";
import { lookAtOwnPods } from "../cycle/own-pods.ts";
import { isUnderWay } from "../cycle/record.ts";
import { type CyclePorts, lookOnce, runCycle } from "../cycle/run.ts";
import { startDrain } from "../drain/drain.ts";
import { podKey, reasonsText } from "../drain/select.ts";
import { createGateCheck } from "../gates/evaluate.ts";
import { type Host, lookAtHost } from "../host/host.ts";
import { holdersMax } from "../lock/lock.ts";
import { createLockObject, type LockPlace, parsePlace, placeText } from "../lock/lock-object.ts";
import { createLockStore, leaveLock } from "../lock/store.ts";
import type { HttpPost } from "../prometheus/server.ts";
import { createLog } from "../report/log.ts";
import { createMetrics } from "../report/metrics.ts";
import { createNodeEvents } from "../report/node-events.ts";
import { createReport } from "../report/report.ts";
import { serve } from "../report/server.ts";
import { firstOf } from "../text/list.ts";
import { oneLine } from "../text/one-line.ts";
import type { Clock, Random } from "../time/clock.ts";
import { chooseGates } from "./gates.ts";

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
  /** What was given to the process and has no effect, as people would type it. */
  ignored?: readonly string[];
}

/** How soon closed gates are asked again; a period that is shorter counts instead. */
const gateRecheckMs = 60_000;

/** A swap of the lock that meets so many conflicts ends, and the loop rests before the next one. */
const conflictsInARowMax = 1;

/** The composition root: builds the parts from the settings and puts them together. */
export function compose(config: Config, surroundings: Surroundings, signal: AbortSignal) {
  const { clock, random, host } = surroundings;
  const nodeName = config["node-id"];
  const metrics = createMetrics(nodeName, surroundings.version);
  const outage = createOutage(clock);
  const serverClock = createServerClock(clock);
  const api = createClient({
    transport: surroundings.transport,
    clock,
    onAnswer({ verb, status, begunAt, date }) {
      metrics.apiRequests.inc({ verb, status });
      outage.observe(status, begunAt);
      serverClock.observe(date, begunAt);
    },
  });
  const log = createLog({
    form: config["log-format"],
    node: nodeName,
    phase: () => reporting.phase(),
    now: clock.wall,
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
  const ownPods = { labelSelector: config["ready-pod-selector"], self: surroundings.instance };
  const place = lockPlaceOf(config);
  const lockObjectOf = (there: LockPlace) =>
    createLockObject({ api, clock, random, place: there, conflictsMax: conflictsInARowMax });
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
      maxFailuresPerNode: config["max-failures-per-node"],
      lock: placeText(place),
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
      lockObject: lockObjectOf(place),
      concurrency: config.concurrency,
      maxPerZone: config["max-per-zone"],
      maxPerPool: config["max-per-pool"],
      poolLabel: config["pool-label"],
      maxUnavailable: config["max-unavailable"],
      haltAfter: { reboots: config["halt-after-failures"], drains: config["halt-after-failed-drains"] },
      recheckMs,
      ttlMs: config["lock-ttl"],
      holdersMax: holdersMax(nodeName),
      warn: log.warn,
      isUnderWay: (annotations) => isUnderWay(annotations[contract.cycle.key]),
    }),
    ...host,
    isShuttingDown: host.logind.isShuttingDown,
    unreachableMs: outage.totalMs,
    async leaveLock(former, inner) {
      const there = parsePlace(former);
      if (there !== undefined) await leaveLock(lockObjectOf(there), nodeName, inner);
    },
    checkGates: createGateCheck(chooseGates(config, { ...surroundings, ...host, api, warn: log.warn }), {
      clock,
      random,
      recheckMs,
      periodMs: config.period,
    }),
    lookAtOwnPods: (node, expected, inner) => lookAtOwnPods(api, ownPods, node, expected, inner),
    startDrain: (onChange, times, inner) =>
      startDrain(
        {
          api,
          clock,
          random,
          nodeName,
          selection: selectionOf(config),
          podSelector: config["drain-pod-selector"],
          gracePeriodSeconds: config["drain-grace-period"],
          volumeTimeoutMs: config["drain-volume-timeout"],
          parallelism: config["drain-parallelism"],
          ...times,
          cordonedAtByServer: serverClock.at(times.cordonedAt),
          onChange,
          report: {
            requested(pod, reasons) {
              metrics.evictions.inc();
              const why = reasonsText(reasons) || undefined;
              log.info(why === undefined ? "evicting a pod" : "evicting a pod all the same", {
                pod: podKey(pod),
                why,
              });
            },
            refused: (pod, why) => log.warn("a pod does not go yet", { pod: podKey(pod), why }),
            stays: (pod, reasons) => log.warn("a pod stays", { pod: podKey(pod), why: reasonsText(reasons) }),
            unwatched: (why) =>
              log.warn("budgets cannot be watched: pods that they hold are asked for again by time", { why }),
            stillAttached: (why) => log.warn("volumes may still be attached", { why }),
          },
        },
        inner,
      ),
    report: reporting.report,
  };
  return { ports, log, metrics, reporting };
}

const lbExcludeLabel = { [contract.excludeFromLoadBalancers.key]: "rebootd" };

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

/** Runs until the signal ends it. Rejects only when it cannot start. */
export async function runDaemon(
  config: Config,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  const { ports, log, metrics, reporting } = compose(config, surroundings, signal);
  const access = await metricsAccessOf(config);
  const facts = await lookAtHost(config, surroundings.host, signal);
  collectDefaultMetrics({ register: metrics.registry });
  const server = await serve({
    host: config["metrics-host"],
    port: config["metrics-port"],
    registry: metrics.registry,
    fault: reporting.fault,
    unready: reporting.unready,
    access,
    warn: log.warn,
  });
  const ignored = ignoredText(surroundings);
  log[ignored === undefined ? "info" : "warn"]("rebootd started", {
    ignored,
    version: surroundings.version,
    metricsPort: server.port,
    lockHoldersMax: holdersMax(config["node-id"]),
    ...facts,
  });
  try {
    await runCycle(ports, signal);
  } finally {
    server.close();
    log.info("rebootd stopped");
  }
}

/** What is looked at here says nothing of the Node where that is another machine, as when it is asked from a laptop. */
async function assertSameMachine(
  { api, nodeName, readBootID }: CyclePorts,
  signal: AbortSignal,
): Promise<void> {
  const node = await unlessNotFound(() => api.get<WholeNode>(paths.node(nodeName), { signal }));
  const theirs = node?.status?.nodeInfo?.bootID;
  const ours = await readBootID();
  if (theirs === undefined || theirs === "" || theirs === ours) return;
  throw new Error(
    `this machine is not ${nodeName}: its boot ID is ${ours}, that of the Node is ${theirs}; run it on that machine, or in the pod of rebootd there. Where the machine has just booted, its kubelet has not reported yet`,
  );
}

/**
 * One look without any change: where the cycle stands, what would be done, and why, as lines of text. Rejects where the daemon
 * would not start on this machine either.
 */
export async function lookDaemon(
  config: Config,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<string> {
  const { ports } = compose(config, surroundings, signal);
  await metricsAccessOf(config);
  await assertSameMachine(ports, signal);
  const { rebootMethod, passedOver, inhibitors } = await lookAtHost(config, surroundings.host, signal);
  const { record, decision } = await lookOnce(ports, signal);
  const { action, why } = decision;
  const what = action.do === "save" ? `become ${action.record.phase}` : action.do;
  const reasons = action.do === "save" ? action.record.reasons : record.reasons;
  const facts = {
    "reboot method": rebootMethod,
    "passed over": passedOver,
    inhibitors,
    ignored: ignoredText(surroundings),
  };
  const more = Object.entries(facts).filter(([, fact]) => fact !== undefined);
  const lines = [
    oneLine(`${config["node-id"]} is ${record.phase} and would ${what}: ${why}`),
    ...reasons.map(({ gate, code, message }) => `  ${oneLine(`${gate} (${code}): ${message}`)}`),
    ...more.map(([name, fact]) => oneLine(`${name}: ${fact}`)),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

const ignoredMax = 20;

function ignoredText({ ignored = [] }: Surroundings): string | undefined {
  return ignored.length === 0 ? undefined : firstOf(ignored, ignoredMax);
}
