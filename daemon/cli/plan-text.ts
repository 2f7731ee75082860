import { type DrainPlan, isBlocked, type PodPlan } from "../drain/preflight.ts";
import { reasonsText, tierName } from "../drain/select.ts";
import { table } from "./table.ts";

/** For people: a sentence, and a table for each kind of pod that there is. */
export function planText(plan: DrainPlan): string {
  const stay = plan.pods.filter((pod) => pod.do === "leave");
  const hold = plan.pods.filter(isBlocked);
  const go = plan.pods.filter((pod) => pod.do !== "leave" && !isBlocked(pod));
  const tables = [
    table(
      ["HOLDS IT UP", "WHY"],
      hold.map((pod) => [pod.key, messages(pod, true)]),
    ),
    table(
      ["GOES", "TIER", "GRACE", "NOTE"],
      go.map((pod) => [pod.key, tierName(pod.tier), `${pod.graceSeconds}s`, messages(pod, false)]),
    ),
    table(
      ["STAYS", "WHY"],
      stay.map((pod) => [pod.key, reasonsText(pod.reasons)]),
    ),
  ];
  return [`${sentence(plan, go.length, stay.length, hold)}\n`, ...tables.filter((one) => one !== "")].join(
    "\n",
  );
}

function sentence(
  { node, estimatedSeconds, escalation }: DrainPlan,
  go: number,
  stay: number,
  hold: readonly PodPlan[],
): string {
  const rest = `${stay} ${stay === 1 ? "stays" : "stay"}`;
  const counted = (verb: string) => `${node}: ${go} ${go === 1 ? "pod" : "pods"} ${verb} go, ${rest}`;
  const holding = `${hold.length} ${hold.length === 1 ? "holds" : "hold"} the drain up`;
  // The drain refuses before it evicts anything.
  if (hold.some((pod) => pod.do === "refuse"))
    return `${counted("could")}; ${holding}: it would fail and take no pod`;
  if (hold.length > 0) return `${counted("would")}; ${holding}; ${fate(escalation)}`;
  const isTooLong = (estimatedSeconds ?? 0) > escalation.endAfterSeconds;
  const tooLong = isTooLong ? `, more than --drain-timeout: ${fate(escalation)}` : "";
  return `${counted("would")}; nothing blocks the drain; it takes ${estimatedSeconds} s if each pod uses up its grace${tooLong}`;
}

/** What becomes of those that hold the drain up. */
function fate({ deleteAfterSeconds, endAfterSeconds, end }: DrainPlan["escalation"]): string {
  const deletes = deleteAfterSeconds === undefined ? "" : `after ${deleteAfterSeconds} s they are deleted, `;
  return `${deletes}after ${endAfterSeconds} s ${end === "reboot" ? "the node reboots anyway" : "it is undone"}`;
}

function messages({ findings }: PodPlan, blocks: boolean): string {
  return findings
    .filter((one) => one.blocks === blocks)
    .map(({ message }) => message)
    .join("; ");
}
