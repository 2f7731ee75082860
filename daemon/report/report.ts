import type { Decision } from "../cycle/decision.ts";
import type { Observation } from "../cycle/observation.ts";
import type { CycleReport } from "../cycle/ports.ts";
import { type CycleRecord, isAtRest, phases } from "../cycle/record.ts";
import { isReason } from "../gates/reasons.ts";
import type { Clock } from "../time/clock.ts";
import { type Event, eventOf } from "./events.ts";
import { explain, type Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { NodeEvents } from "./node-events.ts";

/**
 * Any client that may annotate the Node can write forged records without end; the events about them are
 * limited.
 */
const doubtAgainMs = 10 * 60_000;

interface Outputs {
  log: Log;
  metrics: Metrics;
  events: NodeEvents;
}

/** Turns the steps of the loop into log lines, metrics, events and the answers of /healthz and /readyz. */
export function createReport(log: Log, metrics: Metrics, events: NodeEvents, clock: Clock) {
  const outputs = { log, metrics, events };
  const progress = reportProgress(outputs);
  const refusals = reportRefusals(outputs);
  let expectedBy = Number.POSITIVE_INFINITY;

  const report: CycleReport = {
    decided(record, seen, decision) {
      progress.decided(record, seen, decision);
      // An idle node writes nothing, so nothing is refused now.
      if (decision.action.do === "wait" && isAtRest(record)) refusals.clear();
    },
    phaseChanged: progress.phaseChanged,
    orphansRemoved: (nodes) => warn(outputs, eventOf("OrphanRemoved", nodes)),
    holdersOverdue: reportHolders(outputs),
    misread: reportMisread(outputs),
    refused: refusals.report,
    doubted: reportDoubts(outputs, clock),
    failed(what, error) {
      metrics.errors.inc();
      log.warn(`${what} failed: ${explain(error)}`);
    },
    expectedBy(time) {
      expectedBy = time;
    },
  };

  const fault = (): string | undefined => {
    const lateMs = clock.elapsed() - expectedBy;
    return lateMs > 0 ? `the loop is ${Math.ceil(lateMs / 1000)} s late` : undefined;
  };

  return {
    report,
    phase: progress.phase,
    fault,
    /** The reason why this daemon is of no use to its node, even if a restart would not help. */
    unready: (): string | undefined => fault() ?? refusals.unready(),
  };
}

function warn({ log, events }: Outputs, event: Event): void {
  log.warn(event.note);
  events.emit(event);
}

/** Decisions and changes of phase. A sentence is logged once, until another one replaces it. */
function reportProgress({ log, metrics, events }: Outputs) {
  let phase: string = "Starting";
  let reported: string | undefined;
  let wasOverdue = false;
  return {
    phase: () => phase,
    decided(record: CycleRecord, seen: Observation, decision: Decision): void {
      const { action, why, overdue = false } = decision;
      phase = record.phase;
      showPhase(metrics, record);
      showDecision(metrics, seen, decision);
      // A change of phase has a log line of its own.
      const changesPhase = action.do === "save" && action.record.phase !== record.phase;
      if (why !== reported && !changesPhase) log[overdue ? "error" : "info"](why);
      reported = why;
      if (overdue && !wasOverdue) events.emit(eventOf("Overdue", why));
      wasOverdue = overdue;
    },
    phaseChanged(from: CycleRecord, to: CycleRecord, why: string): void {
      phase = to.phase;
      showPhase(metrics, to);
      const { result, message } = to.outcome ?? {};
      const ended = to.phase === "Settling" || to.phase === "Restoring";
      if (ended && result !== undefined) metrics.cycles.inc({ outcome: result });
      const failed = to.phase === "Failed" || (to.phase === "Restoring" && result === "failed");
      if (failed) log.error(`the cycle failed: ${message ?? why}`, { from: from.phase });
      const givenUp = to.reasons.find((one) => isReason(one, "failures", "given-up"));
      if (givenUp !== undefined) log.error(givenUp.message);
      else log.info(`the node is ${to.phase}`, { from: from.phase, why });
      events.emit(eventOf(to.phase, why, failed));
    },
  };
}

function showPhase(metrics: Metrics, record: CycleRecord): void {
  for (const phase of phases) metrics.phase.set({ phase }, phase === record.phase ? 1 : 0);
  metrics.phaseSince.set(Date.parse(record.since) / 1000);
}

function showDecision(metrics: Metrics, seen: Observation, decision: Decision): void {
  const { reasons = [], drainEnds = 0, overdue = false } = decision;
  if (seen.need !== undefined) {
    const { state } = seen.need;
    metrics.rebootRequired.set(state === "unknown" ? Number.NaN : state === "needed" ? 1 : 0);
  }
  metrics.gateClosed.reset();
  for (const { gate, code } of reasons) metrics.gateClosed.set({ gate, reason: code }, 1);
  metrics.drainPodsLeft.reset();
  const left = seen.drain.state === "running" ? Object.entries(seen.drain.left) : [];
  for (const [reason, pods] of left) metrics.drainPodsLeft.set({ reason }, pods);
  metrics.drainDeadline.set(Math.round(drainEnds / 1000));
  if (seen.lock !== undefined) metrics.slotHeld.set(seen.lock.held ? 1 : 0);
  metrics.overdue.set(overdue ? 1 : 0);
}

/** Each overdue holder once for each slot that it holds too long. */
function reportHolders({ log, metrics, events }: Outputs): CycleReport["holdersOverdue"] {
  const keyOf = ({ node, heldSince }: { node: string; heldSince: string }) => `${node} ${heldSince}`;
  let known: readonly string[] = [];
  return (holders) => {
    metrics.holdersOverdue.set(holders.length);
    for (const holder of holders.filter((one) => !known.includes(keyOf(one)))) {
      const event = eventOf("HolderOverdue", holder);
      log.error(event.note);
      events.emit(event);
    }
    known = holders.map(keyOf);
  };
}

/** Each invalid annotation once, until it has gone. */
function reportMisread({ log, events }: Outputs): CycleReport["misread"] {
  let known: readonly string[] = [];
  return (faults) => {
    for (const fault of faults.filter((one) => !known.includes(one))) {
      log.warn(`an annotation is not understood: ${fault}`);
      events.emit(eventOf("NotUnderstood", fault));
    }
    known = faults;
  };
}

/** A refused write once, until a write succeeds. */
function reportRefusals({ log, metrics, events }: Outputs) {
  type Refused = "record" | "marks" | undefined;
  let refused: Refused;
  let reported: Refused;
  const show = (what: Refused): void => {
    refused = what;
    for (const one of ["record", "marks"]) metrics.writeRefused.set({ what: one }, what === one ? 1 : 0);
  };
  return {
    /** Nothing is to be written now. A refusal that comes back is not news. */
    clear: () => show(undefined),
    unready: () => (refused === "record" ? "the API server refuses the record of this node" : undefined),
    report(what: Refused, why = ""): void {
      show(what);
      if (what !== undefined && what !== reported) {
        const event = eventOf("WriteRefused", { what, why });
        log.error(event.note);
        events.emit(event);
      }
      reported = what;
    },
  };
}

/** A log line for each rejected record, and an event for one in 10 minutes. */
function reportDoubts({ log, metrics, events }: Outputs, clock: Clock): CycleReport["doubted"] {
  let nextEventAt = Number.NEGATIVE_INFINITY;
  return (fault) => {
    metrics.recordsDoubted.inc();
    const event = eventOf("RecordDoubted", fault);
    log.warn(event.note);
    if (clock.elapsed() < nextEventAt) return;
    nextEventAt = clock.elapsed() + doubtAgainMs;
    events.emit(event);
  };
}
