/** The parts of kured's pod that are not about kured itself. Pure. */
import { contract } from "../../annotations/names.ts";
import type { DaemonSet } from "../../cluster/objects.ts";
import type { Container, PodParts, PodSpec, Variable } from "./found.ts";
import { ownVolumes } from "./sentinel.ts";

/** All that rebootd's pod must have too. `environment`: the variables that are not kured's. */
export function podPartsOf(
  { spec }: DaemonSet,
  pod: PodSpec,
  container: Container,
  environment: readonly Variable[],
): PodParts {
  const { labels = {}, annotations = {} } = spec?.template.metadata ?? {};
  const { [contract.os.key]: os, ...nodeSelector } = pod.nodeSelector ?? {};
  const { type, rollingUpdate } = spec?.updateStrategy ?? {};
  const maxUnavailable = rollingUpdate?.maxUnavailable;
  const selector = spec?.selector.matchLabels ?? {};
  return {
    tolerations: pod.tolerations ?? [],
    nodeSelector:
      os === undefined || os === "linux" ? nodeSelector : { ...nodeSelector, [contract.os.key]: os },
    affinity: pod.affinity,
    priorityClassName: pod.priorityClassName || undefined,
    podLabels: withoutKeys(labels, (key) => key in selector || isOfTool(key)),
    podAnnotations: withoutKeys(annotations, isOfTool),
    environment,
    imagePullSecrets: pod.imagePullSecrets ?? [],
    hostNetwork: pod.hostNetwork === true,
    ...ownVolumes({ volumes: pod.volumes ?? [], volumeMounts: container.volumeMounts ?? [] }),
    updateStrategy: type === "OnDelete" ? "OnDelete" : "RollingUpdate",
    maxUnavailable:
      maxUnavailable === undefined || String(maxUnavailable) === "1"
        ? undefined
        : (maxUnavailable as number | string),
  };
}

const toolPrefixes: ReadonlySet<string> = new Set([
  ...["helm.sh", "meta.helm.sh", "app.kubernetes.io", "kubectl.kubernetes.io", "checksum"],
  ...["deprecated.daemonset.template.generation", "rebootd.dev"],
]);

/** Labels and annotations that name kured, or that a tool writes by itself. */
function isOfTool(key: string): boolean {
  const [prefix] = key.split("/");
  return toolPrefixes.has(prefix ?? "") || ["name", "app", "release"].includes(key);
}

function withoutKeys(all: Readonly<Record<string, string>>, isGone: (key: string) => boolean) {
  return Object.fromEntries(Object.entries(all).filter(([key]) => !isGone(key)));
}

/** The fields of a pod and of a container that both manifests have in ways of their own, or that are carried over. */
const knownOfPod = new Set([
  ...[
    "containers",
    "volumes",
    "tolerations",
    "nodeSelector",
    "affinity",
    "priorityClassName",
    "imagePullSecrets",
  ],
  ...["hostNetwork", "hostPID", "restartPolicy", "serviceAccountName", "serviceAccount", "securityContext"],
  ...["terminationGracePeriodSeconds", "dnsPolicy", "schedulerName", "enableServiceLinks", "priority"],
]);
const knownOfContainer = new Set([
  ...[
    "name",
    "image",
    "imagePullPolicy",
    "command",
    "args",
    "env",
    "envFrom",
    "ports",
    "resources",
    "volumeMounts",
  ],
  ...[
    "securityContext",
    "livenessProbe",
    "readinessProbe",
    "terminationMessagePath",
    "terminationMessagePolicy",
  ],
]);

/** Sentences on what is not carried over. `annotations`: those of the DaemonSet. */
export function notesOf(pod: PodSpec, container: Container, annotations: readonly string[]): string[] {
  const others = pod.containers.filter((one) => one !== container).map(({ name }) => name);
  const fields = [
    ...unknownKeys(pod, knownOfPod).map((key) => `spec.${key} of the pod`),
    ...unknownKeys(container, knownOfContainer).map((key) => `${key} of the container`),
  ];
  const own = annotations.filter((key) => key !== contract.kuredLock.key && !isOfTool(key));
  const sources = (container.envFrom ?? []).map(({ secretRef, configMapRef }) =>
    secretRef === undefined ? `the ConfigMap ${configMapRef?.name}` : `the Secret ${secretRef.name}`,
  );
  return [
    ...sources.map(
      (one) => `kured takes its whole environment from ${one}: translate each KURED_ variable in it by hand`,
    ),
    ...others.map((name) => `the container ${name} beside kured is not carried over`),
    ...fields.map((field) => `${field} is not carried over`),
    ...own.map((key) => `the annotation ${key} of the DaemonSet is not carried over`),
  ];
}

function unknownKeys(object: object, known: ReadonlySet<string>): string[] {
  return Object.entries(object)
    .filter(([key, value]) => !known.has(key) && value !== undefined && value !== null && value !== false)
    .map(([key]) => key);
}
