import { type Api, isApiError } from "../cluster/api.ts";
import { paths } from "../cluster/paths.ts";
import type { Clock } from "../time/clock.ts";
import type { HealthCondition } from "./condition.ts";

/** A kind as the API server serves it. */
export interface Served {
  /** Its name in paths and rights. */
  plural: string;
  namespaced: boolean;
}

type Kind = Pick<HealthCondition, "group" | "version" | "kind">;

/** Finds a kind by discovery; undefined where it is not served. */
export type FindServed = (kind: Kind, signal: AbortSignal) => Promise<Served | undefined>;

interface ResourceList {
  resources?: readonly { name: string; kind: string; namespaced: boolean }[];
}

/** A CustomResourceDefinition cannot change either, only go and come back. */
const trustMs = 10 * 60_000;

/** Remembers what it has found for a while; `forget` is for a kind that seems to be gone. */
export function createFindServed(api: Api, clock: Clock): { find: FindServed; forget: (kind: Kind) => void } {
  const known = new Map<string, { served: Served; at: number }>();
  const keyOf = ({ group, version, kind }: Kind) => `${group}/${version}/${kind}`;
  return {
    async find(kind, signal) {
      const now = clock.elapsed();
      const last = known.get(keyOf(kind));
      if (last !== undefined && now - last.at < trustMs) return last.served;
      const served = await findServed(api, kind, signal);
      if (served !== undefined) known.set(keyOf(kind), { served, at: now });
      return served;
    },
    forget: (kind) => void known.delete(keyOf(kind)),
  };
}

/** https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api */
export async function findServed(
  api: Api,
  { group, version, kind }: Kind,
  signal: AbortSignal,
): Promise<Served | undefined> {
  try {
    const { resources = [] } = await api.get<ResourceList>(paths.groupVersion(group, version), { signal });
    // A subresource has the kind of its object, or one of its own.
    const found = resources.find((one) => one.kind === kind && !one.name.includes("/"));
    return found && { plural: found.name, namespaced: found.namespaced };
  } catch (error) {
    if (isApiError(error, "not-found")) return undefined;
    throw error;
  }
}
