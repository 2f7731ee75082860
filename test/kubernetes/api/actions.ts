/** Subresources that do something: eviction, binding, tokens, finalize, scale. */
import { admission } from "./admission.ts";
import { type Answer, answerStatus, answerText, answerValue } from "./answer.ts";
import { defaultAudience } from "./authn.ts";
import { parseJson } from "./body.ts";
import type { Core, ResourceRequest } from "./core.ts";
import { evict, withCondition } from "./eviction.ts";
import { invalidValue } from "./field-error.ts";
import { wholeJson } from "./forms.ts";
import { at, clone, type Fields, fields, type KubeObject, list, number, text } from "./object.ts";
import { mergePatch } from "./patch.ts";
import { conflict, invalid, notFound, success } from "./status.ts";
import { timestamp } from "./timing.ts";
import { isDryRun, readDeleteOptions, targetOf } from "./writes.ts";

export type Action = (core: Core, request: ResourceRequest) => Answer;

/** By method, resource and subresource. */
export const actions: Record<string, Action> = {
  "POST pods/eviction": evictPod,
  "GET pods/log": readLog,
  "POST pods/binding": bindPod,
  "POST serviceaccounts/token": createToken,
  "PUT namespaces/finalize": finalizeNamespace,
};
for (const plural of ["deployments", "replicasets", "statefulsets"]) {
  actions[`GET ${plural}/scale`] = readScale;
  actions[`PUT ${plural}/scale`] = writeScale;
  actions[`PATCH ${plural}/scale`] = writeScale;
}

const bodyOf = ({ call }: ResourceRequest) => fields(parseJson(call.body));

/** A test gives a pod the text that it has written. */
export const podLogAnnotation = "machines.test/log";

/** https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#get-read-log-of-the-specified-pod */
function readLog({ registry }: Core, { resource, attributes, call }: ResourceRequest): Answer {
  const pod = registry.find(resource, attributes.namespace, attributes.name);
  const written = pod.metadata.annotations?.[podLogAnnotation] ?? "";
  const lines = Number(call.query.get("tailLines") ?? Number.POSITIVE_INFINITY);
  const bytes = Number(call.query.get("limitBytes") ?? Number.POSITIVE_INFINITY);
  const tail = written.split("\n").slice(-Math.min(lines, written.length)).join("\n");
  return answerText(200, tail.slice(0, bytes));
}

function evictPod(core: Core, request: ResourceRequest): Answer {
  const { registry, timers } = core;
  const body = bodyOf(request);
  const { namespace, name } = request.attributes;
  const options = readDeleteOptions(fields(body["deleteOptions"]));
  const dryRun = options.dryRun || isDryRun(request.call.query, "CreateOptions");
  admission(core, request, "CREATE", dryRun)?.(body, undefined);
  const nameInBody = text(at(body, "metadata", "name"));
  evict(registry, timers, { namespace, name, nameInBody, options: { ...options, dryRun } });
  return answerStatus(success(undefined, 201));
}

function bindPod({ registry, timers }: Core, request: ResourceRequest): Answer {
  const node = text(at(bodyOf(request), "target", "name"));
  const { name } = request.attributes;
  const subject = { group: "", resource: "pods/binding" };
  registry.update(
    targetOf(request),
    (pod) => {
      const own = text(at(pod, "spec", "nodeName"));
      if (pod.metadata.deletionTimestamp) {
        throw conflict(subject, name, `pod ${name} is being deleted, cannot be assigned to a host`);
      }
      if (own) throw conflict(subject, name, `pod ${name} is already assigned to node "${own}"`);
      const now = timestamp(timers.now());
      const status = fields(pod["status"]);
      const scheduled = { type: "PodScheduled", status: "True", lastTransitionTime: now };
      const conditions = withCondition(list(status["conditions"]), scheduled);
      return {
        ...pod,
        spec: { ...fields(pod["spec"]), nodeName: node },
        status: { ...status, conditions },
      };
    },
    { dryRun: isDryRun(request.call.query, "CreateOptions"), subresource: "binding" },
  );
  return answerStatus(success(undefined, 201));
}

