import type { Api } from "../cluster/api.ts";
import type { Escalation } from "../drain/escalation.ts";
import { readBlockers } from "../drain/facts.ts";
import type { Finding } from "../drain/finding.ts";
import { planDrain } from "../drain/preflight.ts";
import type { Selection } from "../drain/select.ts";
import type { Gate } from "./gate.ts";

/** How this node would be drained. */
export interface DrainSettings {
  selection: Selection;
  podSelector: string | undefined;
  escalation: Escalation;
}

const podsMax = 5;

/** Closed while a drain of this node could not succeed, for what `rebootd plan` says too; its codes are those of findings. */
export function disruptionGate(api: Api, nodeName: string, drain: DrainSettings): Gate {
  const { selection, podSelector, escalation } = drain;
  // Pods that are deleted in the end go past their budgets.
  const drainDeleteAfterMs = Number.isFinite(escalation.drainDeleteAfterMs) ? 0 : Number.POSITIVE_INFINITY;
  return {
    name: "disruption",
    stages: ["slot"],
    asks: "afar",
    async check({ now }, signal) {
      const { pods } = planDrain({
        ...(await readBlockers(api, nodeName, podSelector, signal)),
        nodeName,
        selection,
        gracePeriodSeconds: -1,
        escalation: { ...escalation, drainDeleteAfterMs },
        now,
      });
      const blocked = pods.flatMap(({ key, findings }) => {
        const [first, ...more] = findings.filter((finding) => isLasting(finding, escalation, now));
        return first === undefined ? [] : { key, code: first.code, findings: [first, ...more] };
      });
      const [first] = blocked;
      if (first === undefined) return { open: true };
      const texts = blocked
        .slice(0, podsMax)
        .map(({ key, findings }) => `${key}: ${findings.map(({ message }) => message).join(", and ")}`);
      const rest = blocked.length - texts.length;
      const more = rest > 0 ? `; and ${rest} more` : "";
      return {
        open: false,
        code: first.code,
        message: `the drain could not succeed: ${texts.join("; ")}${more}`,
      };
    },
  };
}

/**
 * What makes a drain fail, and not only wait: a budget that ran out a moment ago, as when the pods of the node before are still
 * starting, has most of the drain's time left to fill up.
 */
function isLasting({ blocks, code, since }: Finding, { drainTimeoutMs }: Escalation, now: number): boolean {
  const isRecent = since !== undefined && now - since < drainTimeoutMs / 3;
  return blocks && code !== "budget-busy" && !isRecent;
}
