import type { Pod } from "../cluster/objects.ts";

/** A kubelet may be late by this much before it is said to be. */
const kubeletLateMs = 30_000;

export interface Asked {
  /** Why the last request for the pod's end was refused. */
  refused: string | undefined;
  now: number;
  /** When the drain is given up; milliseconds since the epoch. */
  deadline: number;
}

/** Why a pod is still there, as the end of a sentence that begins with it. */
export function whyStillThere(pod: Pod, { refused, now, deadline }: Asked): string {
  const { deletionTimestamp, finalizers = [] } = pod.metadata ?? {};
  if (deletionTimestamp === undefined) return refused ?? "has not been asked yet";
  const graceEnd = Date.parse(deletionTimestamp);
  const lateMs = now - graceEnd;
  if (lateMs >= 0 && finalizers.length > 0) return `is held by its finalizer ${finalizers.join(", ")}`;
  if (lateMs > kubeletLateMs) {
    return `should have ended ${seconds(lateMs)} ago; does the kubelet of its node run?`;
  }
  if (graceEnd > deadline)
    return `has a grace period that ends ${seconds(graceEnd - deadline)} after the deadline`;
  return "is ending";
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
