/** The kustomization by which rebootd's manifests mean what kured's do. Pure. */
import { dumpYaml } from "@kubernetes/client-node";
import { contract, keysOn } from "../../annotations/names.ts";
import { asArgument, managerLabel, ownTolerations, type Placed, variablesOf } from "./placed.ts";

/** The components of rebootd's manifests, in their order. */
export function componentsOf({ found, isOnControlPlane, method, runsCommands }: Placed): string[] {
  return [
    "kured",
    ...(isOnControlPlane ? ["control-plane"] : []),
    ...(runsCommands ? ["command"] : []),
    // After it: the last one sets the method.
    ...(method === "signal" ? ["signal"] : []),
    ...(found.hasMonitor ? ["monitoring"] : []),
  ];
}

/** The text of a kustomization.yaml beside the folder manifests of rebootd. */
export function kustomization(plan: Placed): string {
  const patches = [daemonSetPatch(plan), argumentsPatch(plan), rightsPatch(plan), policyPatch(plan)];
  return dumpYaml(
    {
      apiVersion: "kustomize.config.k8s.io/v1beta1",
      kind: "Kustomization",
      resources: ["manifests/base"],
      components: componentsOf(plan).map((name) => `manifests/components/${name}`),
      patches: patches.flatMap((patch) => patch ?? []),
    },
    { lineWidth: -1, noRefs: true },
  );
}

interface Patch {
  target: { kind: string; name: string };
  patch: string;
}

const target = { kind: "DaemonSet", name: "rebootd" };
const yaml = (value: unknown) => dumpYaml(value, { lineWidth: -1, noRefs: true });

/** Apart from the rest: the library leaves out what it does not know of an object with a kind, such as null. */
const head = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata:\n  name: rebootd\n";

function daemonSetPatch(plan: Placed): Patch {
  const { found } = plan;
  const { pod } = found;
  const { metadata, spec } = podOf(plan);
  const isMoved = found.namespace !== "kube-system" || found.name !== "kured";
  const env = [
    ...(isMoved
      ? [
          { name: "REBOOTD_LOCK_OBJECT", value: `daemonset/${found.name}` },
          { name: "REBOOTD_DS_NAMESPACE", value: found.namespace },
        ]
      : []),
    ...variablesOf(plan),
  ];
  const container = {
    ...(env.length > 0 && { env }),
    ...(pod.volumeMounts.length > 0 && { volumeMounts: pod.volumeMounts }),
  };
  const containers = Object.keys(container).length > 0 ? [{ name: "rebootd", ...container }] : undefined;
  return {
    target,
    patch: `${head}${yaml({
      spec: {
        ...strategyOf(plan),
        template: {
          ...(Object.keys(metadata).length > 0 && { metadata }),
          spec: {
            ...spec,
            ...(pod.volumes.length > 0 && { volumes: pod.volumes }),
            ...(containers !== undefined && { containers }),
          },
        },
      },
    })}`,
  };
}

function strategyOf({ found: { pod } }: Placed): object {
  if (pod.updateStrategy === "OnDelete") return { updateStrategy: { type: "OnDelete", rollingUpdate: null } };
  const { maxUnavailable } = pod;
  return maxUnavailable === undefined ? {} : { updateStrategy: { rollingUpdate: { maxUnavailable } } };
}

function podOf(plan: Placed): { metadata: object; spec: object } {
  const { pod } = plan.found;
  const tolerations = ownTolerations(plan);
  const { podLabels: labels, podAnnotations: annotations } = pod;
  return {
    metadata: {
      ...(Object.keys(labels).length > 0 && { labels }),
      ...(Object.keys(annotations).length > 0 && { annotations }),
    },
    spec: {
      nodeSelector: { ...pod.nodeSelector, [managerLabel]: "rebootd" },
      ...(tolerations.length > 0 && { tolerations }),
      ...(pod.affinity !== undefined && { affinity: pod.affinity }),
      ...(pod.priorityClassName !== undefined && { priorityClassName: pod.priorityClassName }),
      ...(pod.imagePullSecrets.length > 0 && { imagePullSecrets: pod.imagePullSecrets }),
      ...(pod.hostNetwork && { hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" }),
    },
  };
}

/** Arguments go to the end of those of the base: a patch that merges would replace the whole list. */
function argumentsPatch({ plain, sentinel, chosen }: Placed): Patch | undefined {
  const file = sentinel?.inPod === undefined ? [] : [`--reboot-sentinel=${sentinel.inPod}`];
  const args = [
    ...file,
    ...plain.flatMap(({ option, values }) => values.map((value) => `--${option}=${asArgument(value)}`)),
  ];
  const container = "/spec/template/spec/containers/0";
  const port = Number([chosen.raw["metrics-port"] ?? 8080].flat()[0]);
  const operations = [
    ...args.map((value) => ({ op: "add", path: `${container}/args/-`, value })),
    ...(port === 8080 ? [] : [{ op: "replace", path: `${container}/ports/0/containerPort`, value: port }]),
  ];
  return operations.length === 0 ? undefined : { target, patch: yaml(operations) };
}

/** The component names the DaemonSet kured; a chart may have given it another name. */
function rightsPatch({ found: { name } }: Placed): Patch | undefined {
  if (name === "kured") return undefined;
  const value = [name];
  return {
    target: { kind: "ClusterRole", name: "rebootd-kured-lock" },
    patch: yaml([{ op: "replace", path: "/rules/0/resourceNames", value }]),
  };
}

/** The policy lets daemons write only the keys that it knows. */
function policyPatch({ labelKeys, lockKey }: Placed): Patch | undefined {
  const list = (keys: readonly string[]) => `[${keys.map((key) => `'${key}'`).join(", ")}]`;
  const beside = keysOn("lock object", "daemon").filter((key) => key !== contract.lock.key);
  const operations = [
    ...(labelKeys.length === 0
      ? []
      : [{ variable: 0, keys: [contract.excludeFromLoadBalancers.key, ...labelKeys] }]),
    ...(lockKey === contract.kuredLock.key ? [] : [{ variable: 3, keys: [lockKey, ...beside] }]),
  ].map(({ variable, keys }) => ({
    op: "replace",
    path: `/spec/variables/${variable}/expression`,
    value: list(keys),
  }));
  if (operations.length === 0) return undefined;
  return { target: { kind: "ValidatingAdmissionPolicy", name: "rebootd" }, patch: yaml(operations) };
}
