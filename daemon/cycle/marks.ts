import { contract } from "../annotations/names.ts";
import { type RequestLabel, withoutLabelRequest } from "../annotations/request-label.ts";
import { leavesCordon } from "./departing.ts";
import { forgetHooks } from "./hooks.ts";
import type { NodeFacts, Taint } from "./observation.ts";
import type { CycleRecord } from "./record.ts";
import { servedLabel, servedRequest } from "./request.ts";

/** Marks that a cycle puts on the Node beside the record, for others to react to. */
export interface MarkPolicy {
  /** Set before the cordon, and as they were found after the uncordon. */
  labelsBefore: Readonly<Record<string, string>>;
  /** Set with the uncordon that follows a proved reboot, to stay. */
  labelsAfter: Readonly<Record<string, string>>;
  /** Key of a taint with the effect PreferNoSchedule: there while only the lock, the disruption or the opt-outs gate holds the node back, and during the cycle. */
  softTaint: string | undefined;
  /** The Node has kured's annotations about its need: see need-annotations.ts. */
  annotatesNeed: boolean;
  /** A person's approval of the reboot is taken away once it is used, or no reboot is needed any more. */
  usesApproval: boolean;
  /** The label by which others request the reboot: removed with the uncordon that follows it. */
  requestLabel: RequestLabel | undefined;
  /** Keys of all annotations that somebody else sets to `true`, before the reboot or after it. */
  hooks: readonly string[];
}

/** The part of a patch of the Node that is not the record. A null removes the label or annotation; taints are replaced whole. */
export interface NodeChange {
  cordon?: "set" | "clear";
  labels?: Record<string, string | null>;
  annotations?: Record<string, string | null>;
  taints?: readonly Taint[];
}

const softEffect = "PreferNoSchedule";

/**
 * Kubernetes' own: where a node is, what it is and what may run on it, which not even its kubelet may change.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
 */
const protectedKey = /^([^/]+\.)?(kubernetes|k8s)\.io\//;

/** The marks as the record names them, and the change that makes that true. */
interface Marking {
  record: Pick<CycleRecord, "labels" | "taint">;
  change: NodeChange;
}

/** Before the cordon: labels and taint, with what was there before. What hooks have said of an earlier reboot is forgotten. */
export function mark(policy: MarkPolicy, record: CycleRecord, node: NodeFacts): Marking {
  const labels = Object.entries(policy.labelsBefore).map(([key, set]) => ({
    key,
    set,
    found: node.labels[key],
  }));
  const softened = soften(policy.softTaint, record, node);
  return {
    record: { ...softened.record, labels },
    change: {
      ...softened.change,
      ...forgetHooks(policy.hooks),
      ...(labels.length > 0 && { labels: { ...policy.labelsBefore } }),
    },
  };
}

/**
 * All that a cycle and its end put on the Node, in one patch for a dry run: a cycle that could not go on must not
 * begin. If a label has one value before the reboot and another one after it, the patch has the second.
 */
export function rehearsal(policy: MarkPolicy, record: CycleRecord, node: NodeFacts): NodeChange {
  return {
    ...soften(policy.softTaint, record, node).change,
    cordon: "set",
    labels: {
      ...policy.labelsBefore,
      ...policy.labelsAfter,
      ...withoutLabelRequest(policy.requestLabel, node.labels),
    },
    annotations: {
      ...Object.fromEntries(policy.hooks.map((key) => [key, "waiting"])),
      ...usedApproval(policy),
    },
  };
}

/** The soft taint as it should be now; one that others have set with the same key and effect is taken for ours. */
export function soften(wanted: string | undefined, { labels, taint }: CycleRecord, node: NodeFacts): Marking {
  const record = { labels, taint: wanted };
  const others = node.taints.filter(({ key, effect }) => !(key === taint && effect === softEffect));
  const isThere = others.some(({ key, effect }) => key === wanted && effect === softEffect);
  const taints = wanted === undefined || isThere ? others : [...others, { key: wanted, effect: softEffect }];
  return { record, change: JSON.stringify(taints) === JSON.stringify(node.taints) ? {} : { taints } };
}

/**
 * Restores all that the cycle has put on the Node, in one patch. Values that somebody has changed since stay.
 * Anybody who may annotate the Node may have written the record, so a key that Kubernetes protects changes only if
 * it is one of the cycle's. The cordon stays for somebody who takes the node away, where nothing else keeps pods off.
 */
export function unmark(policy: MarkPolicy, record: CycleRecord, node: NodeFacts): NodeChange {
  const ownKeys = [
    ...Object.keys(policy.labelsBefore),
    policy.softTaint,
    contract.excludeFromLoadBalancers.key,
  ];
  const isOurs = (key: string) => ownKeys.includes(key) || !protectedKey.test(key);
  const labels = record.labels
    .filter(({ key, set }) => node.labels[key] === set && isOurs(key))
    .map(({ key, found }) => [key, found ?? null] as const);
  const isTainted = record.taint !== undefined && isOurs(record.taint);
  return {
    ...(isTainted && soften(undefined, record, node).change),
    ...forgetHooks(policy.hooks),
    ...(labels.length > 0 && { labels: Object.fromEntries(labels) }),
    ...(record.cordoned && !leavesCordon(node) && { cordon: "clear" }),
  };
}

/** The same, the labels that say that the node has rebooted, and nobody's request for it any more. */
export function unmarkRebooted(policy: MarkPolicy, record: CycleRecord, node: NodeFacts): NodeChange {
  const change = unmark(policy, record, node);
  const labels = {
    ...change.labels,
    ...policy.labelsAfter,
    ...servedLabel(record, node, policy.requestLabel),
  };
  const annotations = { ...change.annotations, ...servedRequest(record, node), ...usedApproval(policy) };
  return {
    ...change,
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
}

/** A null for an annotation that is not there changes nothing. */
export function usedApproval({ usesApproval }: MarkPolicy): Record<string, null> {
  return usesApproval ? { [contract.approved.key]: null } : {};
}

/** The record once {@link unmark} is done: nothing of this cycle is left on the Node. */
export const unmarked = {
  cordoned: false,
  announced: false,
  labels: [],
  taint: undefined,
  ownPods: undefined,
  readinessTaints: undefined,
} satisfies Partial<CycleRecord>;
