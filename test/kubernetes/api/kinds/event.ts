/**
 * Events: one object, seen as core/v1 and as events.k8s.io/v1 under different names. It is stored in the core form.
 * https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
 */
import { type FieldError, invalidValue, required } from "../field-error.ts";
import { faultsOfQualifiedName } from "../names.ts";
import { at, equal, type KubeObject, text } from "../object.ts";
import type { Rules } from "../resource.ts";

/** events.k8s.io/v1 → core/v1. */
const names: Record<string, string> = {
  reportingController: "reportingComponent",
  regarding: "involvedObject",
  note: "message",
  deprecatedSource: "source",
  deprecatedFirstTimestamp: "firstTimestamp",
  deprecatedLastTimestamp: "lastTimestamp",
  deprecatedCount: "count",
};
const back = Object.fromEntries(Object.entries(names).map(([k, v]) => [v, k]));

const renamed = (object: KubeObject, by: Record<string, string>) =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [by[key] ?? key, value])) as KubeObject;

export const toCoreEvent = (event: KubeObject) => renamed(event, names);
/** The core form writes its reporter even when it is "", the other one does not. */
export const fromCoreEvent = (event: KubeObject) =>
  renamed(Object.fromEntries(Object.entries(event).filter(([, value]) => value !== "")) as KubeObject, back);

export const coreEventRules: Rules = {
  validate: (event) => validateEvent(event, "reportingComponent"),
};

const unset = ["firstTimestamp", "lastTimestamp", "count"] as const;
const frozen = [
  "involvedObject",
  "reason",
  "message",
  "type",
  "eventTime",
  "action",
  "related",
  "reportingInstance",
];

export const eventRules: Rules = {
  validate(event) {
    const errors = validateEvent(event, "reportingController");
    if (!event["eventTime"]) errors.push(required("eventTime"));
    const type = text(event["type"]);
    if (type !== "Normal" && type !== "Warning") {
      errors.push(invalidValue("type", "", `has invalid value: ${type}`));
    }
    for (const field of unset) if (event[field]) errors.push(invalidValue(field, "", "needs to be unset"));
    return errors;
  },
  validateUpdate: (event, old) =>
    frozen
      .filter((field) => !equal(event[field], old[field]))
      .map((field) => invalidValue(field, event[field], "field is immutable")),
};

function validateEvent(event: KubeObject, controller: string): FieldError[] {
  const about = text(at(event, "involvedObject", "namespace"));
  const own = event.metadata.namespace;
  const misplaced = invalidValue("involvedObject.namespace", about, "does not match event.namespace");
  // Without eventTime it is an event of the old kind, which must live with its object.
  if (!event["eventTime"]) return (about || "default") === own ? [] : [misplaced];
  const errors: FieldError[] = [];
  if (!about && own !== "default" && own !== "kube-system") errors.push(misplaced);
  const component = text(event["reportingComponent"]);
  if (!component) errors.push(required(controller));
  errors.push(...faultsOfQualifiedName(component).map((fault) => invalidValue(controller, component, fault)));
  for (const field of ["reportingInstance", "action"]) {
    const value = text(event[field]);
    if (!value) errors.push(required(field));
    if (bytesOf(value) > 128) errors.push(invalidValue(field, "", "can have at most 128 characters"));
  }
  if (!event["reason"]) errors.push(required("reason"));
  if (bytesOf(event["reason"]) > 128)
    errors.push(invalidValue("reason", "", "can have at most 128 characters"));
  if (bytesOf(event["message"]) > 1024) {
    errors.push(invalidValue("message", "", "can have at most 1024 characters"));
  }
  return errors;
}

/** Go's len(), whatever the message calls them. */
const bytesOf = (value: unknown) => Buffer.byteLength(text(value));
