import { collection } from "./controllers/objects.ts";
import type { Ports } from "./controllers/ports.ts";

export interface VolumeFacts {
  /** Of the volume, of its claim and of what the driver calls it. */
  name: string;
  /** Of the claim. */
  namespace?: string;
  driver?: string;
}

/** A volume of a CSI driver, and the claim that is bound to it: a pod that names the claim has it attached to its node. */
export async function createVolume(
  { api, signal }: Pick<Ports, "api" | "signal">,
  { name, namespace = "default", driver = "disk.test" }: VolumeFacts,
): Promise<void> {
  const storage = "1Gi";
  const accessModes = ["ReadWriteOnce"];
  const volume = {
    metadata: { name },
    spec: {
      capacity: { storage },
      accessModes,
      csi: { driver, volumeHandle: name },
      claimRef: { kind: "PersistentVolumeClaim", apiVersion: "v1", namespace, name },
    },
  };
  const claim = {
    metadata: { name },
    spec: { accessModes, resources: { requests: { storage } }, volumeName: name },
  };
  await api.create(collection("persistentvolumes"), volume, { signal });
  await api.create(collection("persistentvolumeclaims", namespace), claim, { signal });
  const bound = { status: { phase: "Bound" } };
  await api.patch(`${collection("persistentvolumes")}/${name}/status`, bound, { signal });
  const path = `${collection("persistentvolumeclaims", namespace)}/${name}/status`;
  await api.patch(path, { status: { phase: "Bound", accessModes, capacity: { storage } } }, { signal });
}

/** For the spec of a pod. */
export function usesClaim(claimName: string): object {
  return { volumes: [{ name: "data", persistentVolumeClaim: { claimName } }] };
}
