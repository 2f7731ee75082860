import type { Pod } from "../cluster/objects.ts";
import { toTheSecond } from "../time/iso.ts";
import type { EvictionRefusal } from "./evict.ts";

/** A kubelet may be late by this much before it is said to be. */
const kubeletLateMs = 30_000;

export interface RequestFacts {
  isRequested: boolean;
  /** Why the last request for the pod's end was refused. */
  refused: EvictionRefusal | undefined;
  /** Milliseconds since the epoch. */
  now: number;
  /** In how many milliseconds the drain is given up. */
  leftMs: number;
}

/** Why a pod is still there, in a word from a bounded set. */
export type LeftCode =
  | EvictionRefusal["by"]
  | "not-asked"
  | "no-effect"
  | "finalizer"
  | "kubelet"
  | "long-grace"
  | "ending";

/** What a person can do about it. */
const remedies: Readonly<Record<EvictionRefusal["by"], string>> = {
  budget: "; it needs more healthy pods, or a budget that allows one less",
  webhook: "; ask who runs the webhook what it waits for",
  rights: "; give the daemon's service account this right, as manifests/base and components/delete-pods do",
  rule: "; ask who runs the rule that says so",
  server: "",
  "webhook-down": "; ask who runs the webhook",
  explained: "",
};

/** Why a pod is still there, and what a person can do about it, as the end of a sentence that begins with it. */
export function whyStillThere(
  pod: Pod,
  { isRequested, refused, now, leftMs }: RequestFacts,
): { code: LeftCode; why: string } {
  const { deletionTimestamp, finalizers = [] } = pod.metadata ?? {};
  if (deletionTimestamp === undefined) {
    if (refused !== undefined) return { code: refused.by, why: whyRefused(refused) };
    return isRequested
      ? { code: "no-effect", why: "was asked to go, but does not end" }
      : { code: "not-asked", why: "has not been asked yet" };
  }
  const graceEnd = Date.parse(deletionTimestamp);
  const lateMs = now - graceEnd;
  if (lateMs >= 0 && finalizers.length > 0) {
    const held = `is held by its finalizer ${finalizers.join(", ")}`;
    return { code: "finalizer", why: `${held}, which whoever set it has to take away` };
  }
  if (lateMs > kubeletLateMs) {
    const why = `should have ended at ${toTheSecond(graceEnd)}; does the kubelet of its node run?`;
    return { code: "kubelet", why };
  }
  if (-lateMs > leftMs) {
    const ends = `has a grace period that ends at ${toTheSecond(graceEnd)}, after the deadline`;
    return { code: "long-grace", why: `${ends}; --drain-timeout is too short for it` };
  }
  return { code: "ending", why: "is ending" };
}

export function whyRefused({ by, why }: EvictionRefusal): string {
  return why + remedies[by];
}
