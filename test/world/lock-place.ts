import { isApiError, unlessNotFound } from "../../daemon/cluster/api.ts";
import { collection, type StoredLease } from "../kubernetes/controllers/objects.ts";
import type { Ports } from "../kubernetes/controllers/ports.ts";

/** Where the lock is: an annotation on a Lease. */
export interface LockPlace {
  namespace: string;
  name: string;
  annotation: string;
}

export const defaultLock: LockPlace = {
  namespace: "kube-system",
  name: "rebootd",
  annotation: "rebootd.dev/lock",
};

type Caller = Pick<Ports, "api" | "signal">;

/** The annotation's value; undefined where there is none. */
export async function readLock({ api, signal }: Caller, place: LockPlace): Promise<string | undefined> {
  const path = `${collection("leases", place.namespace)}/${place.name}`;
  const lease = await unlessNotFound(() => api.get<StoredLease>(path, { signal }));
  return lease?.metadata.annotations?.[place.annotation];
}

/** As `kubectl annotate --overwrite` does it, no matter who holds it; null takes the annotation away. */
export async function setLock(
  { api, signal }: Caller,
  place: LockPlace,
  value: string | null,
): Promise<void> {
  const { namespace, name, annotation } = place;
  const path = collection("leases", namespace);
  const metadata = { annotations: { [annotation]: value } };
  try {
    await api.patch(`${path}/${name}`, { metadata }, { signal });
  } catch (error) {
    if (!isApiError(error, "not-found")) throw error;
    const apiVersion = "coordination.k8s.io/v1";
    const annotations = value === null ? {} : { [annotation]: value };
    const body = { apiVersion, kind: "Lease", metadata: { name, namespace, annotations }, spec: {} };
    await api.create(path, body, { signal });
  }
}
