import { type CycleRecord, isAtRest, phases } from "../cycle/record.ts";
import { refusalText } from "../cycle/refused.ts";
import type { CycleReport } from "../cycle/run.ts";
import type { Clock } from "../time/clock.ts";
import type { NodeEvents } from "./events.ts";
import { explain, type Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";

/** Turns what the loop does into log lines, metrics, events and the answer of /healthz. */
/** Whoever may annotate the Node can write a record as often as they like; each costs no event. */
const doubtAgainMs = 10 * 60_000;

export function createReport(log: Log, metrics: Metrics, events: NodeEvents, clock: Clock) {
  let said: string | undefined;
  let expectedBy = Number.POSITIVE_INFINITY;
  let phase: string = "Starting";
  let wasOverdue = false;
  let misread: readonly string[] = [];
  let late: readonly string[] = [];
  let refused: "record" | "marks" | undefined;
  let saidRefused: typeof refused;
  let doubtAgainAt = Number.NEGATIVE_INFINITY;

  function showRefused(what: typeof refused): void {
    refused = what;
    for (const one of ["record", "marks"]) metrics.writeRefused.set({ what: one }, what === one ? 1 : 0);
  }

  const report: CycleReport = {
    decided(record, seen, { action, why, reasons = [], drainEnds = 0, overdue = false }) {
      phase = record.phase;
      showPhase(metrics, record);
      if (seen.need !== undefined) {
        const { state } = seen.need;
        metrics.rebootRequired.set(state === "unknown" ? Number.NaN : state === "needed" ? 1 : 0);
      }
      metrics.gateClosed.reset();
      for (const { gate, code } of reasons) metrics.gateClosed.set({ gate, reason: code }, 1);
      metrics.drainPodsLeft.reset();
      const left = seen.drain.state === "running" ? Object.entries(seen.drain.left) : [];
      for (const [reason, count] of left) metrics.drainPodsLeft.set({ reason }, count);
      metrics.drainDeadline.set(Math.round(drainEnds / 1000));
      // There is nothing to be written, so nothing is refused now.
      if (action.do === "wait" && isAtRest(record)) showRefused(undefined);
      if (seen.lock !== undefined) metrics.slotHeld.set(seen.lock.held ? 1 : 0);
      // Each sentence once, until there is another. A change of phase speaks for itself.
      const changesPhase = action.do === "save" && action.record.phase !== record.phase;
      if (why !== said && !changesPhase) log[overdue ? "error" : "info"](why);
      said = why;
      metrics.overdue.set(overdue ? 1 : 0);
      if (overdue && !wasOverdue) events.emit("Warning", "Overdue", why);
      wasOverdue = overdue;
    },
    phaseChanged(from, to, why) {
      phase = to.phase;
      showPhase(metrics, to);
      const { result, message } = to.outcome ?? {};
      const ended = to.phase === "Settling" || to.phase === "Restoring";
      if (ended && result !== undefined) metrics.cycles.inc({ outcome: result });
      const failed = to.phase === "Failed" || (to.phase === "Restoring" && result === "failed");
      if (failed) log.error(`the cycle failed: ${message ?? why}`, { from: from.phase });
      const givenUp = to.reasons.find(({ code }) => code === "given-up");
      if (givenUp !== undefined) log.error(givenUp.message);
      else log.info(`the node is ${to.phase}`, { from: from.phase, why });
      events.emit(failed ? "Warning" : "Normal", to.phase, why);
    },
    orphansRemoved(nodes) {
      const note = `took ${nodes.join(", ")} out of the lock: the cluster has no such Node any more`;
      log.warn(note);
      events.emit("Warning", "OrphanRemoved", note);
    },
    holdersOverdue(holders) {
      metrics.holdersOverdue.set(holders.length);
      const keys = holders.map(({ node, heldSince }) => `${node} ${heldSince}`);
      for (const [index, { node, heldSince, notReadySince }] of holders.entries()) {
        if (late.includes(keys[index] ?? "")) continue;
        const since = notReadySince === undefined ? "" : ` since ${notReadySince}`;
        const note = `${node} holds a slot since ${heldSince}, longer than a cycle takes, and is NotReady${since}: it does not come back by itself; rebootd explain ${node} says more, rebootd unlock ${node} gives its slot to others`;
        log.error(note);
        events.emit("Warning", "HolderOverdue", note);
      }
      late = keys;
    },
    misread(faults) {
      for (const fault of faults) {
        if (misread.includes(fault)) continue;
        log.warn(`an annotation is not understood: ${fault}`);
        events.emit("Warning", "NotUnderstood", fault);
      }
      misread = faults;
    },
    refused(what, why = "") {
      showRefused(what);
      if (what !== undefined && what !== saidRefused) {
        const note =
          what === "record"
            ? `the API server refuses the record of this node, so no cycle starts or goes on: ${why}`
            : refusalText(why);
        log.error(note);
        events.emit("Warning", "WriteRefused", note);
      }
      saidRefused = what;
    },
    doubted(fault) {
      metrics.recordsDoubted.inc();
      const note = `the record on the Node is not believed: ${fault}`;
      log.warn(note);
      if (clock.elapsed() < doubtAgainAt) return;
      doubtAgainAt = clock.elapsed() + doubtAgainMs;
      events.emit("Warning", "RecordDoubted", note);
    },
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
    phase: () => phase,
    fault,
    /** Why this daemon is of no use to its node, whether or not a restart would help. */
    unready: (): string | undefined =>
      fault() ?? (refused === "record" ? "the API server refuses the record of this node" : undefined),
  };
}

function showPhase(metrics: Metrics, record: CycleRecord): void {
  for (const phase of phases) metrics.phase.set({ phase }, phase === record.phase ? 1 : 0);
  metrics.phaseSince.set(Date.parse(record.since) / 1000);
}
