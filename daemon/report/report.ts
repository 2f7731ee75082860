import type { Decision } from "../cycle/decision.ts";
import type { Observation } from "../cycle/observation.ts";
import type { CycleReport } from "../cycle/ports.ts";
import { type CycleRecord, isAtRest } from "../cycle/record.ts";
import type { Clock } from "../time/clock.ts";
import type { EventWriter } from "./event-writer.ts";
import { type Event, eventOf, eventsOfChange } from "./events.ts";
import { createPaused, showDecision, showRecord } from "./gauges.ts";
import { explain, type Log } from "./log.ts";
import type { Facts } from "./log-fields.ts";
import type { Messages } from "./messages.ts";
import { type Metrics, writes } from "./metrics.ts";
import { createNews } from "./news.ts";
import { createWords } from "./words.ts";

/**
 * Any client that may annotate the Node can write forged records without end; the events about them are
 * limited.
 */
const doubtAgainMs = 10 * 60_000;

interface Outputs {
  log: Log;
  metrics: Metrics;
  events: EventWriter;
  messages: Messages;
}

/** Turns the steps of the loop into log lines, metrics, events and the answers of /healthz and /readyz. */
export function createReport(outputs: Outputs, nodeName: string, clock: Clock) {
  const { log, metrics } = outputs;
  const paused = createPaused();
  const progress = reportProgress(outputs, nodeName, clock, paused);
  const refusals = reportRefusals(outputs);
  let expectedBy = Number.POSITIVE_INFINITY;

  const report: CycleReport = {
    decided(record, seen, decision) {
      progress.decided(record, seen, decision);
      // An idle node writes nothing, so nothing is refused now.
      if (decision.action.do === "wait" && isAtRest(record)) refusals.clear();
    },
    phaseChanged: progress.phaseChanged,
    orphansRemoved(nodes) {
      const event = eventOf("LockOrphanRemoved", nodes);
      happened(outputs, event);
      outputs.messages.notifyForCluster(event);
    },
    holdersOverdue: reportHolders(outputs),
    misread: reportMisread(outputs),
    halted(message) {
      const event = eventOf("RebootsHalted", message);
      happened(outputs, event);
      outputs.messages.notifyForCluster(event);
    },
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
    /** Other programs that may reboot this node, each with its name and a sentence. */
    othersFound(managers: readonly { name: string; does: string; fix: string }[]): void {
      for (const manager of managers) {
        metrics.otherManagers.set({ manager: manager.name }, 1);
        happened(outputs, eventOf("OtherRebootManager", manager, { topic: manager.name }));
      }
    },
    configRejected: (why: string): void => happened(outputs, eventOf("ConfigRejected", why)),
    phase: progress.phase,
    isPaused: paused.isPaused,
    fault,
    /** The reason why this daemon is of no use to its node, even if a restart would not help. */
    unready: (): string | undefined => fault() ?? refusals.unready(),
  };
}

/** One happening: a line of the log, an event and perhaps a message, with the same name and words. */
function happened({ log, events, messages }: Outputs, event: Event, facts: Facts = {}): void {
  log[event.level](event.note, { event: event.reason, ...facts });
  events.emit(event);
  messages.notify(event);
}

/** Decisions and changes of phase. A decision has a line once, until another one replaces it. */
function reportProgress(
  outputs: Outputs,
  nodeName: string,
  clock: Clock,
  paused: ReturnType<typeof createPaused>,
) {
  const { log, metrics, events, messages } = outputs;
  const news = createNews(nodeName);
  const words = createWords(clock);
  let phase: string = "Starting";
  return {
    phase: () => phase,
    decided(record: CycleRecord, seen: Observation, decision: Decision): void {
      const { action, why, overdue = false, reasons = [] } = decision;
      phase = record.phase;
      showRecord(metrics, record);
      showDecision(metrics, record, seen, decision);
      paused.decided(seen, decision);
      messages.pass(record, seen.bootID, reasons.length > 0 ? why : undefined);
      const found = news(record, seen, decision);
      for (const event of found) {
        if (event.about === undefined) happened(outputs, event);
        else events.emit(event);
      }
      const codes = reasons.map(({ gate, code }) => [gate, code]);
      const key = [record.phase, action.do, overdue, codes];
      // A change of phase has a log line of its own.
      const changesPhase = action.do === "save" && action.record.phase !== record.phase;
      const isLogged = changesPhase || found.some(({ note }) => why.startsWith(note));
      if (isLogged) words.said(key, why);
      else if (words.isNews(key, why)) log[overdue ? "error" : "info"](why);
      else log.debug(why);
    },
    phaseChanged(from: CycleRecord, to: CycleRecord, why: string): void {
      phase = to.phase;
      showRecord(metrics, to);
      messages.changed(to);
      const found = eventsOfChange({ from, to, why });
      for (const event of found) happened(outputs, event, { from: from.phase });
      // The reasons of a node that begins to wait are a line of their own.
      const isLogged = found.length > 0 || (to.phase === "Waiting" && to.reasons.length > 0);
      if (!isLogged) log.info(`the node is ${to.phase}`, { from: from.phase, why });
    },
  };
}

/** Each overdue holder once for each slot that it holds too long. */
function reportHolders(outputs: Outputs): CycleReport["holdersOverdue"] {
  const keyOf = ({ node, heldSince }: { node: string; heldSince: string }) => `${node} ${heldSince}`;
  let known: readonly string[] = [];
  return (holders) => {
    outputs.metrics.holdersOverdue.set(holders.length);
    for (const holder of holders.filter((one) => !known.includes(keyOf(one)))) {
      const event = eventOf("HolderOverdue", holder);
      happened(outputs, event);
      if (holder.isOurs)
        outputs.messages.notifyForCluster(event, { about: holder.node, at: holder.heldSince });
    }
    known = holders.map(keyOf);
  };
}

/** Each invalid annotation once, until it has gone. */
function reportMisread(outputs: Outputs): CycleReport["misread"] {
  let known: readonly string[] = [];
  return (faults) => {
    for (const fault of faults.filter((one) => !known.includes(one)))
      happened(outputs, eventOf("AnnotationInvalid", fault));
    known = faults;
  };
}

/** A refused write once, until a write succeeds. */
function reportRefusals(outputs: Outputs) {
  type Refused = "record" | "marks" | undefined;
  let refused: Refused;
  let reported: Refused;
  const show = (what: Refused): void => {
    refused = what;
    for (const one of writes) outputs.metrics.writeRefused.set({ what: one }, what === one ? 1 : 0);
  };
  return {
    /** Nothing is to be written now. A refusal that comes back is not news. */
    clear: () => show(undefined),
    unready: () => (refused === "record" ? "the API server refuses the record of this node" : undefined),
    report(what: Refused, why = ""): void {
      show(what);
      if (what !== undefined && what !== reported) happened(outputs, eventOf("WriteRefused", { what, why }));
      reported = what;
    },
  };
}

/** A log line for each rejected record, and an event for one in 10 minutes. */
function reportDoubts({ log, metrics, events }: Outputs, clock: Clock): CycleReport["doubted"] {
  let nextEventAt = Number.NEGATIVE_INFINITY;
  return (fault) => {
    metrics.recordsDoubted.inc();
    const event = eventOf("RecordRejected", fault);
    log[event.level](event.note, { event: event.reason });
    if (clock.elapsed() < nextEventAt) return;
    nextEventAt = clock.elapsed() + doubtAgainMs;
    events.emit(event);
  };
}
