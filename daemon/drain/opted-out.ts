import { contract } from "../annotations/names.ts";
import type { Pod } from "../cluster/objects.ts";
import { parseDurationMs } from "../time/duration.ts";
import { controllerOf } from "./select.ts";

const karpenter = contract.doNotDisrupt.key;
const autoscaler = contract.safeToEvict.key;

/** A request of a pod not to be evicted now. */
export interface OptOut {
  /** The request as people know it, such as an annotation with its value. */
  why: string;
  /** The end of the request; milliseconds since the epoch, infinity where only the pod's end is. */
  until: number;
}

/**
 * The annotation by which a pod asks other tools not to disrupt it now. Karpenter's may be a time from the
 * pod's start on:
 * https://karpenter.sh/docs/concepts/disruption/#pod-level-controls
 */
export function optOutOf({ metadata, status }: Pod, now: number): OptOut | undefined {
  if (metadata?.annotations?.[autoscaler] === "false")
    return { why: `${autoscaler}: false`, until: Number.POSITIVE_INFINITY };
  const value = metadata?.annotations?.[karpenter];
  const protectedMs = value === "true" ? Number.POSITIVE_INFINITY : (parseDurationMs(value ?? "") ?? 0);
  const startedAt = status?.startTime === undefined ? now : Date.parse(status.startTime);
  const until = startedAt + protectedMs;
  return now < until ? { why: `${karpenter}: ${value}`, until } : undefined;
}

/**
 * The same for a wait: a pod of a Job asks for time too, as its work is lost with it. With one of the
 * annotations it says itself for how long, or that it may go.
 */
export function timeAskedBy(pod: Pod, now: number): OptOut | undefined {
  const { annotations = {} } = pod.metadata ?? {};
  if (annotations[karpenter] !== undefined || annotations[autoscaler] !== undefined)
    return optOutOf(pod, now);
  const owner = controllerOf(pod);
  if (owner?.kind !== "Job" || !owner.apiVersion.startsWith("batch/")) return undefined;
  return { why: `a pod of Job ${owner.name}`, until: Number.POSITIVE_INFINITY };
}
