import { isApiError } from "../../../daemon/cluster/api.ts";
import { pathOf, type Resource, type StoredObject } from "./objects.ts";
import type { Ports } from "./ports.ts";

/** Removes this very object, if it is still there. */
export async function remove(
  { api, signal }: Ports,
  resource: Resource,
  object: StoredObject,
  options: object = {},
): Promise<void> {
  const preconditions = { uid: object.metadata.uid };
  try {
    await api.delete(pathOf(resource, object), { preconditions, ...options }, { signal });
  } catch (error) {
    // A conflict is tried again: where another of the same name is there by now, the next look sees it.
    if (!isApiError(error, "not-found")) throw error;
  }
}