/** https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/ */
function createToken(core: Core, request: ResourceRequest): Answer {
  const { registry, store, authenticator } = core;
  const { namespace, name } = request.attributes;
  const account = registry.find(request.resource, namespace, name);
  const given = fields(bodyOf(request)["spec"]);
  const audiences = list(given["audiences"]).map(text);
  const spec: Fields = {
    audiences: audiences.length > 0 ? audiences : [defaultAudience],
    expirationSeconds: given["expirationSeconds"] ?? 3600,
  };
  const seconds = number(spec["expirationSeconds"]);
  if (seconds < 600) {
    const error = invalidValue(
      "spec.expirationSeconds",
      seconds,
      "may not specify a duration less than 10 minutes",
    );
    throw invalid({ group: "authentication.k8s.io", resource: "TokenRequest" }, "", [error]);
  }
  const bound = fields(given["boundObjectRef"]);
  if (bound["kind"]) spec["boundObjectRef"] = bound;
  const boundTo = (kind: string, resource: string) => {
    if (bound["kind"] !== kind) return undefined;
    const object = store.get(resource, `${namespace}/${bound["name"]}`);
    if (!object) throw notFound({ group: "", resource }, text(bound["name"]));
    checkBound(kind, object, text(bound["uid"]));
    return object;
  };
  const issued = authenticator.issue({
    namespace,
    account,
    audiences: list(spec["audiences"]).map(text),
    expirationSeconds: seconds,
    pod: boundTo("Pod", "pods"),
    secret: boundTo("Secret", "secrets"),
  });
  const { uid, creationTimestamp } = account.metadata;
  return answerValue(201, {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { name, namespace, uid, creationTimestamp },
    spec,
    status: { token: issued.token, expirationTimestamp: timestamp(issued.expires) },
  });
}

function checkBound(kind: string, { metadata }: KubeObject, uid: string): void {
  if (!uid || uid === metadata.uid) return;
  const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
  throw conflict({ group: "", resource: kind }, metadata.name, why);
}

function finalizeNamespace({ registry }: Core, request: ResourceRequest): Answer {
  const finalizers = list(at(bodyOf(request), "spec", "finalizers"));
  const updated = registry.update(
    targetOf(request),
    (namespace) => ({ ...namespace, spec: finalizers.length > 0 ? { finalizers } : {} }),
    { dryRun: isDryRun(request.call.query, "UpdateOptions"), subresource: "finalize" },
  );
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: wholeJson(request.resource, updated),
  };
}

function readScale({ registry }: Core, request: ResourceRequest): Answer {
  const { resource, namespace, name } = targetOf(request);
  return answerValue(200, scaleOf(registry.find(resource, namespace, name)));
}

function writeScale({ registry }: Core, request: ResourceRequest): Answer {
  const isPatch = request.call.method === "PATCH";
  const updated = registry.update(
    targetOf(request),
    (object) => {
      const scale = fields(isPatch ? mergePatch(scaleOf(object), bodyOf(request)) : bodyOf(request));
      const resourceVersion = text(at(scale, "metadata", "resourceVersion"));
      const replicas = number(at(scale, "spec", "replicas"));
      const changed = clone(object);
      changed.metadata.resourceVersion = resourceVersion;
      changed["spec"] = { ...fields(object["spec"]), replicas };
      return changed;
    },
    { dryRun: isDryRun(request.call.query, "UpdateOptions") },
  );
  return answerValue(200, scaleOf(updated));
}

function scaleOf(object: KubeObject): Fields {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const labels = Object.entries(fields(at(object, "spec", "selector", "matchLabels")));
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: at(object, "spec", "replicas") },
    status: {
      replicas: number(at(object, "status", "replicas")),
      selector: labels.map(([key, value]) => `${key}=${value}`).join(","),
    },
  };
}
