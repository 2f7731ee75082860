/**
 * What every checker of a promise takes and gives. The world of a storm and the world of real processes each turn what they
 * see into these events, so that one checker judges both.
 */
import type { KubeObject } from "../kubernetes/api/object.ts";
import type { Machine, MachineEvent } from "../kubernetes/machines/machine.ts";
import type { Entry, RecordOnNode } from "./eyes.ts";

export interface Violation {
  /** A short sentence, the same for every breach of it. */
  promise: string;
  message: string;
  node?: string;
}

/** Who cordoned a node; "either" where nobody but the two themselves can tell. */
export type Cordoner = "daemon" | "person" | "either";

/** A write of the record by the node's daemon. */
export interface RecordChange {
  name: string;
  /** What the daemon wrote last, or found when it was started. */
  before: RecordOnNode;
  /** What was on the Node, which others may have written. */
  found: RecordOnNode;
  after: RecordOnNode;
  isCordoned: boolean;
  /** Somebody had written a record that was not the daemon's, and the cycle has not ended since. */
  isForged: boolean;
}

/** A new entry of a daemon in the lock. */
export interface Entering {
  writer: string;
  name: string;
  /** The machine was asked, or comes back, and its daemon restores what the lock has lost. */
  isReturn: boolean;
  before: readonly Entry[];
  after: readonly Entry[];
  /** The lock object as it was. */
  previous: KubeObject | undefined;
  /** How many slots the lock has at most, by the options of all who are in it. */
  slots: number;
}

/** An entry that a daemon removed from the lock. */
export interface Removal {
  writer: string;
  entry: Entry;
}

/** A write of the lock by a daemon. */
export interface LockChange {
  writer: string;
  before: readonly Entry[];
  after: readonly Entry[];
  object: KubeObject;
  previous: KubeObject | undefined;
}

/** A write of the Node. */
export interface NodeChange {
  name: string;
  /** The node of the daemon that wrote it, if one did. */
  writer: string | undefined;
  /** The whole server was put back to what it had stored some time ago. */
  isRestored: boolean;
  object: KubeObject;
  previous: KubeObject | undefined;
}

export interface PodEnd {
  pod: string;
  node: string;
}

/** Handlers of what a promise is about; each is called once the histories know of the event. */
export interface Checker {
  onNode?(change: NodeChange): void;
  onCordoned?(name: string, by: Cordoner): void;
  /** `cordoner`: the one who had cordoned it. */
  onUncordoned?(name: string, by: "daemon" | "person", cordoner: Cordoner | undefined): void;
  onRecord?(change: RecordChange): void;
  onLock?(change: LockChange): void;
  onEntered?(entering: Entering): void;
  onRemoved?(removal: Removal): void;
  onMachineEvent?(event: MachineEvent): void;
  /** The daemon has asked its machine to reboot. */
  onReboot?(name: string): void;
  onRequest?(name: string, path: string): void;
  /** `controller`: of the pod, or the pod itself where it has none; as a UID, as `pod` is. */
  onEviction?(name: string, controller: string, pod: string): void;
  /** The reboot killed a pod that still ran. */
  onPodKilled?(end: PodEnd & { wasStopping: boolean }): void;
  /** A pod was deleted without an eviction. */
  onPodDeleted?(end: PodEnd): void;
  /** Nobody can know any more that the node is down: a person took its slot away, or a restore what its Node said. */
  onExcepted?(name: string): void;
  /** After each change of a Node or of the lock. */
  onChanged?(): void;
  /** After everything that was to happen. */
  atEnd?(): void;
}

/** What a world knows and the API server does not. */
export interface WorldView {
  now(): number;
  machine(node: string): Machine;
  stored(resource: string, key: string): KubeObject | undefined;
  storedAll(resource: string): readonly KubeObject[];
  /** Keys of the objects that the node's daemon keeps the lock on, or did a moment ago. */
  locksOf(node: string): readonly string[];
  /** How many daemons the node has, or had a while ago. */
  daemonsOf(node: string): number;
  /** By how much more than usual what its daemon reads is late, and what it writes. */
  latenessMs(node: string): number;
  /** For how long the daemon could not reach the server, or stood still, since then. */
  disturbedMs(node: string, since: number): number;
  /** For how long the server was away since then. */
  awayMs(since: number): number;
  /** After how many failures in a row, of either kind, a node does not start; infinity for never. */
  haltAfterOf(node: string): { reboots: number; drains: number };
  /** From the cordon; the longest and the shortest of the options that its daemons have, or had a moment ago. */
  drainTimeoutMs(node: string): number;
  leastDrainTimeoutMs(node: string): number;
  /** After how many failures in a row the node is left alone until a person asks; infinity for never. */
  failuresMaxOf(node: string): number;
  isWindowOpen(node: string, now: number): boolean;
  /** Whether its daemon waits for pods that ask for time: not surely, up to a limit, or for as long as they are there. */
  optOutsOf(node: string): "unasked" | "waits" | "gives-up";
  /** Whether its daemon looks, before it begins, whether the drain can succeed. */
  isPreflightOn(node: string): boolean;
}

