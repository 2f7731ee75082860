import { type DrainPlan, isBlocked, type PodPlan } from "../drain/preflight.ts";
import { reasonsText, tierName } from "../drain/select.ts";
import { count } from "../text/count.ts";
import { durationText } from "../time/duration.ts";
import { paintedTable } from "./table.ts";
import { joined, paint, type Terminal, type Text } from "./terminal.ts";

/** The plan for people: a sentence, and a table for each kind of pod in it. */
export function planText(plan: DrainPlan, terminal: Terminal): Text {
  const stay = plan.pods.filter((pod) => pod.do === "leave");
  const hold = plan.pods.filter(isBlocked);
  const [stop = [], go = []] = [true, false].map((isStop) =>
    plan.pods.filter((pod) => pod.do !== "leave" && (pod.do === "stop") === isStop && !isBlocked(pod)),
  );
  const tables = [
    paintedTable(
      ["BLOCKS THE DRAIN", "WHY"],
      hold.map((pod) => [{ text: pod.key, style: "trouble" }, messages(pod, true)]),
      terminal,
    ),
    paintedTable(
      ["EVICTED", "TIER", "GRACE", "NOTE"],
      go.map((pod) => [pod.key, tierName(pod.tier), `${pod.graceSeconds}s`, messages(pod, false)]),
      terminal,
    ),
    paintedTable(
      ["DELETED LAST", "GRACE", "NOTE"],
      stop.map((pod) => [pod.key, `${pod.graceSeconds}s`, messages(pod, false)]),
      terminal,
    ),
    paintedTable(
      ["STAYS", "WHY"],
      stay.map((pod) => [pod.key, reasonsText(pod.reasons)]),
      terminal,
    ),
  ];
  const first = `${sentence(plan, { go: go.length, stop: stop.length, stay: stay.length }, hold)}\n`;
  const head = hold.length === 0 ? first : paint("trouble", first);
  return joined([head, ...tables.filter((one) => one !== "")], "\n");
}

function sentence(
  { node, estimatedSeconds, escalation }: DrainPlan,
  { go, stop, stay }: { go: number; stop: number; stay: number },
  hold: readonly PodPlan[],
): string {
  const last = stop === 0 ? "" : `${stop} deleted last, `;
  const rest = `${last}${count(stay, "stays", "stay")}`;
  const counted = (verb: string) => `${node}: ${count(go, "pod")} ${verb} be evicted, ${rest}`;
  const blocking = count(hold.length, "pod blocks the drain", "pods block the drain");
  // The drain refuses before it evicts anything.
  if (hold.some((pod) => pod.do === "refuse"))
    return `${counted("could")}; ${blocking}: it would fail without evicting any pod`;
  if (hold.length > 0) return `${counted("would")}; ${blocking}; ${fate(escalation)}`;
  const seconds = estimatedSeconds ?? 0;
  const isTooLong = seconds > escalation.endAfterSeconds;
  const tooLong = isTooLong ? `, more than --drain-timeout: ${fate(escalation)}` : "";
  return `${counted("would")}; nothing blocks the drain; it takes up to ${durationText(seconds)}${tooLong}`;
}

/** The end of a drain that is blocked. */
function fate({ deleteAfterSeconds, endAfterSeconds, end }: DrainPlan["escalation"]): string {
  const deletes =
    deleteAfterSeconds === undefined ? "" : `deleted after ${durationText(deleteAfterSeconds)}, `;
  const after = durationText(endAfterSeconds);
  if (end === "reboot") return `${deletes}rebooted anyway after ${after}`;
  return `${deletes}cancelled after ${after} and uncordoned`;
}

function messages({ findings }: PodPlan, blocks: boolean): string {
  return findings
    .filter((one) => one.blocks === blocks)
    .map(({ message }) => message)
    .join("; ");
}
