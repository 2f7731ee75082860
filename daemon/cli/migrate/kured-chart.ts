/**
 * The DaemonSet that kured's chart 6.1.0 makes of its values, as far as a migration reads it. Pure.
 * https://github.com/kubereboot/charts/tree/main/charts/kured
 */
import type { DaemonSet } from "../../cluster/objects.ts";
import { type ChartArguments, chartArguments, configurationKeys } from "./chart-arguments.ts";
import type { Path, SourceDocument } from "./document.ts";
import type { Container, PodSpec, Variable, Volume, VolumeMount } from "./found.ts";
import { type ChartValues, chartValues, isDropped, isMap } from "./kured-values.ts";

export interface Rendered {
  daemonSet: DaemonSet;
  /** The place in the values that a part of the DaemonSet comes from. */
  at: (path: Path) => string;
  /** There is a ServiceMonitor. */
  hasMonitor: boolean;
  /** Sentences on values that the chart drops, or that rebootd does not have. */
  warnings: readonly string[];
}

/**
 * `place`: namespace and name of the DaemonSet, which values do not have; `prefix`: the place of the values in the document.
 * Throws a ConfigError with file, line, key and value for a value of a kind that the chart does not take.
 */
export function renderChart(
  document: SourceDocument,
  place: { namespace: string; name: string },
  prefix: Path = [],
): Rendered {
  const values = chartValues(document, prefix);
  const { namespace } = place;
  const name = values.text("fullnameOverride") || place.name;
  const made = chartArguments(values, { namespace, name });
  const service = values.isTrue("service", "create")
    ? [`${values.at("service", "create")}: rebootd's manifests have no Service; its chart has service.create`]
    : [];
  return {
    daemonSet: {
      metadata: { namespace, name, annotations: texts(values, "dsAnnotations") },
      spec: {
        selector: { matchLabels: {} },
        updateStrategy: {
          type: values.text("updateStrategy") || "RollingUpdate",
          // A number, or a percentage as text; the client library has a type of its own for both.
          rollingUpdate: { maxUnavailable: (values.get("maxUnavailable") ?? 1) as never },
        },
        template: {
          metadata: { labels: texts(values, "podLabels"), annotations: texts(values, "podAnnotations") },
          spec: podSpec(values, made),
        },
      },
    },
    at: (path) => placeOf(values, made, path),
    hasMonitor: values.isTrue("metrics", "create"),
    warnings: [...values.unknown(configurationKeys), ...made.warnings, ...service],
  };
}

function placeOf(values: ChartValues, { args }: ChartArguments, path: Path): string {
  const [kind, index] = path.slice(-2);
  const argument = kind === "args" ? args[Number(index)] : undefined;
  if (argument !== undefined && argument.path.length > 0)
    return `${values.at(...argument.path)}: ${argument.path.join(".")}`;
  // The first variable is the chart's own.
  return kind === "env" ? values.at("extraEnvVars", Number(index) - 1) : values.at();
}

/** The taints that kured's chart tolerates where the values have no tolerations. */
const chartTolerations = ["control-plane", "master"].map((role) => ({
  key: `node-role.kubernetes.io/${role}`,
  effect: "NoSchedule",
}));

function podSpec(values: ChartValues, { args, sentinelFolder }: ChartArguments): PodSpec {
  const tolerations = values.list<NonNullable<PodSpec["tolerations"]>[number]>("tolerations");
  // The chart's own default is a map, although it is a list.
  const initContainers = isMap(values.get("initContainers")) ? [] : values.list<Container>("initContainers");
  const priorityClassName = values.text("priorityClassName");
  const sentinel: Volume[] =
    sentinelFolder === undefined
      ? []
      : [{ name: "sentinel", hostPath: { path: sentinelFolder, type: "Directory" } }];
  return {
    containers: [containerOf(values, { args, sentinelFolder })],
    tolerations: tolerations.length > 0 ? [...tolerations] : chartTolerations,
    nodeSelector: texts(values, "nodeSelector"),
    imagePullSecrets: values
      .list<string | { name: string }>("image", "pullSecrets")
      .map((one) => (typeof one === "string" ? { name: one } : one)),
    hostNetwork: values.isTrue("hostNetwork"),
    volumes: [...sentinel, ...values.list<Volume>("volumes")],
    ...(!isDropped(Object.keys(values.map("affinity"))) && { affinity: values.map("affinity") as object }),
    ...(priorityClassName !== "" && { priorityClassName }),
    ...(initContainers.length > 0 && { initContainers: [...initContainers] }),
  };
}

function containerOf(
  values: ChartValues,
  { args, sentinelFolder }: Pick<ChartArguments, "args" | "sentinelFolder">,
): Container {
  const repository = values.text("image", "repository") || "ghcr.io/kubereboot/kured";
  const memory = values.text("resources", "limits", "memory");
  const sentinel: VolumeMount[] =
    sentinelFolder === undefined ? [] : [{ name: "sentinel", mountPath: "/sentinel", readOnly: true }];
  return {
    name: "kured",
    image: `${repository}:${values.text("image", "tag") || "1.23.0"}`,
    command: ["/usr/bin/kured"],
    args: args.map(({ text }) => text),
    env: [
      { name: "KURED_NODE_ID", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
      ...values.list<Variable>("extraEnvVars"),
    ],
    ...(memory !== "" && { resources: { limits: { memory } } }),
    volumeMounts: [...sentinel, ...values.list<VolumeMount>("volumeMounts")],
  };
}

/** A map of texts; numbers and truths are texts in Kubernetes. */
function texts(values: ChartValues, key: string): Record<string, string> {
  return Object.fromEntries(Object.keys(values.map(key)).map((name) => [name, values.text(key, name)]));
}
