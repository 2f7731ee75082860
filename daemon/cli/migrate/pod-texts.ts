/** Sentences on the rights, and on the pod, for the report. Pure. */
import { contract } from "../../annotations/names.ts";
import { memory } from "./image-way.ts";
import { ownTolerations, type Placed } from "./placed.ts";

/** The parts of kured's pod that the kustomization and the values carry over, and those that they do not. */
export function podTexts(plan: Placed): string[] {
  const { found, isOnControlPlane, sentinel } = plan;
  const { pod } = found;
  const names = (keys: object) => Object.keys(keys).join(", ");
  const lines: [isThere: boolean, text: string][] = [
    [isOnControlPlane, "tolerations of the control plane: components/control-plane has them"],
    [
      pod.tolerations.length === 0,
      "kured tolerates no taint, so it does not run on the control plane; nor does rebootd",
    ],
    [ownTolerations(plan).length > 0, "tolerations: carried over as they are"],
    [Object.keys(pod.nodeSelector).length > 0, `nodeSelector: carried over (${names(pod.nodeSelector)})`],
    [pod.affinity !== undefined, "affinity: carried over"],
    [
      pod.priorityClassName !== undefined,
      `priorityClassName ${pod.priorityClassName}: carried over, in place of system-node-critical`,
    ],
    [
      pod.priorityClassName === undefined,
      "kured has no priority class; rebootd is system-node-critical, so that no other pod takes its place",
    ],
    [Object.keys(pod.podLabels).length > 0, `labels of the pods: carried over (${names(pod.podLabels)})`],
    [
      Object.keys(pod.podAnnotations).length > 0,
      `annotations of the pods: carried over (${names(pod.podAnnotations)})`,
    ],
    [
      pod.environment.length > 0,
      `environment: carried over (${pod.environment.map(({ name }) => name).join(", ")})`,
    ],
    [
      pod.imagePullSecrets.length > 0,
      "imagePullSecrets: carried over; the Secrets must be in rebootd's namespace",
    ],
    [pod.hostNetwork, "hostNetwork: carried over"],
    [pod.volumes.length > 0, `volumes: carried over (${pod.volumes.map(({ name }) => name).join(", ")})`],
    [pod.updateStrategy === "OnDelete", "updateStrategy OnDelete: carried over"],
    [pod.maxUnavailable !== undefined, `maxUnavailable ${pod.maxUnavailable}: carried over`],
    [
      found.memoryLimit !== undefined,
      `memory limit ${found.memoryLimit}: not carried over; rebootd has ${memory.limit}`,
    ],
    [
      sentinel !== undefined && sentinel.onHost === undefined,
      `the sentinel ${sentinel?.inPod} is on no mount of the host in kured's pod, so kured never sees it; nor will rebootd`,
    ],
  ];
  return [...lines.filter(([isThere]) => isThere).map(([, text]) => text), ...found.notes];
}

export function rightsTexts({ found, labelKeys, lockKey }: Placed): string[] {
  const { namespace, name } = found;
  return [
    "with only the image changed, kured's own ServiceAccount and rights: what they lack is switched off, and named in the log",
    "manifests/base: more to read (Nodes, pods, budgets, volumes), and events and conditions to write; but no right to change DaemonSets or to delete pods",
    `components/kured: get, watch and patch of the DaemonSet ${namespace}/${name}, of which the admission policy lets a daemon change only annotations of the lock`,
    "the admission policies of manifests/base need Kubernetes 1.30; before that add components/without-admission",
    ...(labelKeys.length === 0
      ? []
      : [`the admission policy must know the labels ${labelKeys.join(", ")}; the kustomization has them`]),
    ...(lockKey === contract.kuredLock.key
      ? []
      : [`the admission policy must know the annotation ${lockKey}; the kustomization has it`]),
    "the steps need the rights of an administrator of the cluster",
  ];
}
