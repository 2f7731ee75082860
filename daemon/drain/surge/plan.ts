/**
 * The only replica of a Deployment: whether a roll-out makes another pod of it before this one goes. Pure.
 * https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment
 */
import type { V1Deployment, V1ReplicaSet } from "@kubernetes/client-node";
import { contract } from "../../annotations/names.ts";
import { meets, type Requirement } from "../../cluster/label-selector.ts";
import { isReady } from "../../cluster/nodes.ts";
import type { PersistentVolumeClaim, Pod, Wire } from "../../cluster/objects.ts";
import { controllerOf, isFinished } from "../select.ts";
import { type Tie, tieOf } from "../successors.ts";

export type Deployment = Wire<V1Deployment>;
export type ReplicaSet = Wire<V1ReplicaSet>;
type DeploymentSpec = NonNullable<Deployment["spec"]>;
type TemplateSpec = NonNullable<DeploymentSpec["template"]["spec"]>;

/** The options. */
export interface SurgeSettings {
  /** Pods whose labels meet all of these. */
  selector: readonly Requirement[];
  /** The text of the option. */
  selectorText: string;
  /** How long after the cordon a pod waits for the one that comes in its place. */
  timeoutMs: number;
}

/**
 * The way of a selected pod. `restart`: a roll-out is to begin; `wait`: it is under way; `evict`: there is none,
 * with the reason unless none is needed.
 */
export type SurgePlan =
  | { do: "restart" | "wait"; deployment: string }
  | { do: "evict"; why: string | undefined };

export function isSelectedToSurge({ metadata }: Pod, { selector }: Pick<SurgeSettings, "selector">): boolean {
  return selector.every((requirement) => meets(metadata?.labels, requirement));
}

/**
 * The end of "… is evicted without a roll-out first: it"; undefined where the Deployment decides. A pod that
 * serves nobody needs no other before it goes, and so no reason.
 */
export function objectionToPod(pod: Pod): { why: string | undefined } | undefined {
  if (isFinished(pod) || pod.metadata?.deletionTimestamp !== undefined) return { why: undefined };
  const owner = controllerOf(pod);
  if (owner === undefined) return { why: "it has no controller" };
  if (owner.kind !== "ReplicaSet" || owner.apiVersion !== "apps/v1") {
    return { why: `it belongs to ${owner.kind} ${owner.name}, not to a Deployment` };
  }
  const tie = tieOf(pod);
  if (tie !== undefined) return { why: tieTexts[tie] };
  return isReady(pod) ? undefined : { why: undefined };
}

const tieTexts: Readonly<Record<Tie, string>> = {
  "tolerates-cordon": "it tolerates the cordon, so the new pod may come to this node too",
  "bound-to-node": "it is bound to this node",
};

export interface SurgeFacts {
  replicaSet: ReplicaSet;
  deployment: Deployment;
  /** The claims of the template that exist. */
  claims: readonly PersistentVolumeClaim[];
}

/** `mark`: see {@link markOf}; without it this cycle has restarted nothing. */
export function planSurge({ replicaSet, deployment, claims }: SurgeFacts, mark?: string): SurgePlan {
  const { namespace = "", name = "" } = deployment.metadata ?? {};
  const key = `${namespace}/${name}`;
  const isOnly = (deployment.spec?.replicas ?? 1) === 1;
  if (!isOnly) return { do: "evict", why: undefined };
  const why = objectionTo(deployment, claims);
  if (why !== undefined) return { do: "evict", why: `Deployment ${key} ${why}` };
  const isOlder = revisionOf(replicaSet) !== revisionOf(deployment);
  const restartedAt = deployment.spec?.template.metadata?.annotations?.[contract.restartedAt.key];
  const isRestarted = mark !== undefined && restartedAt === mark;
  return { do: isOlder || isRestarted ? "wait" : "restart", deployment: key };
}

/**
 * The time of the restart is that of the cordon: one restart for each cycle, as a daemon that was killed, or has
 * lost an answer, finds it again, and would change nothing by a second one. `cordonedAt`: of the record.
 */
export function markOf(cordonedAt: number): string {
  return new Date(cordonedAt).toISOString();
}

/** The merge patch that begins a roll-out, as `kubectl rollout restart` does, at the version that was read. */
export function restartPatch({ metadata }: Deployment, mark: string): object {
  return {
    metadata: { resourceVersion: metadata?.resourceVersion },
    spec: { template: { metadata: { annotations: { [contract.restartedAt.key]: mark } } } },
  };
}

/** Names of the claims in the template that all pods share. */
export function sharedClaims({ spec }: Deployment): string[] {
  return (spec?.template.spec?.volumes ?? []).flatMap(
    ({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? [],
  );
}

/** The end of a sentence that begins with the Deployment. */
function objectionTo(
  { metadata, spec, status }: Deployment,
  claims: readonly PersistentVolumeClaim[],
): string | undefined {
  if (metadata?.deletionTimestamp !== undefined) return "is being deleted";
  if (spec?.paused) return "is paused";
  const strategy = spec?.strategy?.type ?? "RollingUpdate";
  if (strategy !== "RollingUpdate") return `has the strategy ${strategy}`;
  const { maxSurge = "25%", maxUnavailable = "25%" } = spec?.strategy?.rollingUpdate ?? {};
  // The server rounds maxSurge up and maxUnavailable down.
  if (partOfOne(maxSurge) === 0) return `has maxSurge ${maxSurge}`;
  if (partOfOne(maxUnavailable) >= 1) return `has maxUnavailable ${maxUnavailable}`;
  const stuck = status?.conditions?.find(({ type }) => type === "Progressing");
  if (stuck?.status === "False") return `does not progress (${stuck.reason})`;
  return objectionToTemplate(spec?.template.spec) ?? objectionToClaims(claims);
}

/** A share of one replica; 0 only where there is nothing of it. */
function partOfOne(value: number | string): number {
  const number = Number.parseFloat(String(value));
  return typeof value === "string" && value.endsWith("%") ? number / 100 : number;
}

function objectionToTemplate(spec: TemplateSpec | undefined): string | undefined {
  const hostPath = spec?.volumes?.find((volume) => volume.hostPath);
  if (hostPath !== undefined) return `has the hostPath volume ${hostPath.name}`;
  const pin = spec?.nodeSelector?.[contract.hostname.key] ?? spec?.nodeName;
  return pin === undefined ? undefined : `is bound to node ${pin}`;
}

const sharedModes = ["ReadWriteMany", "ReadOnlyMany"];

function objectionToClaims(claims: readonly PersistentVolumeClaim[]): string | undefined {
  const own = claims.find(({ spec }) => !spec?.accessModes?.some((mode) => sharedModes.includes(mode)));
  if (own === undefined) return undefined;
  const modes = own.spec?.accessModes?.join(", ") ?? "no access mode";
  return `has the volume claim ${own.metadata?.name} (${modes}), which two nodes cannot use at a time`;
}

/** https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-back-a-deployment */
function revisionOf({ metadata }: { metadata?: { annotations?: Record<string, string> } }) {
  return metadata?.annotations?.[contract.revision.key];
}
