/** How a Deployment replaces its pods. Pure. */
import type { StoredDeployment, StoredReplicaSet } from "./objects.ts";

type DeploymentSpec = NonNullable<StoredDeployment["spec"]>;

/** A ReplicaSet, and how many pods it is to have next. */
export interface Scaling {
  set: StoredReplicaSet;
  replicas: number;
}

/**
 * The next step of a roll-out: the newest ReplicaSet grows as far as maxSurge lets it, and the older ones shrink as far as enough pods
 * stay available; those that are not go first. With Recreate the older ones are emptied before.
 * https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment
 */
export function nextScalings(
  spec: DeploymentSpec | undefined,
  newest: StoredReplicaSet,
  older: readonly StoredReplicaSet[],
): Scaling[] {
  const replicas = spec?.replicas ?? 1;
  if (spec?.strategy?.type === "Recreate") {
    const emptied = older.filter((set) => wanted(set) > 0).map((set) => ({ set, replicas: 0 }));
    const arePodsLeft = older.some(({ status }) => (status?.replicas ?? 0) > 0);
    if (emptied.length > 0 || arePodsLeft) return emptied;
    return wanted(newest) === replicas ? [] : [{ set: newest, replicas }];
  }
  const { surge, unavailable } = bounds(spec, replicas);
  const all = sum([newest, ...older], wanted);
  const room = Math.max(0, replicas + surge - all);
  const grown = Math.min(replicas, wanted(newest) + room);
  if (grown !== wanted(newest)) return [{ set: newest, replicas: grown }];
  const starting = wanted(newest) - available(newest);
  return shrunk(older, all - (replicas - unavailable) - starting);
}

/** The first pods of a new ReplicaSet. */
export function firstReplicas(spec: DeploymentSpec | undefined, older: readonly StoredReplicaSet[]): number {
  const replicas = spec?.replicas ?? 1;
  if (spec?.strategy?.type === "Recreate") return older.some((set) => wanted(set) > 0) ? 0 : replicas;
  return Math.min(replicas, Math.max(0, replicas + bounds(spec, replicas).surge - sum(older, wanted)));
}

/** Takes as many pods from the older ones as may go: those that are not available first. */
function shrunk(older: readonly StoredReplicaSet[], mayGo: number): Scaling[] {
  let left = Math.max(0, mayGo);
  const scalings = older.map((set) => ({ set, replicas: wanted(set) }));
  for (const part of [(one: Scaling) => one.replicas - available(one.set), (one: Scaling) => one.replicas]) {
    for (const one of scalings) {
      const taken = Math.min(left, Math.max(0, part(one)));
      one.replicas -= taken;
      left -= taken;
    }
  }
  return scalings.filter(({ set, replicas }) => replicas !== wanted(set));
}

/** Both are 25 % where they are not said; if neither lets anything happen, one pod may be unavailable. */
function bounds(spec: DeploymentSpec | undefined, replicas: number): { surge: number; unavailable: number } {
  const { maxSurge = "25%", maxUnavailable = "25%" } = spec?.strategy?.rollingUpdate ?? {};
  const surge = Math.ceil(numberOf(maxSurge, replicas));
  const unavailable = Math.floor(numberOf(maxUnavailable, replicas));
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable };
}

function numberOf(value: number | string, replicas: number): number {
  return typeof value === "number" ? value : (Number.parseInt(value, 10) * replicas) / 100;
}

function wanted({ spec }: StoredReplicaSet): number {
  return spec?.replicas ?? 1;
}

function available({ status }: StoredReplicaSet): number {
  return status?.availableReplicas ?? 0;
}

function sum(sets: readonly StoredReplicaSet[], of: (set: StoredReplicaSet) => number): number {
  return sets.reduce((total, set) => total + of(set), 0);
}
