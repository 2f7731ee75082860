import type { Writable } from "node:stream";
import { request } from "undici";
import { systemClock } from "./clock.ts";
import { createClient } from "./cluster/client.ts";
import type { Transport } from "./cluster/transport.ts";
import type { Config } from "./config/options.ts";
import type { CyclePorts } from "./cycle/run.ts";
import { lookOnce, runCycle } from "./cycle/run.ts";
import { startDrain } from "./drain/drain.ts";
import { podKey } from "./drain/select.ts";
import { alertsGate, type HttpPost } from "./gates/alerts.ts";
import type { Gate } from "./gates/gate.ts";
import { checkGates } from "./gates/index.ts";
import { podsGate } from "./gates/pods.ts";
import { windowGate } from "./gates/window.ts";
import { readBootID } from "./host/bootid.ts";
import { createExec, onHost } from "./host/exec.ts";
import { commandNeed, fileNeed } from "./host/need.ts";
import { commandRebooter } from "./host/reboot/command.ts";
import { signalRebooter } from "./host/reboot/signal.ts";
import { createLockStore } from "./lock/store.ts";
import { createNodeEvents } from "./report/events.ts";
import { createLog } from "./report/log.ts";
import { createMetrics } from "./report/metrics.ts";
import { createReport } from "./report/report.ts";
import { serve } from "./report/server.ts";

/** What the process hands to the daemon; the simulation hands it its own. */
export interface Surroundings {
  transport: Transport;
  version: string;
  /** Name of this pod or process, for events. */
  instance: string;
  log: Writable;
  kill: (pid: number, signal: number) => void;
}

/** How soon closed gates are asked again; a period that is shorter counts instead. */
const gateRecheckMs = 60_000;

/** The composition root: builds the adapters from the settings and puts them together. */
function compose(config: Config, surroundings: Surroundings, signal: AbortSignal) {
  const clock = systemClock;
  const random = Math.random;
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

  const exec = createExec(clock);
  const hostArgv = config["enter-host"] ? onHost : (argv: readonly [string, ...string[]]) => argv;
  const sentinelCommand = config["reboot-sentinel-command"];
  const gates = createGates(config, api);
  const ports: CyclePorts = {
    nodeName,
    clock,
    random,
    api,
    periodMs: config.period,
    policy: {
      drainTimeoutMs: config["drain-timeout"],
      rebootDelayMs: config["reboot-delay"],
      rebootTimeoutMs: config["reboot-timeout"],
      rebootAttempts: config["reboot-attempts"],
      maxRebootsPerNeed: config["max-reboots-per-need"],
      readySettleMs: config["ready-settle"],
      readyTimeoutMs: config["ready-timeout"],
      lockReleaseDelayMs: config["lock-release-delay"],
      gateRecheckMs: Math.min(gateRecheckMs, config.period),
    },
    lock: createLockStore({
      api,
      clock,
      random,
      namespace: config.namespace,
      name: config["lock-name"],
      annotation: config["lock-annotation"],
      nodeID: nodeName,
      concurrency: config.concurrency,
    }),
    need:
      sentinelCommand === undefined
        ? fileNeed(config["reboot-sentinel"])
        : commandNeed(hostArgv(sentinelCommand), exec, clock, config.period),
    readBootID: () => readBootID(config["boot-id-path"]),
    checkGates: (beforeReboot, inner) =>
      checkGates(beforeReboot ? gates.filter((gate) => gate.beforeReboot) : gates, clock, inner),
    startDrain: (onEnd, inner) =>
      startDrain(
        {
          api,
          clock,
          random,
          nodeName,
          gracePeriodSeconds: config["drain-grace-period"],
          podSelector: config["drain-pod-selector"],
          onEnd,
          onEvict: (pod) => {
            metrics.evictions.inc();
            log.info("evicting a pod", { pod: podKey(pod) });
          },
          onBlocked: (pod, why) => log.warn("a pod does not go yet", { pod: podKey(pod), why }),
        },
        inner,
      ),
    rebooter:
      config["reboot-method"] === "signal"
        ? signalRebooter(config["reboot-signal"], surroundings.kill)
        : commandRebooter(hostArgv(config["reboot-command"]), exec),
    report: reporting.report,
  };
  return { ports, log, metrics, reporting };
}

function createGates(config: Config, api: ReturnType<typeof createClient>): Gate[] {
  const gates: Gate[] = [
    windowGate({
      days: config["reboot-days"],
      start: config["start-time"],
      end: config["end-time"],
      zone: config["time-zone"],
    }),
  ];
  const prometheus = config["prometheus-url"];
  if (prometheus !== undefined) {
    const filter = {
      names: config["alert-filter-regexp"],
      matchOnly: config["alert-filter-match-only"],
      firingOnly: config["alert-firing-only"],
    };
    gates.push(alertsGate(prometheus, filter, post));
  }
  const selectors = config["blocking-pod-selector"];
  if (selectors.length > 0) gates.push(podsGate(api, config["node-id"], selectors));
  return gates;
}

const post: HttpPost = async (url, form, signal) => {
  const answer = await request(url, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
    body: new URLSearchParams(form).toString(),
    signal,
  });
  return { status: answer.statusCode, text: await answer.body.text() };
};

/** Runs until the signal ends it. Rejects only when it cannot start. */
export async function runDaemon(
  config: Config,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  const { ports, log, metrics, reporting } = compose(config, surroundings, signal);
  const server = await serve({
    host: config["metrics-host"],
    port: config["metrics-port"],
    registry: metrics.registry,
    fault: reporting.fault,
  });
  log.info("rebootd started", { version: surroundings.version, metricsPort: server.port });
  try {
    await runCycle(ports, signal);
  } finally {
    server.close();
    log.info("rebootd stopped");
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
