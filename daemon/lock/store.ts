import { pauseNow } from "../annotations/pause.ts";
import type { Api } from "../cluster/api.ts";
import { countNodes } from "../cluster/nodes.ts";
import type { Clock } from "../time/clock.ts";
import { createAbsent, missingIn } from "./absent.ts";
import { type ControlPlaneMembers, createMembers, createStaticPods } from "./control-plane.ts";
import { afterCycle, type CycleEnd, type HaltAfter, halted } from "./failures.ts";
import {
  type Applicant,
  allPaused,
  type Concurrency,
  concurrencyOf,
  isOfControlPlane,
  type Limits,
  nodesUnknown,
  refusal,
  zoneLabel,
} from "./limits.ts";
import {
  bootOf,
  bootText,
  enter,
  type Holder,
  hasStaleEntry,
  holdersOf,
  holds,
  type LockValue,
  leave,
  limitIn,
  type Self,
} from "./lock.ts";
import type { LockObject, LockObjectChange, LockObjectState } from "./lock-object.ts";
import { findOrphans } from "./orphans.ts";
import { lookAtHolder, type Overdue } from "./overdue.ts";
import type { Refusal } from "./refusal.ts";
import { createUnavailable } from "./unavailable.ts";
import { forgotten, isUnlocked } from "./unlocked.ts";

/** What the lock says about this node. */
export interface LockFacts {
  held: boolean;
  /** How the boot ID begins under which it was taken, where it is held and says so. */
  boot?: string | undefined;
  /** An entry bears this node's name that is not, or no longer, its slot: it is to be taken away. */
  hasStaleEntry: boolean;
  /** Why a cycle may not start now, slots of others and manual entries alike. */
  refusal: Refusal | undefined;
  holders: readonly Holder[];
  /** A person has taken the slot of this node away: it is not put back. */
  takenAway: boolean;
  /** The resourceVersion of the object with the lock. */
  version: string | undefined;
}

/** This node, as its Node and its record describe it. */
export interface Member extends Self {
  /** Empty until the Node was first read. */
  labels: Readonly<Record<string, string>>;
  /** RFC 3339: since when its reboot is needed. */
  neededSince?: string | undefined;
  /** Under which its cycle has begun, or is about to. */
  bootID?: string | undefined;
}

