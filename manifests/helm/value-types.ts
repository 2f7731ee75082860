/** The types of the chart's values, but for those of `configuration` and `extraArgs`, which are options of the daemon. */
import type { JsonSchema } from "../../daemon/config/schema.ts";

const bool: JsonSchema = { type: "boolean" };
const text: JsonSchema = { type: ["string", "null"] };
const list: JsonSchema = { type: ["array", "null"] };
const object: JsonSchema = { type: ["object", "null"] };
const texts: JsonSchema = { type: ["object", "null"], additionalProperties: { type: "string" } };
/** The chart makes texts of them, as kured's does. */
const annotations: JsonSchema = {
  type: ["object", "null"],
  additionalProperties: { type: ["string", "number", "boolean"] },
};
/** A text, of which Helm names both the value and the pattern when it does not match. */
const like = (pattern: string): JsonSchema => ({ type: "string", pattern });
const integer = (minimum: number, maximum?: number): JsonSchema => ({
  type: ["integer", "null"],
  minimum,
  ...(maximum !== undefined && { maximum }),
});

const secretName = like("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$");
const key = like("^[-._a-zA-Z0-9]+$");
/** Empty, or with each of these fields. */
const reference = (fields: Record<string, JsonSchema>): JsonSchema => ({
  type: ["object", "null"],
  properties: fields,
  additionalProperties: false,
  dependentRequired: Object.fromEntries(Object.keys(fields).map((name) => [name, Object.keys(fields)])),
});
const keyOfSecret = reference({ name: secretName, key });

/** By the path of the value. */
export const valueTypes: Readonly<Record<string, JsonSchema>> = {
  "image.repository": like("^[^:@\\s]+(:[0-9]+/[^:@\\s]+)?$"),
  "image.tag": { type: ["string", "null"], pattern: "^[-._+a-zA-Z0-9]{0,128}$" },
  "image.digest": { type: ["string", "null"], pattern: "^$|^sha256:[0-9a-f]{64}$" },
  "image.pullPolicy": like("^(Always|IfNotPresent|Never)$"),
  "image.pullSecrets": {
    type: ["array", "null"],
    items: {
      type: "object",
      properties: { name: secretName },
      required: ["name"],
      additionalProperties: false,
    },
  },
  nameOverride: text,
  fullnameOverride: text,
  extraEnvVars: {
    type: ["array", "null"],
    items: { type: "object", properties: { name: like("^[-._a-zA-Z][-._a-zA-Z0-9]*$") }, required: ["name"] },
  },
  "secrets.notifyUrls": keyOfSecret,
  "secrets.slackHookUrl": keyOfSecret,
  "secrets.prometheusBearerToken": keyOfSecret,
  "secrets.prometheusBasicAuth": keyOfSecret,
  "secrets.prometheusCa": keyOfSecret,
  "secrets.metricsTls": reference({ name: secretName }),
  "secrets.metricsBearerToken": keyOfSecret,
  "kured.lock": bool,
  "kured.name": secretName,
  "kured.namespace": text,
  controlPlane: bool,
  "security.rootless": bool,
  "security.mirror": bool,
  "security.seccomp": bool,
  "security.apparmor": bool,
  "security.selinux": bool,
  "rbac.create": bool,
  "rbac.events": bool,
  "rbac.deletePods": bool,
  "rbac.extraRules": list,
  "rbac.surge": bool,
  "admission.create": bool,
  "networkPolicy.create": bool,
  "networkPolicy.extraEgress": list,
  "serviceAccount.create": bool,
  "serviceAccount.name": text,
  "serviceAccount.extraAnnotations": annotations,
  "metrics.create": bool,
  "metrics.kind": like("^(PodMonitor|ServiceMonitor)$"),
  "metrics.namespace": text,
  "metrics.labels": texts,
  "metrics.interval": like("^[0-9]+(ms|s|m|h)$"),
  "metrics.scrapeTimeout": { type: ["string", "null"], pattern: "^$|^[0-9]+(ms|s|m|h)$" },
  "metrics.endpoint": object,
  "prometheusRule.create": bool,
  "prometheusRule.labels": texts,
  "dashboard.create": bool,
  "dashboard.labels": texts,
  "scrapeAnnotations.create": bool,
  "service.create": bool,
  "service.port": { type: "integer", minimum: 1, maximum: 65_535 },
  "service.type": like("^(ClusterIP|NodePort|LoadBalancer)$"),
  "service.nodePort": integer(1, 65_535),
  "service.name": text,
  "service.annotations": annotations,
  commonLabels: texts,
  dsAnnotations: annotations,
  podAnnotations: annotations,
  podLabels: texts,
  updateStrategy: like("^(RollingUpdate|OnDelete)$"),
  maxUnavailable: { type: ["integer", "string"], minimum: 0, pattern: "^([1-9][0-9]?|100)%$" },
  revisionHistoryLimit: integer(0),
  priorityClassName: text,
  tolerations: list,
  affinity: object,
  nodeSelector: texts,
  hostNetwork: bool,
  podSecurityContext: object,
  containerSecurityContext: object,
  resources: object,
  livenessProbe: object,
  readinessProbe: object,
  volumes: list,
  volumeMounts: list,
  // A map where there are none, as kured's chart has it.
  initContainers: { type: ["array", "object", "null"], maxProperties: 0 },
  extraObjects: { type: ["array", "null"], items: { type: ["object", "string"] } },
};
