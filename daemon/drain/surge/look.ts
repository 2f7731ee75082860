/** Reads what decides whether a roll-out replaces a pod before it goes. */

import { type Api, isApiError, unlessNotFound } from "../../cluster/api.ts";
import type { PersistentVolumeClaim, Pod } from "../../cluster/objects.ts";
import { paths } from "../../cluster/paths.ts";
import { createLimit } from "../../time/limit.ts";
import { controllerOf } from "../select.ts";
import {
  type Deployment,
  isSelectedToSurge,
  objectionToPod,
  planSurge,
  type ReplicaSet,
  type SurgePlan,
  type SurgeSettings,
  sharedClaims,
} from "./plan.ts";

/** `deployment`: as it was read, where it is to be restarted. */
export interface SurgeLook {
  plan: SurgePlan;
  deployment?: Deployment;
}

/** Requests that are under way at a time. */
const parallel = 10;
/** A template with more claims is not looked at: each costs a request. */
const claimsMax = 5;

/**
 * One look: at most two requests, and one for each claim of the template. Rejects where the server does not
 * answer; a right that is missing is a reason.
 */
export async function lookAtSurge(
  api: Api,
  pod: Pod,
  mark: string | undefined,
  signal: AbortSignal,
): Promise<SurgeLook> {
  const objection = objectionToPod(pod);
  if (objection !== undefined) return evict(objection.why);
  try {
    const namespace = pod.metadata?.namespace ?? "";
    const replicaSet = await unlessNotFound(() =>
      api.get<ReplicaSet>(paths.replicaSet(namespace, controllerOf(pod)?.name ?? ""), { signal }),
    );
    const owner = replicaSet?.metadata?.ownerReferences?.find(({ controller }) => controller === true);
    if (owner?.kind !== "Deployment" || owner.apiVersion !== "apps/v1") {
      const name = owner === undefined ? "a ReplicaSet alone" : `${owner.kind} ${owner.name}`;
      return evict(`it belongs to ${name}, not to a Deployment`);
    }
    const deployment = await unlessNotFound(() =>
      api.get<Deployment>(paths.deployment(namespace, owner.name), { signal }),
    );
    if (replicaSet === undefined || deployment === undefined) return evict("its Deployment is gone");
    const first = planSurge({ replicaSet, deployment, claims: [] }, mark);
    if (first.do !== "restart") return { plan: first };
    const names = sharedClaims(deployment);
    if (names.length > claimsMax) return evict(`it has more than ${claimsMax} volume claims`);
    const claims = await readClaims(api, namespace, names, signal);
    return { plan: planSurge({ replicaSet, deployment, claims }, mark), deployment };
  } catch (error) {
    signal.throwIfAborted();
    if (isApiError(error, "forbidden", "not-granted")) return evict(missingRight(error.message));
    throw error;
  }
}

/**
 * The plans for those of the pods that the selector finds; the first ones, if there are more than `podsMax`.
 */
export async function readSurges(
  api: Api,
  pods: readonly Pod[],
  settings: Pick<SurgeSettings, "selector">,
  signal: AbortSignal,
  podsMax = Number.POSITIVE_INFINITY,
): Promise<ReadonlyMap<Pod, SurgePlan>> {
  const selected = pods.filter((pod) => isSelectedToSurge(pod, settings)).slice(0, podsMax);
  const limit = createLimit(parallel);
  const looks = selected.map((pod) =>
    limit(async () => [pod, (await lookAtSurge(api, pod, undefined, signal)).plan] as const),
  );
  return new Map(await Promise.all(looks));
}

/** For the reason of an eviction without a roll-out. */
export function missingRight(message: string): string {
  return `the daemon lacks a right that manifests/components/surge gives (${message})`;
}

function evict(why: string | undefined): SurgeLook {
  return { plan: { do: "evict", why } };
}

async function readClaims(
  api: Api,
  namespace: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<PersistentVolumeClaim[]> {
  const found: PersistentVolumeClaim[] = [];
  for (const name of names) {
    const claim = await unlessNotFound(() =>
      api.get<PersistentVolumeClaim>(paths.persistentVolumeClaim(namespace, name), { signal }),
    );
    if (claim !== undefined) found.push(claim);
  }
  return found;
}
