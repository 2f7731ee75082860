import type { DaemonSet } from "../../cluster/objects.ts";

export type PodSpec = NonNullable<NonNullable<DaemonSet["spec"]>["template"]["spec"]>;
export type Container = PodSpec["containers"][number];
export type Variable = NonNullable<Container["env"]>[number];
export type Volume = NonNullable<PodSpec["volumes"]>[number];
export type VolumeMount = NonNullable<Container["volumeMounts"]>[number];

/** A text that kured is given, and its place for messages, such as "kured.yaml:41". */
export interface Given {
  readonly text: string;
  readonly at: string;
}

/** One variable of kured's environment whose value is known. */
export interface GivenVariable extends Given {
  readonly name: string;
}

/** One setting of kured whose value is in another object. */
export interface HiddenSetting {
  /** The name of the flag, without dashes. */
  readonly flag: string;
  readonly at: string;
  /** The entry of the environment that refers to the value; undefined for an argument with such a reference. */
  readonly variable: Variable | undefined;
  /** The place of the value, such as "the Secret kured, key url". */
  readonly where: string;
}

/** The parts of kured's pod that are not about kured itself, and that rebootd's pod must have too. */
export interface PodParts {
  tolerations: NonNullable<PodSpec["tolerations"]>;
  /** Without kubernetes.io/os=linux, which rebootd has anyway. */
  nodeSelector: Readonly<Record<string, string>>;
  affinity: PodSpec["affinity"] | undefined;
  priorityClassName: string | undefined;
  podLabels: Readonly<Record<string, string>>;
  podAnnotations: Readonly<Record<string, string>>;
  /** The variables that are not kured's, such as HTTPS_PROXY. */
  environment: readonly Variable[];
  imagePullSecrets: NonNullable<PodSpec["imagePullSecrets"]>;
  hostNetwork: boolean;
  /** Without those that show the host's /run, which rebootd's pod has anyway. */
  volumes: readonly Volume[];
  volumeMounts: readonly VolumeMount[];
  updateStrategy: "RollingUpdate" | "OnDelete";
  /** Undefined: 1, as in both manifests. */
  maxUnavailable: number | string | undefined;
}

/** A kured, read from the cluster, from its manifest or from the values of its chart. */
export interface FoundKured {
  readonly form: "cluster" | "manifest" | "values";
  /** The place of it, such as "kured.yaml:3". */
  readonly at: string;
  readonly namespace: string;
  readonly name: string;
  /** The container that runs kured; undefined for values. */
  readonly container: string | undefined;
  readonly image: string;
  readonly args: readonly Given[];
  readonly environment: readonly GivenVariable[];
  readonly hidden: readonly HiddenSetting[];
  readonly pod: PodParts;
  /** All volumes of kured's pod, and where its container has them. */
  readonly sees: { readonly volumes: readonly Volume[]; readonly volumeMounts: readonly VolumeMount[] };
  /** Limits the memory of kured's container, as Kubernetes writes it; undefined: no limit. */
  readonly memoryLimit: string | undefined;
  /** A ServiceMonitor of the chart reads its metrics. */
  readonly hasMonitor: boolean;
  /** Sentences on settings that do nothing in kured either. */
  readonly warnings: readonly string[];
  /** The parts of the pod that rebootd does not take, each a sentence. */
  readonly notes: readonly string[];
}
