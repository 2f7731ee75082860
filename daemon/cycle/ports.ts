import type { Conditions } from "../annotations/conditions.ts";
import type { Api } from "../cluster/api.ts";
import type { Metadata, WholeNode } from "../cluster/objects.ts";
import type { Outage } from "../cluster/outage.ts";
import type { CheckGates } from "../gates/evaluate.ts";
import type { NeedSource } from "../host/need/need.ts";
import type { Rebooter } from "../host/reboot/rebooter.ts";
import type { Userspace } from "../host/userspace.ts";
import type { Overdue } from "../lock/overdue.ts";
import type { LockStore } from "../lock/store.ts";
import type { Mail } from "../notify/mail.ts";
import type { MessageKind } from "../notify/message.ts";
import type { Clock, Random } from "../time/clock.ts";
import type { Decision, Policy } from "./decision.ts";
import type { Hook, JobState, Observation, OwnPods } from "./observation.ts";
import type { StartDrain } from "./own-drain.ts";
import type { CycleRecord } from "./record.ts";

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
  /** Asked where a soft reboot is to be proved; rejects with the reason where the machine does not say. */
  readUserspace: (signal: AbortSignal) => Promise<Userspace>;
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
  /** Asked only where an option names a Job. */
  jobs: HookJobs;
  rebooter: Rebooter;
  /** Tells whether the machine is going down; rejects where that is unknown. */
  isShuttingDown: (signal: AbortSignal) => Promise<boolean>;
  /** The total time without the API server up to now; milliseconds. */
  unreachableMs: () => number;
  /** Resolves when the API server answers again after a time without it. */
  mended: Outage["ended"];
  /** Takes what this node has left in a lock that is not the configured one. */
  leaveLock: (lock: string, signal: AbortSignal) => Promise<void>;
  report: CycleReport;
  messages: CycleMessages;
  /**
   * Makes the conditions of the own Node what this pass has found; `carried` are those of its last read.
   * Answers the Node where it was written; rejects only when the signal is aborted.
   */
  showConditions: (
    record: CycleRecord,
    seen: Observation,
    carried: Conditions,
    signal: AbortSignal,
  ) => Promise<WholeNode | undefined>;
}

/** A Job of the own node. `id` is the same for every look at one Job, and another one for each cycle. */
export interface OwnJob {
  hook: Hook;
  id: string;
  nodeUid: string;
}

export interface HookJobs {
  look(job: OwnJob, signal: AbortSignal): Promise<JobState>;
  /** Creates it, unless it is there. The server is to end it at the deadline; milliseconds from now. */
  run(job: OwnJob, deadlineMs: number, signal: AbortSignal): Promise<void>;
  /** Creates it in a dry run. Rejects with the reason why it could not be. */
  tryOut(job: OwnJob, signal: AbortSignal): Promise<void>;
}

/** The messages to people, as far as the cycle has to do with them. */
export interface CycleMessages {
  /** Whether any destination wants this kind. */
  wants(kind: MessageKind): boolean;
  /** The part of them that the record keeps; `change` is about to be written. */
  toKeep(change?: { from: CycleRecord; to: CycleRecord; why: string }): Mail | undefined;
  /** Resolves when all have arrived, or there is no more time for it; never rejects. */
  settled(signal: AbortSignal): Promise<void>;
  /** Calls back when a message that the record has was delivered. */
  watch(onSettled: () => void): void;
}

/** Receives all that happens, and decides nothing. */
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
  /** The end of this node's cycle has halted the reboots of all nodes. */
  halted(message: string): void;
  /**
   * The API server refuses what is to be written on the own Node: the record itself, or only what goes with
   * it. Undefined once it has taken what was to be written.
   */
  refused(what: "record" | "marks" | undefined, why?: string): void;
  /**
   * The record on the Node is not believed: it cannot be read, or contradicts this process. Called each time.
   */
  doubted(fault: string): void;
  /** Something did not work; the loop goes on. */
  failed(what: string, error: unknown): void;
  /** The loop is alive if it reports again before this moment of `clock.elapsed()`. */
  expectedBy(time: number): void;
}
