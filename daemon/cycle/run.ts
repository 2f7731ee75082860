import { createTurn } from "../lock/turn.ts";
import { linked } from "../time/linked.ts";
import { createWake } from "../time/wake.ts";
import { createCycle } from "./cycle.ts";
import type { Decision, Policy } from "./decision.ts";
import { watchOwnNode } from "./own-node.ts";
import type { CyclePorts } from "./ports.ts";
import type { CycleRecord } from "./record.ts";

/** A pass makes a handful of requests, each with its own deadline; one that takes longer than this hangs. */
const passDeadlineMs = 5 * 60_000;
const waitGraceMs = 60_000;
/**
 * A cycle is a few dozen passes. More than this in so short a time go in a circle, and must not load the
 * server.
 */
const passesMax = 200;
const busyMs = 10_000;
/**
 * Memory of the Node and the lock is believed for a period. A short period is no reason to read them
 * often.
 */
const trustLeastMs = 10 * 60_000;

/**
 * Observes, decides, does one thing, reports, waits; until the signal ends it. Errors are reported, never
 * thrown.
 */
export async function runCycle(ports: CyclePorts, signal: AbortSignal): Promise<void> {
  const { clock, report } = ports;
  const wake = createWake(clock);
  /** Ends the pause after an error, which nothing else does. */
  const mended = createWake(clock);
  const trustMs = trustMsOf(ports);
  const turn = createTurn({
    ...ports,
    trustMs,
    onDue: wake.ring,
    onNews: wake.ring,
    onOrphans: (removed) => report.orphansRemoved(removed.map(({ nodeID }) => nodeID)),
    overdueMs: overdueMsOf(ports.policy),
    tellsOverdue: () => ports.messages.wants("overdue"),
    onOverdue: report.holdersOverdue,
    onError: report.failed,
  });
  const cycle = createCycle(ports, trustMs, turn, wake.ring);
  // Everything that this function starts ends with it.
  const ended = linked(signal);

  ports.need.watch(wake.ring, ended.signal, (error) => report.failed("watching the sentinel", error));
  const ownNode = watchOwnNode(ports, { cycle, wake: wake.ring, mended: mended.ring }, ended.signal);

  ports.messages.watch(wake.ring);

  let busy = { since: clock.elapsed(), passes: 0 };
  while (!signal.aborted) {
    busy =
      clock.elapsed() - busy.since > busyMs
        ? { since: clock.elapsed(), passes: 1 }
        : { ...busy, passes: busy.passes + 1 };
    if (busy.passes > passesMax) {
      report.failed(
        "pausing the loop",
        new Error(`${passesMax} passes in less than ${busyMs / 1000} s; this is a bug in rebootd`),
      );
      await clock.sleep(busyMs, signal).catch(() => {});
    }
    report.expectedBy(clock.elapsed() + passDeadlineMs);
    // Others write the Node all the time, and a write under an old version is refused.
    if (ownNode.isPolled() && !cycle.isBetweenCycles()) cycle.distrust();
    try {
      const { waitMs } = await cycle.pass(signal);
      if (waitMs === undefined) continue;
      const ms = Math.min(waitMs, ports.periodMs);
      report.expectedBy(clock.elapsed() + ms + waitGraceMs);
      await wake.wait(ms, signal);
    } catch (error) {
      if (signal.aborted) break;
      report.failed("the pass", error);
      await mended.wait(cycle.backoffMs(), signal);
    }
  }
  cycle.stop();
  turn.stop();
  ended.end();
}

/** Decides without acting. Rejects when an observation fails. */
export async function lookOnce(
  ports: CyclePorts,
  signal: AbortSignal,
): Promise<{ record: CycleRecord; decision: Decision }> {
  const cycle = createCycle(ports, trustMsOf(ports), undefined, () => {});
  return await cycle.look(signal);
}

/** The longest time of a cycle by the settings of this node, with a margin for clocks that differ. */
function overdueMsOf(policy: Policy): number {
  const { drainDelayMs, drainTimeoutMs, rebootDelayMs, rebootTimeoutMs, rebootAttempts } = policy;
  const before = drainDelayMs + drainTimeoutMs + rebootDelayMs + policy.beforeHooks.timeoutMs;
  const after = policy.readyTimeoutMs + policy.lockReleaseDelayMs + 60_000;
  const jobs = (policy.beforeJob?.timeoutMs ?? 0) + (policy.afterJob?.timeoutMs ?? 0);
  return before + rebootTimeoutMs * rebootAttempts + after + jobs;
}

function trustMsOf({ periodMs }: CyclePorts): number {
  return Math.max(periodMs, trustLeastMs);
}
