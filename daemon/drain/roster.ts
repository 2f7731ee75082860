import type { Pod } from "../cluster/objects.ts";
import type { EvictionRefusal } from "./evict.ts";
import { type PodReason, podKey, tierOf } from "./select.ts";

/** A pod that has to go and is still there. */
export interface Entry {
  pod: Pod;
  reasons: readonly PodReason[];
  isAsked: boolean;
  /** Why it did not go when it was last asked. */
  refused: EvictionRefusal | undefined;
}

/** Who has to go, tier by tier. */
export function createRoster() {
  const tiers = [0, 1, 2].map(() => new Map<string, Entry>());
  const tierFor = (pod: Pod) => tiers[tierOf(pod)] as Map<string, Entry>;
  const all = () => tiers.flatMap((tier) => [...tier.values()]);
  const currentTier = () => tiers.find((tier) => tier.size > 0);
  return {
    all,
    size: () => tiers.reduce((sum, tier) => sum + tier.size, 0),
    /** Those that go before the others. */
    current: () => [...(currentTier()?.values() ?? [])],
    get: (pod: Pod) => tierFor(pod).get(uidOf(pod)),
    /** The pod as it is now, and how it was known before. */
    set(pod: Pod, reasons: readonly PodReason[]): { entry: Entry; before: Pod | undefined } {
      const tier = tierFor(pod);
      const known = tier.get(uidOf(pod));
      const entry = known ?? { pod, reasons, isAsked: false, refused: undefined };
      const before = known?.pod;
      entry.pod = essenceOf(pod);
      tier.set(uidOf(pod), entry);
      return { entry, before };
    },
    /** True where it was the last one of its tier. */
    delete(pod: Pod): boolean {
      const tier = tierFor(pod);
      return tier.delete(uidOf(pod)) && tier.size === 0;
    },
    isCurrent: (pod: Pod) => currentTier()?.has(uidOf(pod)) === true,
  };
}

export function uidOf(pod: Pod): string {
  return pod.metadata?.uid ?? podKey(pod);
}

/** What is still asked of a pod once it is known that it has to go; a node may have hundreds. */
export function essenceOf({ metadata = {}, spec, status }: Pod): Pod {
  const { name, namespace, uid, labels, deletionTimestamp, finalizers } = metadata;
  const conditions = status?.conditions
    ?.filter(({ type }) => type === "Ready")
    .map(({ type, status }) => ({ type, status }));
  return {
    metadata: { name, namespace, uid, labels, deletionTimestamp, finalizers },
    spec: { priorityClassName: spec?.priorityClassName },
    status: { phase: status?.phase, conditions },
  } as Pod;
}
