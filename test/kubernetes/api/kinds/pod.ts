/** Pods: defaults and admission, what may change, and their grace at the end. */
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "../field-error.ts";
import { faultsOfLabel } from "../names.ts";
import {
  at,
  clone,
  ensure,
  equal,
  type Fields,
  fields,
  isFields,
  type KubeObject,
  list,
  text,
} from "../object.ts";
import type { RuleContext, Rules } from "../resource.ts";
import { forbidden } from "../status.ts";
import { nameSuffix } from "../timing.ts";

export const podRules: Rules = {
  prepareCreate(pod, context) {
    const spec = ensure(pod, "spec");
    admitServiceAccount(pod, spec, context);
    admitPriority(pod, spec, context);
    defaultPodSpec(spec);
    spec["enableServiceLinks"] ??= true;
    admitTolerations(spec);
    pod["status"] = { phase: "Pending", qosClass: qosClass(spec) };
  },
  prepareUpdate(pod, old) {
    defaultPodSpec(ensure(pod, "spec"));
    pod["status"] = clone(old["status"]);
  },
  prepareStatusUpdate(pod, old) {
    pod["spec"] = clone(old["spec"]);
    // Old kubelets dropped them: https://issues.k8s.io/48479, so the status does not touch them.
    pod.metadata.ownerReferences = clone(old.metadata.ownerReferences);
    const status = ensure(pod, "status");
    status["qosClass"] ??= at(old, "status", "qosClass");
  },
  validate: (pod) => validatePodSpec(fields(pod["spec"]), "spec"),
  validateUpdate(pod, old) {
    if (equal(frozenPart(pod), frozenPart(old))) return [];
    const may =
      "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
    return [forbiddenField("spec", `pod updates may not change fields other than ${may}`)];
  },
  grace(pod, asked) {
    if (!at(pod, "spec", "nodeName")) return 0;
    if (["Succeeded", "Failed"].includes(text(at(pod, "status", "phase")))) return 0;
    const own = at(pod, "spec", "terminationGracePeriodSeconds");
    const period = asked ?? (typeof own === "number" ? own : 0);
    return period < 0 ? 1 : period;
  },
};

/** Defaults of a pod's spec, in a pod or a template; those that no field of the spec carries are left out. */
export function defaultPodSpec(spec: Fields): void {
  spec["restartPolicy"] ??= "Always";
  spec["dnsPolicy"] ??= "ClusterFirst";
  spec["schedulerName"] ??= "default-scheduler";
  spec["terminationGracePeriodSeconds"] ??= 30;
  spec["securityContext"] ??= {};
  if (spec["serviceAccountName"]) spec["serviceAccount"] = spec["serviceAccountName"];
  for (const container of [...list(spec["containers"]), ...list(spec["initContainers"])]) {
    if (!isFields(container)) continue;
    const image = text(container["image"]);
    const isLatest = image.endsWith(":latest") || !/:[^/]*$/.test(image);
    container["imagePullPolicy"] ??= isLatest ? "Always" : "IfNotPresent";
    container["terminationMessagePath"] ??= "/dev/termination-log";
    container["terminationMessagePolicy"] ??= "File";
    for (const port of list(container["ports"])) if (isFields(port)) port["protocol"] ??= "TCP";
    for (const kind of ["livenessProbe", "readinessProbe", "startupProbe"]) {
      const probe = container[kind];
      if (!isFields(probe)) continue;
      const defaults = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };
      for (const [key, value] of Object.entries(defaults)) probe[key] ??= value;
      const action = probe["httpGet"];
      if (isFields(action)) {
        action["path"] ??= "/";
        action["scheme"] ??= "HTTP";
      }
    }
  }
  for (const volume of list(spec["volumes"])) defaultVolume(fields(volume));
}

function defaultVolume(volume: Fields): void {
  for (const [source, mode] of [
    ["secret", "defaultMode"],
    ["configMap", "defaultMode"],
    ["projected", "defaultMode"],
    ["downwardAPI", "defaultMode"],
  ] as const) {
    const value = volume[source];
    if (isFields(value)) value[mode] ??= 0o644;
  }
  const path = volume["hostPath"];
  if (isFields(path)) path["type"] ??= "";
}

