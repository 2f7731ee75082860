/** The conditions that a node can be waited for. Pure. */
import { contract } from "../annotations/names.ts";
import type { Metadata } from "../cluster/objects.ts";
import type { CycleRecord } from "../cycle/record.ts";
import { isReason } from "../gates/reasons.ts";
import { nodeHolders } from "../lock/lock.ts";
import { oneLine } from "../text/one-line.ts";
import type { Fleet } from "./fleet.ts";
import { heldForAll, liveReasons } from "./live.ts";
import { recordOf } from "./record-of.ts";
import type { WaitCondition } from "./wait-conditions.ts";

/** The outcome of the last cycle of each node when the wait began: its time, RFC 3339. */
export type Baseline = ReadonlyMap<string, string | undefined>;

export interface NodeProgress {
  node: string;
  /** `lost`: the condition does not come true any more by itself. */
  state: "met" | "open" | "lost";
  /** The phase of the node and its first reason, or why it is lost. */
  text: string;
}

export function baselineOf(nodes: readonly Metadata[]): Baseline {
  return new Map(nodes.map((node) => [node.name ?? "", recordOf(node).record?.outcome?.at]));
}

/** How far the nodes are. `names`: those to look at, also nodes that are gone. */
export function progressOf(
  names: readonly string[],
  condition: WaitCondition,
  baseline: Baseline,
  fleet: Fleet,
): NodeProgress[] {
  const byName = new Map(fleet.nodes.map((node) => [node.name ?? "", node]));
  const holders = new Set(nodeHolders(fleet.lockState.lock).map(({ nodeID }) => nodeID));
  return names.map((name) => {
    const node = byName.get(name);
    if (node === undefined)
      return { node: name, state: "lost", text: "the cluster has no such Node any more" };
    const { record, fault } = recordOf(node);
    const text = textOf(node, record, fault, fleet);
    if (fault !== undefined) return { node: name, state: "open", text };
    const isNew = record?.outcome !== undefined && record.outcome.at !== baseline.get(name);
    const facts = { record, isNew, holdsSlot: holders.has(name) };
    if (isMet[condition](facts)) return { node: name, state: "met", text };
    const lost = condition === "failed" ? undefined : whyLost(facts);
    return lost === undefined
      ? { node: name, state: "open", text }
      : { node: name, state: "lost", text: lost };
  });
}

interface Facts {
  record: CycleRecord | undefined;
  /** A cycle has ended since the wait began. */
  isNew: boolean;
  holdsSlot: boolean;
}

const isMet: Readonly<Record<WaitCondition, (facts: Facts) => boolean>> = {
  idle: ({ record, holdsSlot }) => (record?.phase ?? "Idle") === "Idle" && !holdsSlot,
  rebooted: ({ record, isNew }) => isNew && record?.outcome?.result === "rebooted",
  waiting: ({ record }) => record?.phase === "Waiting",
  failed: ({ record }) => record?.phase === "Failed",
};

/** A cycle that was cancelled is tried again, and so is one that failed before the wait began. */
function whyLost({ record, isNew }: Facts): string | undefined {
  if (record?.phase !== "Failed") return undefined;
  if (isNew) return `its cycle failed: ${oneLine(record.outcome?.message ?? "")}`;
  const isGivenUp = record.reasons.some((one) => isReason(one, "failures", "given-up"));
  if (isGivenUp || record.failures === 0)
    return "it has failed, and does not try again by itself; see rebootd explain";
  return undefined;
}

function textOf(
  { annotations = {} }: Metadata,
  record: CycleRecord | undefined,
  fault: string | undefined,
  { lockState, at }: Fleet,
): string {
  if (fault !== undefined) return `its record cannot be read: ${fault}`;
  if (record === undefined) return "Idle";
  const paused = annotations[contract.paused.key];
  const reasons =
    record.phase === "Waiting" ? liveReasons(record, paused, heldForAll(lockState, at), at) : record.reasons;
  const [reason] = reasons;
  return reason === undefined ? record.phase : `${record.phase}: ${oneLine(reason.message)}`;
}
