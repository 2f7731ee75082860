import type { Api } from "../cluster/api.ts";
import type { Escalation } from "../drain/escalation.ts";
import { readBlockers, readRoomFor } from "../drain/facts.ts";
import type { Finding } from "../drain/finding.ts";
import { needRoom, type PreflightFacts, planDrain } from "../drain/preflight.ts";
import { isSaidToBeHeld, type Selection } from "../drain/select.ts";
import type { Gate } from "./gate.ts";
import type { SayOnceADay } from "./once-a-day.ts";
import type { Looked } from "./unmatched.ts";

/** How this node would be drained. */
export interface DrainSettings {
  selection: Selection;
  podSelector: string | undefined;
  escalation: Escalation;
  /** As the option has it. */
  heldSelector: string | undefined;
}

const podsMax = 5;

/** Closed while a drain of this node could not succeed, for what `rebootd plan` says too; its codes are those of findings. */
export function disruptionGate(
  api: Api,
  nodeName: string,
  drain: DrainSettings,
  looked: Looked,
  say: SayOnceADay,
): Gate {
  const { selection, podSelector, escalation, heldSelector } = drain;
  // Pods that are deleted in the end go past their budgets.
  const drainDeleteAfterMs = Number.isFinite(escalation.drainDeleteAfterMs) ? 0 : Number.POSITIVE_INFINITY;
  return {
    name: "disruption",
    stages: ["slot"],
    asks: "afar",
    async check({ now }, signal) {
      const blockers = await readBlockers(api, nodeName, podSelector, signal);
      const facts: PreflightFacts = {
        ...blockers,
        nodeName,
        selection,
        gracePeriodSeconds: -1,
        escalation: { ...escalation, drainDeleteAfterMs },
        now,
      };
      if (podSelector !== undefined) {
        looked(
          `--drain-pod-selector=${JSON.stringify(podSelector)}`,
          blockers.pods.some(blockers.isAskedFor),
        );
      }
      for (const one of selection.skipNamespaces) {
        const isThere = blockers.pods.some(({ metadata }) => metadata?.namespace === one);
        looked(`--drain-skip-namespace=${JSON.stringify(one)}`, isThere);
      }
      if (heldSelector !== undefined) {
        const isThere = blockers.budgets.some((one) => isSaidToBeHeld(selection, one));
        looked(`--budget-held-selector=${JSON.stringify(heldSelector)}`, isThere);
      }
      const inNeed = needRoom(facts);
      const cluster = inNeed.length > 0 ? await readRoomFor(api, nodeName, inNeed, signal) : undefined;
      const { pods } = planDrain({ ...facts, cluster });
      const blocked = pods.flatMap(({ key, findings }) => {
        const lasting = findings.filter((finding) => isLasting(finding, escalation, now));
        const [first] = lasting;
        if (first === undefined) return [];
        return { key, code: first.code, text: lasting.map(({ message }) => message).join(", and ") };
      });
      const [first] = blocked;
      if (first !== undefined) {
        return {
          open: false,
          code: first.code,
          message: `the drain could not succeed: ${named(blocked)}`,
        };
      }
      const held = pods.flatMap(({ key, findings }) =>
        findings.flatMap(({ code, message }) => (code === "budget-held" ? { key, text: message } : [])),
      );
      if (held.length > 0) say("budget-held", `the drain depends on others (budget-held): ${named(held)}`);
      return { open: true };
    },
  };
}

function named(pods: readonly { key: string; text: string }[]): string {
  const alike = Map.groupBy(pods.slice(0, podsMax), ({ text }) => text);
  const texts = [...alike].map(([text, pods]) => `${pods.map(({ key }) => key).join(", ")}: ${text}`);
  const rest = Math.max(0, pods.length - podsMax);
  const more = rest > 0 ? `; and ${rest} more` : "";
  return `${texts.join("; ")}${more}`;
}

/**
 * What makes a drain fail, and not only wait: a budget that ran out a moment ago, as when the pods of the node before are still
 * starting, has most of the drain's time left to fill up.
 */
function isLasting({ blocks, code, since }: Finding, { drainTimeoutMs }: Escalation, now: number): boolean {
  const isRecent = since !== undefined && now - since < drainTimeoutMs / 3;
  return blocks && code !== "budget-busy" && !isRecent;
}
