import { isDeepStrictEqual } from "node:util";
import { pathOf, type Resource, type Stored } from "./objects.ts";
import type { Ports } from "./ports.ts";

/**
 * Writes the status under the version that it was worked out from, and only if something in it is new; with these annotations, which a
 * write of the status may change too.
 */
export async function writeStatus<T extends Stored<{ status?: object }>>(
  { api, signal }: Ports,
  resource: Resource,
  object: T,
  status: object,
  annotations?: Record<string, string>,
): Promise<void> {
  const before = { ...object.status } as Record<string, unknown>;
  const isNews = ([name, value]: [string, unknown]) => {
    // The server leaves out what is zero.
    return !isDeepStrictEqual(before[name] ?? 0, value ?? 0);
  };
  const isAnnotated = Object.entries(annotations ?? {}).every(
    ([key, value]) => object.metadata.annotations?.[key] === value,
  );
  if (isAnnotated && !Object.entries(status).some(isNews)) return;
  const { resourceVersion } = object.metadata;
  await api.patch(
    `${pathOf(resource, object)}/status`,
    { metadata: { resourceVersion, ...(annotations && { annotations }) }, status },
    { signal },
  );
}
