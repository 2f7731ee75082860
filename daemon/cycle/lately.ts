/** How old an answer about the own Node may be that a pass waits on. Whatever a pass writes stands on a newer one. Pure. */
import { readinessKeys } from "../annotations/readiness-taints.ts";
import type { Policy } from "./decision.ts";
import type { NodeFacts, Observation } from "./observation.ts";
import { isOfThisBoot } from "./reboot-kind.ts";
import type { CycleRecord } from "./record.ts";

/**
 * Kubelets and controllers write a Node all the time, and each pod that goes wakes a drain. An uncordon is
 * noticed within this time.
 */
const changedMs = 5000;
const unchangedMs = 60_000;

/**
 * For how many milliseconds an answer about the Node is enough to wait on; 0 where the wait is for something that
 * only the Node shows. `isChanged`: the watch has shown a newer version since.
 */
export function waitableMs(
  { phase }: Pick<CycleRecord, "phase">,
  { facts, isChanged }: { facts: NodeFacts; isChanged: boolean },
  seen: Pick<Observation, "drain" | "bootID" | "userspace">,
  { readyTaintsIgnored }: Pick<Policy, "readyTaintsIgnored">,
): number {
  if (phase === "Draining" && seen.drain.state === "running") return isChanged ? changedMs : unchangedMs;
  const isBack = phase === "Returning" && facts.ready && isOfThisBoot(facts, seen);
  // A node that was not Ready for a moment shows that later, too: see the evidence.
  return isBack && readinessKeys(facts.taints, readyTaintsIgnored).length === 0 ? unchangedMs : 0;
}
