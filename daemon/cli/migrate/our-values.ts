/** The values of rebootd's chart that mean what kured's do. Pure. */
import { contract } from "../../annotations/names.ts";
import { managerLabel, ownTolerations, type Placed, variablesOf, written } from "./placed.ts";
import { isUsual } from "./sentinel.ts";

/** The values for `helm install -f`; only those that differ from the defaults of manifests/chart. */
export function ourValues(plan: Placed): Readonly<Record<string, unknown>> {
  const { found, plain, sentinel, method, isOnControlPlane } = plan;
  const { pod } = found;
  const configuration = {
    rebootMethod: method,
    // The chart takes the path on the host, and mounts its folder.
    ...(sentinel !== undefined &&
      !isUsual(sentinel) && { rebootSentinel: sentinel.onHost ?? sentinel.inPod }),
    ...Object.fromEntries(plain.map(({ option, values }) => written(option, values))),
  };
  const own = ({ name }: { name: string }) => name !== sentinel?.volume;
  const all: Readonly<Record<string, unknown>> = {
    kured: { lock: true, name: found.name, namespace: found.namespace },
    configuration,
    controlPlane: isOnControlPlane || undefined,
    tolerations: ownTolerations(plan),
    nodeSelector: { [contract.os.key]: "linux", ...pod.nodeSelector, [managerLabel]: "rebootd" },
    affinity: pod.affinity,
    priorityClassName: pod.priorityClassName,
    podLabels: pod.podLabels,
    podAnnotations: pod.podAnnotations,
    extraEnvVars: variablesOf(plan),
    image: pod.imagePullSecrets.length > 0 ? { pullSecrets: pod.imagePullSecrets } : undefined,
    hostNetwork: pod.hostNetwork || undefined,
    volumes: pod.volumes.filter(own),
    volumeMounts: pod.volumeMounts.filter(own),
    updateStrategy: pod.updateStrategy === "OnDelete" ? "OnDelete" : undefined,
    maxUnavailable: pod.maxUnavailable,
    metrics: found.hasMonitor ? { create: true } : undefined,
    prometheusRule: found.hasMonitor ? { create: true } : undefined,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  if (value === undefined) return true;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
