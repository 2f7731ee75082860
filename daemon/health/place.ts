import { paths } from "../cluster/paths.ts";
import type { HealthCondition } from "./condition.ts";
import type { Served } from "./served.ts";

/** The objects that a condition is about. */
export interface Place {
  /** The path of one object, or of a collection. */
  path: string;
  isOne: boolean;
  namespace?: string;
  name?: string;
}

/** Undefined where a kind without namespaces has one. Pure. */
export function placeOf(condition: HealthCondition, { plural, namespaced }: Served): Place | undefined {
  const { group, version, place } = condition;
  const [first, second] = place;
  if (!namespaced && second !== undefined) return undefined;
  const namespace = namespaced ? first : undefined;
  const name = namespaced ? second : first;
  const collection = paths.objects(group, version, plural, namespace);
  return {
    path: name === undefined ? collection : paths.object(group, version, plural, name, namespace),
    isOne: name !== undefined,
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
  };
}
