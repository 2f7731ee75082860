import type { Pod } from "../cluster/objects.ts";
import type { EvictionRefusal } from "./evict.ts";

/** A kubelet may be late by this much before it is said to be. */
const kubeletLateMs = 30_000;

export interface Asked {
  isAsked: boolean;
  /** Why the last request for the pod's end was refused. */
  refused: EvictionRefusal | undefined;
  /** Milliseconds since the epoch. */
  now: number;
  /** In how many milliseconds the drain is given up. */
  leftMs: number;
}

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
export function whyStillThere(pod: Pod, { isAsked, refused, now, leftMs }: Asked): string {
  const { deletionTimestamp, finalizers = [] } = pod.metadata ?? {};
  if (deletionTimestamp === undefined) {
    if (refused !== undefined) return whyRefused(refused);
    return isAsked ? "was asked to go, but does not end" : "has not been asked yet";
  }
  const graceEnd = Date.parse(deletionTimestamp);
  const lateMs = now - graceEnd;
  if (lateMs >= 0 && finalizers.length > 0) {
    return `is held by its finalizer ${finalizers.join(", ")}, which whoever set it has to take away`;
  }
  if (lateMs > kubeletLateMs) {
    return `should have ended ${seconds(lateMs)} ago; does the kubelet of its node run?`;
  }
  if (-lateMs > leftMs) {
    return `has a grace period that ends ${seconds(-lateMs - leftMs)} after the deadline; --drain-timeout is too short for it`;
  }
  return "is ending";
}

export function whyRefused({ by, why }: EvictionRefusal): string {
  return why + remedies[by];
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
