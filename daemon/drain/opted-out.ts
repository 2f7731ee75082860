import { contract } from "../annotations/names.ts";
import type { Pod } from "../cluster/objects.ts";
import { parseDurationMs } from "../time/duration.ts";

const karpenter = contract.doNotDisrupt.key;
const autoscaler = contract.safeToEvict.key;

/**
 * The annotation by which a pod asks other tools not to disrupt it now. Karpenter's may be a time from the
 * pod's start on:
 * https://karpenter.sh/docs/concepts/disruption/#pod-level-controls
 */
export function optOutOf({ metadata, status }: Pod, now: number): string | undefined {
  const value = metadata?.annotations?.[karpenter];
  const protectedMs = value === "true" ? Number.POSITIVE_INFINITY : (parseDurationMs(value ?? "") ?? 0);
  const startedAt = status?.startTime === undefined ? now : Date.parse(status.startTime);
  if (now < startedAt + protectedMs) return `${karpenter}: ${value}`;
  return metadata?.annotations?.[autoscaler] === "false" ? `${autoscaler}: false` : undefined;
}
