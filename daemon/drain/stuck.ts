import type { Pod } from "../cluster/objects.ts";
import { toTheSecond } from "../time/iso.ts";
import type { EvictionRefusal } from "./evict.ts";

/** A kubelet may be late by this much before it is reported. */
const kubeletLateMs = 30_000;

export interface RequestFacts {
  isRequested: boolean;
  /** It is deleted when the others are gone. */
  isLast?: boolean;
  /** Why the last eviction or deletion was refused. */
  refused: EvictionRefusal | undefined;
  /** It waits for the roll-out of this Deployment, which is undefined until it is known. */
  surging?: { deployment?: string } | undefined;
  /** Milliseconds since the epoch. */
  now: number;
  /** In how many milliseconds the drain is given up. */
  leftMs: number;
}

/** Why a pod remains, as a code. */
export type LeftCode =
  | EvictionRefusal["by"]
  | "not-asked"
  | "no-effect"
  | "surging"
  | "finalizer"
  | "kubelet"
  | "long-grace"
  | "ending";

/**
 * A pod that is there for such a reason may soon be gone, or is there for no reason of its own: the server is
 * in trouble, or the daemon has no right to evict.
 */
const passing: readonly LeftCode[] = ["not-asked", "no-effect", "surging", "ending", "server", "rights"];

/** Tells whether somebody has to do something about the pod before it goes. */
export function isHeldUp(code: LeftCode): boolean {
  return !passing.includes(code);
}

/** The remedies of a person. */
const remedies: Readonly<Record<EvictionRefusal["by"], string>> = {
  budget: "; add healthy pods, or lower what the budget requires",
  webhook: "; ask the owner of the webhook what it waits for",
  rights: "; grant the daemon's service account this right, as manifests/base and components/delete-pods do",
  rule: "; ask the owner of that rule",
  server: "",
  "webhook-down": "; ask the owner of the webhook",
  explained: "",
};

/** Why a pod remains and what a person can do about it, as the text behind its name. */
export function whyStillThere(
  pod: Pod,
  { isRequested, isLast, refused, surging, now, leftMs }: RequestFacts,
): { code: LeftCode; why: string } {
  const { deletionTimestamp, finalizers = [] } = pod.metadata ?? {};
  if (deletionTimestamp === undefined) {
    if (surging !== undefined) return { code: "surging", why: surgingText(surging.deployment) };
    if (refused !== undefined) return { code: refused.by, why: whyRefused(refused) };
    if (isRequested) return { code: "no-effect", why: "evicted, not yet terminating" };
    return { code: "not-asked", why: isLast ? "is deleted last" : "eviction not requested yet" };
  }
  const graceEnd = Date.parse(deletionTimestamp);
  const lateMs = now - graceEnd;
  if (lateMs >= 0 && finalizers.length > 0) {
    const isOne = finalizers.length === 1;
    const names = `${isOne ? "finalizer" : "finalizers"} ${finalizers.join(", ")}`;
    const effect = isOne
      ? "blocks deletion; its owner must remove it"
      : "block deletion; their owners must remove them";
    return { code: "finalizer", why: `${names} ${effect}` };
  }
  if (lateMs > kubeletLateMs) {
    const why = `should have ended at ${toTheSecond(graceEnd)}; check the kubelet of its node`;
    return { code: "kubelet", why };
  }
  if (-lateMs > leftMs) {
    const ends = `has a grace period until ${toTheSecond(graceEnd)}, after the deadline of the drain`;
    return { code: "long-grace", why: `${ends}; raise --drain-timeout` };
  }
  return { code: "ending", why: "is terminating" };
}

function surgingText(deployment: string | undefined): string {
  const of = deployment === undefined ? "its Deployment" : `Deployment ${deployment}`;
  return `waits until the roll-out of ${of} has put another pod in its place (--surge-selector)`;
}

export function whyRefused({ by, why }: EvictionRefusal): string {
  return why + remedies[by];
}
