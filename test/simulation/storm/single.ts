/** A Deployment with one pod, which the daemons replace by a roll-out before it goes. */
import type { RawOptions } from "../../../daemon/config/settings.ts";
import { podStartAnnotation } from "../../kubernetes/machines/pods.ts";
import type { Workload } from "../../kubernetes/workloads.ts";
import type { Scenario } from "./scenario.ts";

export const singleName = "single";

/** For all daemons of the storm; shorter than their shortest drain. */
export const surgeOptions = {
  "surge-selector": `app=${singleName}`,
  "surge-timeout": "20s",
} as const satisfies RawOptions;

export function singleOf({ startSeconds, isUnderBudget }: NonNullable<Scenario["single"]>): Workload {
  return {
    name: singleName,
    replicas: 1,
    annotations: { [podStartAnnotation]: String(startSeconds) },
    ...(isUnderBudget && { budget: { minAvailable: 1 } }),
  };
}