/** https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#serviceaccount */
function admitServiceAccount(pod: KubeObject, spec: Fields, { find, random }: RuleContext): void {
  const annotations = fields(pod.metadata.annotations);
  // A mirror pod has no account and may not ask for one.
  if (annotations["kubernetes.io/config.mirror"]) return;
  const name = text(spec["serviceAccountName"]) || text(spec["serviceAccount"]) || "default";
  const { namespace, name: podName } = pod.metadata;
  const account = find("serviceaccounts", `${namespace}/${name}`);
  if (!account) {
    const why = `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`;
    throw forbidden({ group: "", resource: "pods" }, podName, why);
  }
  spec["serviceAccountName"] = name;
  spec["serviceAccount"] = name;
  const mounts = spec["automountServiceAccountToken"] ?? account["automountServiceAccountToken"] ?? true;
  const path = "/var/run/secrets/kubernetes.io/serviceaccount";
  const containers = [...list(spec["initContainers"]), ...list(spec["containers"])].filter(isFields);
  if (!mounts) return;
  const volume = `kube-api-access-${nameSuffix(random)}`;
  spec["volumes"] = [...list(spec["volumes"]), tokenVolume(volume)];
  for (const container of containers) {
    const own = list(container["volumeMounts"]);
    if (own.some((mount) => at(mount, "mountPath") === path)) continue;
    container["volumeMounts"] = [...own, { name: volume, readOnly: true, mountPath: path }];
  }
}

function tokenVolume(name: string): Fields {
  const field = { apiVersion: "v1", fieldPath: "metadata.namespace" };
  const sources = [
    { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
    { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
    { downwardAPI: { items: [{ path: "namespace", fieldRef: field }] } },
  ];
  return { name, projected: { sources, defaultMode: 0o644 } };
}

function admitPriority(pod: KubeObject, spec: Fields, { find }: RuleContext): void {
  const name = text(spec["priorityClassName"]);
  const found = name ? find("priorityclasses.scheduling.k8s.io", name) : undefined;
  if (name && !found) {
    const why = `no PriorityClass with name ${name} was found`;
    throw forbidden({ group: "", resource: "pods" }, pod.metadata.name, why);
  }
  spec["priority"] = found?.["value"] ?? 0;
  spec["preemptionPolicy"] = found?.["preemptionPolicy"] ?? "PreemptLowerPriority";
}

/** https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#defaulttolerationseconds */
function admitTolerations(spec: Fields): void {
  const tolerations = [...list(spec["tolerations"])];
  for (const key of ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]) {
    const covered = tolerations.some((toleration) => {
      const { key: own = "", effect = "" } = fields(toleration);
      return (own === key || own === "") && (effect === "NoExecute" || effect === "");
    });
    if (!covered) tolerations.push({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 });
  }
  spec["tolerations"] = tolerations;
}

function qosClass(spec: Fields): string {
  const resources = list(spec["containers"]).map((container) => fields(at(container, "resources")));
  const asks = resources.map(({ requests, limits }) => [fields(requests), fields(limits)] as const);
  if (asks.every(([requests, limits]) => !Object.keys({ ...requests, ...limits }).length))
    return "BestEffort";
  const guaranteed = asks.every(([requests, limits]) =>
    ["cpu", "memory"].every(
      (name) => limits[name] !== undefined && (requests[name] ?? limits[name]) === limits[name],
    ),
  );
  return guaranteed ? "Guaranteed" : "Burstable";
}

export function validatePodSpec(spec: Fields, path: string): FieldError[] {
  const containers = list(spec["containers"]);
  if (containers.length === 0) return [required(`${path}.containers`)];
  const errors: FieldError[] = [];
  const names = new Set<string>();
  containers.forEach((container, i) => {
    const place = `${path}.containers[${i}]`;
    const name = text(at(container, "name"));
    if (!name) errors.push(required(`${place}.name`));
    else errors.push(...faultsOfLabel(name).map((fault) => invalidValue(`${place}.name`, name, fault)));
    if (name && names.has(name)) errors.push(duplicate(`${place}.name`, name));
    names.add(name);
    if (!at(container, "image")) errors.push(required(`${place}.image`));
  });
  const policies = ["Always", "OnFailure", "Never"];
  const policy = text(spec["restartPolicy"]);
  if (!policies.includes(policy)) errors.push(notSupported(`${path}.restartPolicy`, policy, policies));
  return errors;
}

/** The part of a pod's spec that never changes. */
function frozenPart(pod: KubeObject): Fields {
  const spec = { ...fields(pod["spec"]) };
  for (const key of ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"])
    delete spec[key];
  for (const key of ["containers", "initContainers"]) {
    if (spec[key]) spec[key] = list(spec[key]).map((container) => ({ ...fields(container), image: "" }));
  }
  return spec;
}