export interface LockStore {
  /** Where it is this node's turn, and nothing else is in the way, all Nodes are looked at for `--max-unavailable`. */
  read(self: Member, turn: boolean, signal: AbortSignal): Promise<LockFacts>;
  /** Takes a slot if one is to be had; the answer says whether this node is in. */
  acquire(self: Member, unschedulable: boolean, signal: AbortSignal): Promise<LockFacts>;
  /** Puts the entry of a node that is down back, whatever the limits are; not against a person's will. */
  reenter(self: Member, signal: AbortSignal): Promise<LockFacts>;
  /**
   * Gives the slot back, and all else that bears this node's name, as far as it was seen: another daemon of this node may have
   * entered since. How the cycle has ended, where one has, counts among the failures in a row.
   */
  release(
    self: Member,
    seen: readonly Holder[],
    end: CycleEnd | undefined,
    signal: AbortSignal,
  ): Promise<LockFacts>;
  /**
   * Takes away entries of other nodes whose Node is gone, or is another one of that name, after two looks. Resolves with
   * what went.
   */
  removeOrphans(self: Self, holders: readonly Holder[], signal: AbortSignal): Promise<readonly Holder[]>;
  /** Whether the Node of a holder that is late is not Ready. */
  lookAtHolder(holder: Holder, signal: AbortSignal): Promise<Overdue | undefined>;
  /**
   * Calls back with each state of the lock until the signal ends it. What only other Nodes tell is not in it.
   */
  watch(
    self: () => Member,
    onFacts: (facts: LockFacts) => void,
    onBreak: (error: unknown) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** How many Nodes there are, as of the last hour. */
  clusterSize(signal: AbortSignal): Promise<number>;
}

export interface LockOptions {
  api: Api;
  clock: Clock;
  lockObject: LockObject;
  concurrency: Concurrency;
  maxPerZone?: number | undefined;
  maxPerPool?: number | undefined;
  /** The label of a Node whose value names its pool. */
  poolLabel?: string | undefined;
  maxUnavailable?: Concurrency | undefined;
  haltAfter: HaltAfter;
  /** How soon Nodes that are in the way may be looked at again. */
  recheckMs: number;
  /** Written into the own entries; 0 is for ever. */
  ttlMs: number;
  /** About how many holders have room in the lock. */
  holdersMax: number;
  /** Told once that more are allowed than that, and of each annotation beside the lock that is not understood. */
  warn: (message: string) => void;
  /** Whether a Node with these annotations is in mid-cycle, and so counts as down whether or not the lock knows of it. */
  isUnderWay: (annotations: Readonly<Record<string, string>>) => boolean;
}

/** Nodes come and go slowly; a percentage of them may be late by this much. */
const sizeAgeMaxMs = 3_600_000;
/** The lock as one node's daemon deals with it. */
export function createLockStore(options: LockOptions): LockStore {
  const { api, clock, lockObject, maxPerZone, maxPerPool, poolLabel, ttlMs } = options;
  let size: { nodes: number; at: number } | undefined;
  let isWarned = false;
  let misread: readonly string[] = [];
  const unavailable = createUnavailable(options);
  const absent = createAbsent({ ...options, place: placed });
  const members = createMembers(options);
  const staticPods = createStaticPods(options);

  async function clusterSize(signal: AbortSignal): Promise<number> {
    if (size === undefined || clock.elapsed() - size.at > sizeAgeMaxMs) {
      size = { nodes: await countNodes(api, signal), at: clock.elapsed() };
    }
    return size.nodes;
  }

  /** True where the other nodes are to be looked at anew. */
  function observe({ lock, misread: faults = [] }: LockObjectState): boolean {
    for (const fault of faults) {
      if (!misread.includes(fault)) options.warn(`an annotation is not understood: ${fault}`);
    }
    misread = faults;
    unavailable.observe(lock);
    return absent.observe(lock);
  }

  async function limitsNow(signal: AbortSignal): Promise<Limits> {
    const isPart = (count: Concurrency | undefined) => count !== undefined && "percent" in count;
    if (isPart(options.concurrency) || isPart(options.maxUnavailable)) await clusterSize(signal);
    const limits = knownLimits();
    if (limits.concurrency > options.holdersMax && !isWarned) {
      isWarned = true;
      options.warn(
        `--concurrency allows ${limits.concurrency} nodes, but the lock, an annotation, has room for about ${options.holdersMax}; more than that wait`,
      );
    }
    return limits;
  }

  function knownLimits(): Limits {
    const { concurrency, maxUnavailable } = options;
    const nodes = size?.nodes ?? 0;
    return {
      concurrency: concurrencyOf(concurrency, nodes),
      maxPerZone,
      maxPerPool,
      maxUnavailable: maxUnavailable && concurrencyOf(maxUnavailable, nodes),
    };
  }

  function placed({ nodeID, nodeUID, labels }: Member): Applicant {
    return {
      nodeID,
      nodeUID,
      zone: maxPerZone === undefined ? undefined : labels[zoneLabel],
      pool: maxPerPool === undefined || poolLabel === undefined ? undefined : labels[poolLabel],
    };
  }

  /** With the rest of the control plane, as long as nothing else is in the way. A node that is in is not asked again. */
  async function applicant(
    self: Member,
    isRefused: (asking: Applicant) => boolean,
    ask: ControlPlaneMembers["now"],
    look: (nodes: readonly string[]) => Promise<readonly string[] | undefined>,
    signal: AbortSignal,
  ): Promise<Applicant> {
    const alone = placed(self);
    if (!isOfControlPlane(self.labels) || isRefused(alone)) return alone;
    const controlPlane = await ask(signal);
    const beside = { ...alone, controlPlane };
    if (isRefused(beside)) return beside;
    const podsDown = await look(controlPlane.names.filter((name) => name !== self.nodeID));
    return { ...beside, controlPlane: { ...controlPlane, podsDown } };
  }

  /** With the Nodes that are unavailable, where nothing else is in the way. A node that is in is not asked again. */
  async function withUnavailable(
    asking: Applicant,
    state: LockObjectState,
    limits: Limits,
    turn: boolean,
    signal: AbortSignal,
  ): Promise<Applicant> {
    const isRefused = (names: readonly string[]) =>
      refusalOf(state, { ...asking, unavailable: names }, limits) !== undefined;
    const { lock } = state;
    if (limits.maxUnavailable === undefined || holds(lock, asking, clock.wall()) || isRefused([])) {
      return asking;
    }
    return { ...asking, unavailable: await unavailable.enough({ turn, isRefused }, signal) };
  }

  /** With the nodes in mid-cycle that the lock does not name, where nothing else is in the way. */
  async function withAbsent(
    asking: Applicant,
    state: LockObjectState,
    limits: Limits,
    signal: AbortSignal,
  ): Promise<Applicant> {
    const isIn = holds(state.lock, asking, clock.wall());
    if (isIn || refusalOf(state, asking, limits) !== undefined) return asking;
    return { ...asking, absent: await absent.known(state, signal) };
  }

  /** `isOutdated` where it was refused by what nodes were like while one was in that has left since. */
  async function tryToEnter(
    self: Member,
    unschedulable: boolean,
    signal: AbortSignal,
  ): Promise<{ facts: LockFacts; isOutdated: boolean }> {
    const limits = await limitsNow(signal);
    const look = (nodes: readonly string[]) => staticPods.now(nodes, signal);
    const asking = await applicant(self, () => false, members.now, look, signal);
    if (limits.maxUnavailable !== undefined) asking.unavailable = await unavailable.now(signal);
    asking.absent = await absent.now(signal);
    const after = await lockObject.swap((state) => {
      const now = clock.wall();
      if (holds(state.lock, self, now)) return undefined;
      const beside = { ...asking, absent: missingIn(state, asking.absent) };
      if (refusalOf(state, beside, limits) !== undefined) return undefined;
      return entered(state, entryOf(asking, self, unschedulable, limits, now), limits);
    }, signal);
    const hasSomebodyLeft = observe(after);
    // Once it is in, others hold it back no longer.
    const isIn = holds(after.lock, self, clock.wall());
    const beside = { ...asking, absent: missingIn(after, asking.absent) };
    const facts = factsOf(after, isIn ? placed(self) : beside, limits);
    return { facts, isOutdated: hasSomebodyLeft && facts.refusal?.dependsOnNodes === true };
  }

  const refusalOf = ({ lock, failures, paused }: LockObjectState, self: Applicant, limits: Limits) =>
    allPaused(paused, clock.wall()) ??
    halted(failures, options.haltAfter) ??
    refusal(lock, self, limits, clock.wall());

  const factsOf = (state: LockObjectState, self: Applicant, limits: Limits): LockFacts => ({
    held: holds(state.lock, self, clock.wall()),
    boot: bootOf(state.lock, self, clock.wall()),
    hasStaleEntry: hasStaleEntry(state.lock, self, clock.wall()),
    refusal: refusalOf(state, self, limits),
    holders: holdersOf(state.lock),
    takenAway: isUnlocked(state.unlocked, self.nodeID),
    version: state.version,
  });

  return {
    clusterSize,

    async read(self, turn, signal) {
      const state = await lockObject.read(signal);
      observe(state);
      try {
        const limits = await limitsNow(signal);
        const isIn = holds(state.lock, self, clock.wall());
        const isRefused = (asking: Applicant) => isIn || refusalOf(state, asking, limits) !== undefined;
        const look = (nodes: readonly string[]) => staticPods.enough(nodes, turn, signal);
        const asking = await applicant(self, isRefused, turn ? members.now : members.known, look, signal);
        const beside = await withAbsent(asking, state, limits, signal);
        return factsOf(state, await withUnavailable(beside, state, limits, turn, signal), limits);
      } catch (error) {
        signal.throwIfAborted();
        const facts = factsOf(state, placed(self), knownLimits());
        return { ...facts, refusal: facts.refusal ?? nodesUnknown(error) };
      }
    },

    async acquire(self, unschedulable, signal) {
      const { facts, isOutdated } = await tryToEnter(self, unschedulable, signal);
      return isOutdated ? (await tryToEnter(self, unschedulable, signal)).facts : facts;
    },

    async reenter(self, signal) {
      const limits = knownLimits();
      const after = await lockObject.swap((state) => {
        const { lock, unlocked } = state;
        const now = clock.wall();
        const isTakenAway = isUnlocked(unlocked, self.nodeID);
        if (isTakenAway || lock.state === "unreadable" || holds(lock, self, now)) return undefined;
        return entered(state, entryOf(placed(self), self, false, limits, now), limits);
      }, signal);
      return factsOf(after, placed(self), limits);
    },

    async release(self, seen, end, signal) {
      const isSeen = isAmong(seen.filter(isEnteredBy(self)));
      const after = await lockObject.swap((state) => {
        const change = without(state.lock, isSeen, knownLimits().concurrency);
        const unlocked = forgotten(state.unlocked, self.nodeID);
        const isOver = change !== undefined || unlocked !== undefined;
        const failures =
          isOver && end !== undefined
            ? afterCycle(state.failures, end, self.nodeID, options.haltAfter)
            : undefined;
        if (!isOver) return undefined;
        return { ...change, ...(unlocked && { unlocked }), ...(failures && { failures }) };
      }, signal);
      return factsOf(after, placed(self), knownLimits());
    },

    lookAtHolder: (holder, signal) => lookAtHolder(api, holder, signal),

    async removeOrphans(self, holders, signal) {
      const orphans = await findOrphans({ api, clock }, holders, self, signal);
      if (orphans.length > 0)
        await lockObject.swap(
          ({ lock }) => without(lock, isAmong(orphans), knownLimits().concurrency),
          signal,
        );
      return orphans;
    },

    watch(self, onFacts, onBreak, signal) {
      let isLatest = new AbortController();
      const tell = (state: LockObjectState) => onFacts(factsOf(state, placed(self()), knownLimits()));
      return lockObject.watch(
        (state) => {
          isLatest.abort();
          isLatest = new AbortController();
          observe(state);
          tell(state);
          void tellAgainAfterPause(state, tell, AbortSignal.any([signal, isLatest.signal]));
        },
        onBreak,
        signal,
      );
    },
  };

  /** The own entry beside the others; a person's unlock from before is over with it. */
  function entered(
    { lock, unlocked }: LockObjectState,
    entry: Holder,
    { concurrency }: Limits,
  ): LockObjectChange {
    const holders = enter(holdersOf(lock), entry, clock.wall());
    const rest = forgotten(unlocked, entry.nodeID);
    return { lock: { holders, concurrency }, ...(rest && { unlocked: rest }) };
  }

  /** Nothing is written when a pause ends by itself. */
  async function tellAgainAfterPause(
    state: LockObjectState,
    tell: (state: LockObjectState) => void,
    signal: AbortSignal,
  ): Promise<void> {
    for (;;) {
      const end = pauseNow(state.paused, clock.wall())?.until;
      if (end === undefined) return;
      await clock.sleep(end - clock.wall(), signal).catch(() => {});
      if (signal.aborted) return;
      tell(state);
    }
  }

  function entryOf(
    { nodeID, nodeUID, zone, pool }: Applicant,
    { neededSince, bootID }: Member,
    unschedulable: boolean,
    { concurrency }: Limits,
    now: number,
  ): Holder {
    // kured shows what an only holder says; where there are many they are to fit, and it takes absence for the same.
    const isAlone = concurrency === 1;
    return {
      nodeID,
      ...((isAlone || unschedulable) && { metadata: { unschedulable } }),
      created: new Date(now).toISOString(),
      ...((isAlone || ttlMs > 0) && { TTL: ttlMs * 1e6 }),
      concurrency,
      ...(nodeUID !== undefined && { nodeUID }),
      ...(bootID !== undefined && { boot: bootText(bootID) }),
      ...(zone !== undefined && { zone }),
      ...(pool !== undefined && { pool }),
      ...(neededSince !== undefined && { neededSince }),
    };
  }
}

/** Takes what this node has entered out of a lock that it no longer uses. */
export async function leaveLock(lockObject: LockObject, nodeID: string, signal: AbortSignal): Promise<void> {
  await lockObject.swap(({ lock }) => without(lock, isEnteredBy({ nodeID }), limitIn(lock)), signal);
}

function isEnteredBy(self: Self): (holder: Holder) => boolean {
  return (holder) => leave([holder], self).length === 0;
}

/** These very entries, not later ones of the same nodes. */
function isAmong(entries: readonly Holder[]): (holder: Holder) => boolean {
  return (holder) =>
    entries.some(({ nodeID, created }) => holder.nodeID === nodeID && holder.created === created);
}

/** Takes away what `isGone` says; undefined where there is none of it. */
function without(
  lock: LockValue,
  isGone: (holder: Holder) => boolean,
  concurrency: number,
): LockObjectChange | undefined {
  const before = holdersOf(lock);
  const holders = before.filter((holder) => !isGone(holder));
  return holders.length === before.length ? undefined : { lock: { holders, concurrency } };
}