/** What a checker looks with. */
export interface Look {
  readonly view: WorldView;
  /** Of a node that was never seen, a new one. */
  of(name: string): NodeHistory;
  /** Names of all nodes that were seen. */
  names(): readonly string[];
  /**
   * Whether this was so short a time ago that a daemon may not know of it: its checks before a step are reads that follow
   * each other, each of which may take long.
   */
  isRecent(name: string, time: number, withinMs?: number): boolean;
  /** Whether a lock has an entry of the node's daemon. */
  holds(name: string): boolean;
  /** Since when a person has paused all nodes that look at this lock. */
  allPausedSince(lock: string): number | undefined;
  violate(promise: string, message: string, node?: string): void;
}

/** What was changed last is seen at once by its own checks. */
export const shortGraceMs = 20_000;
/** Behind a daemon's back. */
export const graceMs = 45_000;
/** What a process that is killed, or cut off, may be late by. */
export const lateMs = 240_000;
export const never = Number.NEGATIVE_INFINITY;

export const pausedAnnotation = "rebootd.dev/paused";
export const mirrorAnnotation = "kubernetes.io/config.mirror";

/** What has happened to one node, as far as the promises ask. */
export interface NodeHistory {
  /** The one who cordoned the node last, while it is cordoned. */
  cordoner: Cordoner | undefined;
  /** When a person took its slot, its Node, its cordon or its need away. */
  robbedAt: number;
  goneAt: number;
  uncordonedAt: number;
  unwantedAt: number;
  restoredAt: number;
  /** When somebody wrote over its record last, and whether that may still be why its daemon does what it does. */
  forgedAt: number;
  isForged: boolean;
  /** The boot ID of its machine when it took a slot last, where it was not down already. */
  enteredUnder: string | undefined;
  /** The count of its soft reboots then. */
  enteredAfter: number;
  /** What its daemon has written last, or has found when it was started. */
  reported: RecordOnNode | undefined;
  /** It was down when a restore took away what its Node said of that, and its daemon has not said since that it is over. */
  wasDown: boolean;
  /** When its daemon last reported that it is down, or no longer. */
  downAt: number;
  /** When a request for it was there last, and since when a person has paused it. */
  requestedAt: number;
  urgentAt: number;
  pausedSince: number | undefined;
  drainingSince: number;
  /** The same, and not later where a restore has brought that drain back. */
  begunAt: number;
  /** UIDs of the controllers whose pods were evicted in this drain. */
  evictedOf: Set<string>;
  /** A person took the daemon's cordon away: if they cordon anew before it has looked, nothing tells the two apart. */
  isUncordonUnseen: boolean;
  endedAt: number;
  startedAt: number;
  isNeeded: boolean;
  /** For the need that stands now. */
  reboots: number;
}

export function createHistory(): NodeHistory {
  return {
    cordoner: undefined,
    robbedAt: never,
    goneAt: never,
    uncordonedAt: never,
    unwantedAt: never,
    restoredAt: never,
    forgedAt: never,
    isForged: false,
    enteredUnder: undefined,
    enteredAfter: 0,
    reported: undefined,
    wasDown: false,
    downAt: never,
    requestedAt: never,
    urgentAt: never,
    pausedSince: undefined,
    drainingSince: 0,
    begunAt: 0,
    evictedOf: new Set(),
    isUncordonUnseen: false,
    endedAt: never,
    startedAt: never,
    isNeeded: false,
    reboots: 0,
  };
}

/** One checker that calls all of these, in their order. */
export function allOf(checkers: readonly Checker[]): Required<Checker> {
  const each =
    <K extends keyof Checker>(name: K) =>
    (...args: Parameters<Required<Checker>[K]>): void => {
      for (const checker of checkers)
        (checker[name] as ((...args: unknown[]) => void) | undefined)?.(...args);
    };
  return {
    onNode: each("onNode"),
    onCordoned: each("onCordoned"),
    onUncordoned: each("onUncordoned"),
    onRecord: each("onRecord"),
    onLock: each("onLock"),
    onEntered: each("onEntered"),
    onRemoved: each("onRemoved"),
    onMachineEvent: each("onMachineEvent"),
    onReboot: each("onReboot"),
    onRequest: each("onRequest"),
    onEviction: each("onEviction"),
    onPodKilled: each("onPodKilled"),
    onPodDeleted: each("onPodDeleted"),
    onExcepted: each("onExcepted"),
    onChanged: each("onChanged"),
    atEnd: each("atEnd"),
  };
}
