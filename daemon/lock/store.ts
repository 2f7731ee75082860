import type { Clock } from "../clock.ts";
import { type Api, unlessNotFound } from "../cluster/api.ts";
import { countNodes, listByLabel } from "../cluster/nodes.ts";
import { type PartialObjectMetadata, paths } from "../cluster/objects.ts";
import type { LockCarrier } from "./carrier.ts";
import {
  type Applicant,
  type Concurrency,
  concurrencyOf,
  controlPlaneLabels,
  type Limits,
  type Refusal,
  refusal,
  zoneLabel,
} from "./limits.ts";
import {
  enter,
  type Holder,
  holdersOf,
  holds,
  isManual,
  type LockValue,
  leave,
  leavesRemains,
  type Self,
} from "./slots.ts";

/** What the lock says about this node. */
export interface LockFacts {
  held: boolean;
  /** An entry bears this node's name that is not, or no longer, its slot: it is to be taken away. */
  remains: boolean;
  /** Why a cycle may not start now, slots of others and manual entries alike. */
  refusal: Refusal | undefined;
  holders: readonly Holder[];
}

/** This node, as its Node and its record describe it. */
export interface Member extends Self {
  /** Empty until the Node was first read. */
  labels: Readonly<Record<string, string>>;
  /** RFC 3339: since when its reboot is needed. */
  neededSince?: string | undefined;
}

export interface LockStore {
  read(self: Member, signal: AbortSignal): Promise<LockFacts>;
  /** Takes a slot if one is to be had; the answer says whether this node is in. */
  acquire(self: Member, unschedulable: boolean, signal: AbortSignal): Promise<LockFacts>;
  /** Gives the slot back, and all that bears this node's name; nothing happens where there is nothing. */
  release(self: Self, signal: AbortSignal): Promise<void>;
  /**
   * Takes away entries of other nodes whose Node is gone, or is another one of that name, after two looks. Resolves with
   * what went.
   */
  removeOrphans(self: Self, holders: readonly Holder[], signal: AbortSignal): Promise<readonly Holder[]>;
  /**
   * Calls back with each state of the lock until the signal ends it. What only other objects tell, such as the control
   * plane's health, is not in it.
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
  carrier: LockCarrier;
  concurrency: Concurrency;
  maxPerZone?: number | undefined;
  maxPerPool?: number | undefined;
  /** The label of a Node whose value names its pool. */
  poolLabel?: string | undefined;
  /** Written into the own entries; 0 is for ever. */
  ttlMs: number;
}

/** A Node that is not there may be on its way back, as when its kubelet registers anew. */
const orphanLooksApartMs = 30_000;
/** Nodes come and go slowly; a percentage of them may be late by this much. */
const sizeAgeMaxMs = 3_600_000;

