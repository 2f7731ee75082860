import { contract } from "../annotations/names.ts";
import type { Settings } from "../config/settings.ts";
import type { Policy } from "../cycle/decision.ts";
import type { MarkPolicy } from "../cycle/marks.ts";
import { placeText } from "../lock/lock-object.ts";

/** How soon closed gates are evaluated again; a period that is shorter counts instead. */
const gateRecheckMs = 60_000;

/** The policy of the cycle, from the settings of its subjects. */
export function policyOf(settings: Settings): Policy {
  const { node, reboot, drain, hooks, ready, lock } = settings;
  return {
    marks: marksOf(settings),
    drainDelayMs: drain.delayMs,
    ...drain.planned.escalation,
    ...reboot.policy,
    lock: placeText(lock.place),
    ...ready.policy,
    ...hooks,
    lockReleaseDelayMs: lock.releaseDelayMs,
    gateRecheckMs: Math.min(gateRecheckMs, node.periodMs),
  };
}

function marksOf({ labels, hooks: { beforeHooks, afterHooks } }: Settings): MarkPolicy {
  const { labelsBefore, labelsAfter, softTaint, excludesFromLoadBalancers } = labels;
  return {
    labelsBefore: {
      ...labelsBefore,
      ...(excludesFromLoadBalancers && { [contract.excludeFromLoadBalancers.key]: "rebootd" }),
    },
    labelsAfter,
    softTaint,
    hooks: [...beforeHooks.keys, ...afterHooks.keys],
  };
}
