import { contract } from "../annotations/names.ts";
import type { Policy } from "../cycle/decision.ts";
import type { MarkPolicy } from "../cycle/marks.ts";
import type { Settings } from "./settings.ts";

/** How soon closed gates are evaluated again; a period that is shorter counts instead. */
const gateRecheckMs = 60_000;

/** The policy of the cycle, from the settings of its subjects. `lock`: the place of the lock as text. */
export function policyOf(settings: Settings, lock: string): Policy {
  const { node, reboot, drain, hooks, ready, health, departing } = settings;
  return {
    marks: marksOf(settings),
    drainDelayMs: drain.delayMs,
    ...drain.planned.escalation,
    ...reboot.policy,
    lock,
    ...ready.policy,
    ...hooks,
    asksOnReturn: (health?.beforeUncordon.length ?? 0) > 0,
    beforeJob: jobOf(hooks.beforeJob),
    afterJob: jobOf(hooks.afterJob),
    ...departing,
    lockReleaseDelayMs: settings.lock.releaseDelayMs,
    gateRecheckMs: Math.min(gateRecheckMs, node.periodMs),
  };
}

function jobOf<J extends { template: string | undefined }>(job: J): (J & { template: string }) | undefined {
  const { template } = job;
  return template === undefined ? undefined : { ...job, template };
}

function marksOf({ approval, labels, hooks: { beforeHooks, afterHooks }, requests }: Settings): MarkPolicy {
  const { labelsBefore, labelsAfter, softTaint, annotatesNeed, excludesFromLoadBalancers } = labels;
  return {
    labelsBefore: {
      ...labelsBefore,
      ...(excludesFromLoadBalancers && { [contract.excludeFromLoadBalancers.key]: "rebootd" }),
    },
    labelsAfter,
    softTaint,
    annotatesNeed,
    usesApproval: approval.isManual,
    requestLabel: requests.requestLabel,
    hooks: [...beforeHooks.keys, ...afterHooks.keys],
  };
}
