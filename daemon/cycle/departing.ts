/** Whether somebody else takes this node away. Such a node does not start, and is restored until its machine is asked. Pure. */
import { departures, type NamedSign, type Sign } from "../annotations/departures.ts";
import type { Closed } from "../gates/reasons.ts";
import type { NodeFacts } from "./observation.ts";

/** The facts of a Node that have signs. */
type Signs = Pick<NodeFacts, "labels" | "annotations" | "taints" | "deletedAt">;

/** One reason for all that take the node away; undefined where nobody does. `named`: by --departing-when. */
export function departureOf(node: Signs, named: readonly NamedSign[]): Closed<"departing"> | undefined {
  const found = departures.filter(({ sign }) => isThere(sign, node));
  const sentences = found.map(({ who, does, sign }) => `${who} ${does} (${signText(sign)})`);
  const others = named.flatMap((sign) => namedText(sign, node) ?? []);
  const message = [...sentences, ...others.map((text) => `--departing-when names ${text} of this node`)];
  if (message.length === 0) return undefined;
  return { gate: "departing", code: found[0]?.code ?? "marked", message: message.join("; ") };
}

/** Tells whether a cordon of ours is to stay on the node for somebody who takes it away. */
export function leavesCordon(node: Signs): boolean {
  return departures.some(({ sign, keepsCordon }) => keepsCordon === true && isThere(sign, node));
}

function isThere(sign: Sign | "deletion", node: Signs): boolean {
  if (sign === "deletion") return node.deletedAt !== undefined;
  const { on, key, value } = sign;
  if (on === "taint") return node.taints.some((one) => one.key === key && isStrict(one.effect));
  const found = (on === "label" ? node.labels : node.annotations)[key];
  return found !== undefined && (value === undefined || value === found);
}

/** PreferNoSchedule promises nothing: an autoscaler has such a taint for candidates. */
function isStrict(effect: string): boolean {
  return effect !== "PreferNoSchedule";
}

function signText(sign: Sign | "deletion"): string {
  if (sign === "deletion") return "deletionTimestamp";
  return `${sign.on} ${sign.key}${sign.value === undefined ? "" : `=${sign.value}`}`;
}

function namedText({ key, value, effect }: NamedSign, { labels, taints }: Signs): string | undefined {
  const isValue = (found: string | undefined) => value === undefined || (found ?? "") === value;
  const label = labels[key];
  if (effect === undefined && label !== undefined && isValue(label)) return `the label ${key}=${label}`;
  const taint = taints.find(
    (one) => one.key === key && isValue(one.value) && (effect === undefined || one.effect === effect),
  );
  return taint && `the taint ${key}:${taint.effect}`;
}
