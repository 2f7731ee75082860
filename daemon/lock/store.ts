import { unlessNotGranted } from "../cluster/api.ts";
import { restartSpreadMs } from "../cluster/informer.ts";
import { countNodes } from "../cluster/nodes.ts";
import {
  type EntryOptions,
  planAcquire,
  planLeave,
  planMarkOverdue,
  planReenter,
  planRelease,
  planRemove,
} from "./changes.ts";
import { type ClusterLooksOptions, createClusterLooks } from "./cluster-looks.ts";
import { factsOf, type LockFacts } from "./facts.ts";
import { type CycleEnd, type HaltAfter, halted } from "./failures.ts";
import { type Concurrency, concurrencyOf, type Limits, nodesUnknown, type Waiting } from "./limits.ts";
import { type Holder, holds } from "./lock.ts";
import type { LockObject, LockObjectState } from "./lock-object.ts";
import { findOrphans } from "./orphans.ts";
import { lookAtHolder, type Overdue } from "./overdue.ts";

/**
 * The lock as one node's daemon deals with it. Each method that writes resolves with the facts afterwards.
 */
export interface LockStore {
  /**
   * `turn`: it is this node's turn, so if nothing else is in the way, all Nodes are looked at for
   * `--max-unavailable`.
   */
  read(waiting: Waiting, turn: boolean, signal: AbortSignal): Promise<LockFacts>;
  /** Takes a slot if the node may; `held` says whether it has one. */
  acquire(waiting: Waiting, unschedulable: boolean, signal: AbortSignal): Promise<LockFacts>;
  /** Puts the entry of a node that is down back, whatever the limits are; not against a person's will. */
  reenter(waiting: Waiting, signal: AbortSignal): Promise<LockFacts>;
  /**
   * Releases the slot, and removes all else that bears this node's name, as far as it was seen: another
   * daemon of this node may have entered since. The end of the cycle, if one has ended, counts among the
   * failures in a row.
   */
  release(
    waiting: Waiting,
    seen: readonly Holder[],
    end: CycleEnd | undefined,
    signal: AbortSignal,
  ): Promise<LockFacts>;
  /**
   * Removes entries of other nodes whose Node is gone, or is another one of that name, after two looks.
   * Resolves with them.
   */
  removeOrphans(ownName: string, holders: readonly Holder[], signal: AbortSignal): Promise<readonly Holder[]>;
  /** Resolves with a holder that is late if its Node is not Ready. */
  lookAtHolder(holder: Holder, signal: AbortSignal): Promise<Overdue | undefined>;
  /** Marks the entry of a holder that is late. Resolves with whether this node has marked it, and no other one before. */
  markOverdue(ownName: string, holder: Holder, signal: AbortSignal): Promise<boolean>;
  /**
   * Calls back with each state of the lock until the signal ends it. The state of other Nodes is not part of
   * it.
   */
  watch(
    waiting: () => Waiting,
    onFacts: (facts: LockFacts) => void,
    onBreak: (error: unknown) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** The number of Nodes, as of the last hour. */
  clusterSize(signal: AbortSignal): Promise<number>;
}

export interface LockOptions extends ClusterLooksOptions {
  lockObject: LockObject;
  concurrency: Concurrency;
  maxUnavailable?: Concurrency | undefined;
  haltAfter: HaltAfter;
  minIntervalMs?: number | undefined;
  /** Written into the own entries; 0 is for ever. Milliseconds. */
  ttlMs: number;
  /** About how many holders have room in the lock. */
  holdersMax: number;
  /**
   * Called once if more are allowed than that, and with each annotation beside the lock that is not
   * understood.
   */
  warn: (message: string) => void;
}

/** Nodes come and go slowly; a percentage of them may be late by this much. */
const sizeAgeMaxMs = 3_600_000;

/** The whole time is reached with 5,000 nodes. */
const spreadPerNodeMs = restartSpreadMs / 5000;

/** `isOutdated` if the node was refused because of other nodes, as they were before one left the lock. */
interface Attempt {
  facts: LockFacts;
  isOutdated: boolean;
}

export function createLockStore(options: LockOptions): LockStore {
  const { api, clock, lockObject, haltAfter, ttlMs } = options;
  const limits = createLimits(options);
  const looks = createClusterLooks(options);
  const warnOfMisread = createMisreadWarning(options.warn);

  /** True if other nodes are to be looked at anew. */
  function observe(state: LockObjectState): boolean {
    warnOfMisread(state.misread);
    return looks.observe(state.lock);
  }

  /** The answer of the lock alone. */
  const ownFacts = (state: LockObjectState, waiting: Waiting): LockFacts =>
    factsOf({ state, waiting, view: {}, limits: limits.known(), haltAfter }, clock.wall());

  async function tryToEnter(waiting: Waiting, entry: EntryOptions, signal: AbortSignal): Promise<Attempt> {
    const limitsNow = await limits.now(signal);
    const view = await looks.now(waiting, limitsNow, signal);
    const asked = { waiting, limits: limitsNow, view, haltAfter };
    const plan = (state: LockObjectState) => planAcquire({ ...asked, state }, entry, clock.wall());
    const state = await lockObject.swap(plan, signal);
    const hasSomebodyLeft = observe(state);
    const facts = factsOf({ ...asked, state }, clock.wall());
    return { facts, isOutdated: hasSomebodyLeft && facts.refusal?.dependsOnNodes === true };
  }

  return {
    clusterSize: limits.clusterSize,

    async read(waiting, turn, signal) {
      const state = await readFor(options, waiting, turn, signal);
      observe(state);
      try {
        const asked = { state, waiting, limits: await limits.now(signal), haltAfter };
        return factsOf({ ...asked, view: await looks.enough(asked, turn, signal) }, clock.wall());
      } catch (error) {
        signal.throwIfAborted();
        const facts = ownFacts(state, waiting);
        return { ...facts, refusal: facts.refusal ?? nodesUnknown(error) };
      }
    },

    async acquire(waiting, unschedulable, signal) {
      const entry = { unschedulable, ttlMs };
      const { facts, isOutdated } = await tryToEnter(waiting, entry, signal);
      return isOutdated ? (await tryToEnter(waiting, entry, signal)).facts : facts;
    },

    async reenter(waiting, signal) {
      const asked = { waiting, limits: limits.known() };
      const plan = (state: LockObjectState) => planReenter({ ...asked, state }, ttlMs, clock.wall());
      return ownFacts(await lockObject.swap(plan, signal), waiting);
    },

    async release(waiting, seen, end, signal) {
      const what = { name: waiting.identity.name, seen, end, haltAfter, limits: limits.known() };
      let before: LockObjectState["failures"] | undefined;
      const plan = (state: LockObjectState) => {
        before = state.failures;
        return planRelease(state, what, clock.wall());
      };
      const state = await lockObject.swap(plan, signal);
      const wasHalted = before !== undefined && halted(before, haltAfter) !== undefined;
      const halt = wasHalted ? undefined : halted(state.failures, haltAfter)?.message;
      return { ...ownFacts(state, waiting), halt };
    },

    lookAtHolder: (holder, signal) => lookAtHolder(api, holder, signal),

    async markOverdue(ownName, holder, signal) {
      let isOurs = false;
      const { concurrency } = limits.known();
      await lockObject.swap(({ lock }) => {
        const change = planMarkOverdue(lock, holder, ownName, concurrency);
        isOurs = change !== undefined;
        return change;
      }, signal);
      return isOurs;
    },

    async removeOrphans(ownName, holders, signal) {
      const orphans = await findOrphans({ api, clock }, holders, ownName, signal);
      const { concurrency } = limits.known();
      if (orphans.length > 0)
        await lockObject.swap(({ lock }) => planRemove(lock, orphans, concurrency), signal);
      return orphans;
    },

    watch(waiting, onFacts, onBreak, signal) {
      const factsNow = (state: LockObjectState) => ownFacts(state, waiting());
      const { spreadMs } = limits;
      return watchLock({ clock, lockObject, observe, factsNow, onFacts, onBreak, spreadMs }, signal);
    },
  };
}

/** A slot of this node is confirmed by nothing but a read. A node that is about to enter may know the lock. */
async function readFor(
  { lockObject, clock }: Pick<LockOptions, "lockObject" | "clock">,
  { identity }: Waiting,
  turn: boolean,
  signal: AbortSignal,
): Promise<LockObjectState> {
  const known = turn ? await lockObject.readLately(signal) : undefined;
  const isEntering = known !== undefined && !holds(known.lock, identity, clock.wall());
  return isEntering ? known : await lockObject.read(signal);
}

interface LockWatch extends Pick<LockOptions, "clock" | "lockObject"> {
  observe: (state: LockObjectState) => void;
  factsNow: (state: LockObjectState) => LockFacts;
  onFacts: (facts: LockFacts) => void;
  onBreak: (error: unknown) => void;
  spreadMs: () => number;
}

/**
 * Observes and reports each state of the lock, and reports it once more when a refusal ends by itself: then
 * nothing is written.
 */
function watchLock(watch: LockWatch, signal: AbortSignal): Promise<void> {
  const { clock, lockObject, observe, factsNow, onFacts, onBreak, spreadMs } = watch;
  let latest = new AbortController();
  return lockObject.watch(
    (state) => {
      latest.abort();
      latest = new AbortController();
      observe(state);
      void reportAgain(report(state), state, AbortSignal.any([signal, latest.signal]));
    },
    onBreak,
    signal,
    spreadMs,
  );

  function report(state: LockObjectState): LockFacts {
    const facts = factsNow(state);
    onFacts(facts);
    return facts;
  }

  async function reportAgain(first: LockFacts, state: LockObjectState, ended: AbortSignal): Promise<void> {
    for (let end = first.refusal?.until; end !== undefined; end = report(state).refusal?.until) {
      await clock.sleep(end - clock.wall(), ended).catch(() => {});
      if (ended.aborted) return;
    }
  }
}

/** Removes the entries of this node from a lock that the node no longer uses. */
export async function leaveLock(
  lockObject: LockObject,
  nodeName: string,
  signal: AbortSignal,
): Promise<void> {
  await lockObject.swap(({ lock }) => planLeave(lock, nodeName), signal);
}

interface LimitsSource {
  /** Counts the Nodes first if a limit is a percentage. */
  now(signal: AbortSignal): Promise<Limits>;
  /** The same with the number of Nodes that was known last; a percentage of an unknown number is 1. */
  known(): Limits;
  clusterSize(signal: AbortSignal): Promise<number>;
  /** All nodes may wait, and watch the lock: so few of them come back to a server in each second. */
  spreadMs(): number;
}

function createLimits(options: LockOptions): LimitsSource {
  const {
    api,
    clock,
    concurrency,
    maxPerZone,
    maxPerPool,
    poolLabel,
    maxUnavailable,
    minIntervalMs,
    holdersMax,
  } = options;
  const isPercentage = [concurrency, maxUnavailable].some(
    (limit) => limit !== undefined && "percent" in limit,
  );
  let size: { nodes: number; at: number } | undefined;
  let isWarned = false;

  async function clusterSize(signal: AbortSignal): Promise<number> {
    if (size === undefined || clock.elapsed() - size.at > sizeAgeMaxMs) {
      size = { nodes: await countNodes(api, signal), at: clock.elapsed() };
    }
    return size.nodes;
  }

  const known = (): Limits => ({
    concurrency: concurrencyOf(concurrency, size?.nodes ?? 0),
    maxPerZone,
    maxPerPool,
    poolLabel,
    maxUnavailable: maxUnavailable && concurrencyOf(maxUnavailable, size?.nodes ?? 0),
    minIntervalMs,
  });

  return {
    clusterSize,
    known,
    spreadMs: () => Math.min(restartSpreadMs, (size?.nodes ?? 0) * spreadPerNodeMs),
    async now(signal) {
      // A percentage of an unknown number of nodes is one node.
      if (isPercentage) await unlessNotGranted(() => clusterSize(signal), undefined);
      const limits = known();
      if (limits.concurrency > holdersMax && !isWarned) {
        isWarned = true;
        options.warn(
          `--concurrency allows ${limits.concurrency} nodes, but the lock annotation has room for about ` +
            `${holdersMax}; more nodes than that wait`,
        );
      }
      return limits;
    },
  };
}

/** Warns of each annotation once, for as long as the annotation stays. */
function createMisreadWarning(warn: (message: string) => void): (faults?: readonly string[]) => void {
  let known: readonly string[] = [];
  return (faults = []) => {
    for (const fault of faults) {
      if (!known.includes(fault)) warn(`an annotation is not understood: ${fault}`);
    }
    known = faults;
  };
}