/** The lock as one node's daemon deals with it. */
export function createLockStore(options: LockOptions): LockStore {
  const { api, clock, carrier, maxPerZone, maxPerPool, poolLabel, ttlMs } = options;
  let size: { nodes: number; at: number } | undefined;

  async function clusterSize(signal: AbortSignal): Promise<number> {
    if (size === undefined || clock.now() - size.at > sizeAgeMaxMs) {
      size = { nodes: await countNodes(api, signal), at: clock.now() };
    }
    return size.nodes;
  }

  async function limitsNow(signal: AbortSignal): Promise<Limits> {
    if ("percent" in options.concurrency) await clusterSize(signal);
    return knownLimits();
  }

  function knownLimits(): Limits {
    return { concurrency: concurrencyOf(options.concurrency, size?.nodes ?? 0), maxPerZone, maxPerPool };
  }

  function placed({ nodeID, nodeUID, labels }: Member): Applicant {
    return {
      nodeID,
      nodeUID,
      zone: labels[zoneLabel],
      pool: poolLabel === undefined ? undefined : labels[poolLabel],
    };
  }

  /** With what has to be seen just now. */
  async function applicant(self: Member, signal: AbortSignal): Promise<Applicant> {
    const isControlPlane = controlPlaneLabels.some((label) => label in self.labels);
    const controlPlane = isControlPlane ? await listByLabel(api, controlPlaneLabels, signal) : undefined;
    return { ...placed(self), controlPlane };
  }

  const factsOf = (lock: LockValue, self: Applicant, limits: Limits): LockFacts => ({
    held: holds(lock, self, clock.now()),
    remains: leavesRemains(lock, self, clock.now()),
    refusal: refusal(lock, self, limits, clock.now()),
    holders: holdersOf(lock),
  });

  /** Takes away what `isGone` says, if there is any of it. */
  const without = (isGone: (holder: Holder) => boolean) => (lock: LockValue) => {
    const before = holdersOf(lock);
    const holders = before.filter((holder) => !isGone(holder));
    return holders.length === before.length ? undefined : { holders, concurrency: knownLimits().concurrency };
  };

  return {
    clusterSize,

    async read(self, signal) {
      const limits = await limitsNow(signal);
      const asking = await applicant(self, signal);
      return factsOf(await carrier.read(signal), asking, limits);
    },

    async acquire(self, unschedulable, signal) {
      const limits = await limitsNow(signal);
      const asking = await applicant(self, signal);
      const after = await carrier.swap((lock) => {
        const now = clock.now();
        if (holds(lock, self, now) || refusal(lock, asking, limits, now) !== undefined) return undefined;
        const entry = entryOf(asking, self.neededSince, unschedulable, limits, now);
        return { holders: enter(holdersOf(lock), entry, now), concurrency: limits.concurrency };
      }, signal);
      return factsOf(after, asking, limits);
    },

    async release(self, signal) {
      const isOurs = (holder: Holder) => leave([holder], self).length === 0;
      await carrier.swap(without(isOurs), signal);
    },

    async removeOrphans(self, holders, signal) {
      const suspects = await orphansAmong(holders, self, signal);
      if (suspects.length === 0) return [];
      await clock.sleep(orphanLooksApartMs, signal);
      const orphans = await orphansAmong(suspects, self, signal);
      const isOrphan = (holder: Holder) =>
        orphans.some(({ nodeID, created }) => holder.nodeID === nodeID && holder.created === created);
      await carrier.swap(without(isOrphan), signal);
      return orphans;
    },

    watch: (self, onFacts, onBreak, signal) =>
      carrier.watch((lock) => onFacts(factsOf(lock, placed(self()), knownLimits())), onBreak, signal),
  };

  function entryOf(
    { nodeID, nodeUID, zone, pool }: Applicant,
    neededSince: string | undefined,
    unschedulable: boolean,
    { concurrency }: Limits,
    now: number,
  ): Holder {
    return {
      nodeID,
      metadata: { unschedulable },
      created: new Date(now).toISOString(),
      TTL: ttlMs * 1e6,
      concurrency,
      ...(nodeUID !== undefined && { nodeUID }),
      ...(zone !== undefined && { zone }),
      ...(pool !== undefined && { pool }),
      ...(neededSince !== undefined && { neededSince }),
    };
  }

  async function orphansAmong(
    holders: readonly Holder[],
    self: Self,
    signal: AbortSignal,
  ): Promise<readonly Holder[]> {
    const orphans: Holder[] = [];
    for (const holder of holders) {
      // A person's entry is for that person to take away, whatever it names.
      if (isManual(holder) || holder.nodeID === self.nodeID) continue;
      const node = await unlessNotFound(
        api.get<PartialObjectMetadata>(paths.node(holder.nodeID), { signal, metadataOnly: "object" }),
      );
      const isAnother = holder.nodeUID !== undefined && node?.metadata?.uid !== holder.nodeUID;
      if (node === undefined || isAnother) orphans.push(holder);
    }
    return orphans;
  }
}
