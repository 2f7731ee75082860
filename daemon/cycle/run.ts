import type { Api } from "../cluster/api.ts";
import { brokenTrustMs } from "../cluster/belief.ts";
import { watchObject } from "../cluster/informer.ts";
import type { Metadata } from "../cluster/objects.ts";
import { paths } from "../cluster/paths.ts";
import type { CheckGates } from "../gates/evaluate.ts";
import type { NeedSource } from "../host/need/need.ts";
import type { Rebooter } from "../host/reboot/rebooter.ts";
import type { Overdue } from "../lock/overdue.ts";
import type { LockStore } from "../lock/store.ts";
import { createTurn } from "../lock/turn.ts";
import type { Clock, Random } from "../time/clock.ts";
import { createCycle } from "./cycle.ts";
import type { Decision, Policy } from "./decision.ts";
import type { Observation, OwnPods } from "./observation.ts";
import type { StartDrain } from "./own-drain.ts";
import type { CycleRecord } from "./record.ts";
import { createWake } from "./wake.ts";

/** Everything that the loop needs. */
export interface CyclePorts {
  nodeName: string;
  policy: Policy;
  /** At least this often the loop looks at everything, whatever was or was not reported to it. */
  periodMs: number;
  clock: Clock;
  random: Random;
  api: Api;
  lock: LockStore;
  need: NeedSource;
  readBootID: () => Promise<string>;
  checkGates: CheckGates;
  /**
   * Looks at the pods that this node is of no use without; `expected` are DaemonSets ("namespace/name")
   * that had one here.
   */
  lookAtOwnPods: (
    node: Pick<Metadata, "name" | "labels">,
    expected: readonly string[],
    signal: AbortSignal,
  ) => Promise<OwnPods>;
  /** Times by `clock.elapsed()`, but for the cordon's. */
  startDrain: StartDrain;
  rebooter: Rebooter;
  /** Tells whether the machine is going down; rejects where that is unknown. */
  isShuttingDown: (signal: AbortSignal) => Promise<boolean>;
  /** The total time without the API server up to now; milliseconds. */
  unreachableMs: () => number;
  /** Takes what this node has left in a lock that is not the configured one. */
  leaveLock: (lock: string, signal: AbortSignal) => Promise<void>;
  report: CycleReport;
}

/** Told of everything; decides nothing. */
export interface CycleReport {
  decided(record: CycleRecord, seen: Observation, decision: Decision): void;
  phaseChanged(from: CycleRecord, to: CycleRecord, why: string): void;
  /** Entries of nodes that are gone were taken out of the lock. */
  orphansRemoved(nodes: readonly string[]): void;
  /** Holders of the lock that do not come back, as this node sees them while it waits; reported each minute. */
  holdersOverdue(overdue: readonly Overdue[]): void;
  /**
   * Annotations of people that perhaps mean something else than they are taken for; reported in each pass.
   */
  misread(faults: readonly string[]): void;
  /**
   * The API server refuses what is to be written on the own Node: the record itself, or only what goes with
   * it. Undefined once it has taken what was to be written.
   */
  refused(what: "record" | "marks" | undefined, why?: string): void;
  /**
   * The record on the Node is not believed: it cannot be read, or says what this process knows better.
   * Told each time.
   */
  doubted(fault: string): void;
  /** Something did not work; the loop goes on. */
  failed(what: string, error: unknown): void;
  /** The loop is alive if it reports again before this moment of `clock.elapsed()`. */
  expectedBy(time: number): void;
}

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
    onOverdue: report.holdersOverdue,
    onError: report.failed,
  });
  const cycle = createCycle(ports, trustMs, turn, wake.ring);
  // Everything that this function starts ends with it.
  const ended = new AbortController();
  const end = () => ended.abort(signal.reason);
  signal.addEventListener("abort", end, { once: true });

  ports.need.watch(wake.ring, ended.signal, (error) => report.failed("watching the sentinel", error));
  void watchObject(
    {
      ...ports,
      collection: paths.nodes,
      name: ports.nodeName,
      onChange(metadata) {
        if (cycle.seeMetadata(metadata)) wake.ring();
      },
      onBreak(error) {
        report.failed("watching the own Node", error);
        void distrustLater();
      },
      onReopened: mended.ring,
    },
    ended.signal,
  );

  let isDistrusting = false;
  async function distrustLater(): Promise<void> {
    if (isDistrusting) return;
    isDistrusting = true;
    await clock.sleep(brokenTrustMs(ports.random), ended.signal).catch(() => {});
    isDistrusting = false;
    cycle.distrust();
    wake.ring();
  }

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
  ended.abort();
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
  return before + rebootTimeoutMs * rebootAttempts + after;
}

function trustMsOf({ periodMs }: CyclePorts): number {
  return Math.max(periodMs, trustLeastMs);
}
