/** The kinds that make pods from a template: DaemonSet, Deployment, ReplicaSet, StatefulSet, Job. */
import { type FieldError, invalidValue, notSupported, required } from "../field-error.ts";
import { at, clone, ensure, equal, fields, type KubeObject, list, text } from "../object.ts";
import type { Rules } from "../resource.ts";
import { zeroOf } from "../schema.ts";
import { matchesSelector } from "../selectors.ts";
import { defaultPodSpec, validatePodSpec } from "./pod.ts";

type Labels = Record<string, string> | undefined;

const templateGeneration = "deprecated.daemonset.template.generation";

const base: Rules = {
  prepareCreate(object) {
    object["status"] = zeroOf(`V1${object["kind"]}Status`);
    defaultWorkload(object);
  },
  prepareUpdate(object, old) {
    defaultWorkload(object);
    object["status"] = clone(old["status"]);
  },
  prepareStatusUpdate(object, old) {
    object["spec"] = clone(old["spec"]);
  },
  validate: (object) => [...validateSelector(object), ...validateTemplate(object)],
  validateUpdate(object, old) {
    const [now, before] = [at(object, "spec", "selector"), at(old, "spec", "selector")];
    return equal(now, before) ? [] : [invalidValue("spec.selector", now, "field is immutable")];
  },
};

export const daemonSetRules: Rules = {
  ...base,
  updateChecks: ["object", "metadata", "own"],
  prepareCreate(object, context) {
    base.prepareCreate?.(object, context);
    ensure(object, "metadata", "annotations")[templateGeneration] = "1";
  },
  prepareUpdate(object, old, context) {
    base.prepareUpdate?.(object, old, context);
    const before = Number(at(old, "metadata", "annotations", templateGeneration) ?? 0);
    const changed = !equal(at(object, "spec", "template"), at(old, "spec", "template"));
    ensure(object, "metadata", "annotations")[templateGeneration] = String(before + (changed ? 1 : 0));
  },
};

export const deploymentRules: Rules = {
  ...base,
  raisesGeneration: (object, old) =>
    !equal(object.metadata.annotations ?? {}, old.metadata.annotations ?? {}),
  prepareStatusUpdate(object, old) {
    base.prepareStatusUpdate?.(object, old);
    object.metadata.labels = clone(old.metadata.labels);
  },
};
export const replicaSetRules: Rules = { ...base, updateChecks: ["object", "metadata", "own"] };
export const statefulSetRules: Rules = { ...base, updateChecks: ["object", "metadata"] };

export const jobRules: Rules = {
  prepareCreate(object) {
    object["status"] = {};
    const spec = ensure(object, "spec");
    for (const key of ["completions", "parallelism"]) spec[key] ??= 1;
    spec["backoffLimit"] ??= 6;
    spec["suspend"] ??= false;
    spec["completionMode"] ??= "NonIndexed";
    spec["podReplacementPolicy"] ??= "TerminatingOrFailed";
    object.metadata.labels ??= clone(at(object, "spec", "template", "metadata", "labels")) as Labels;
    const labels = ensure(object, "spec", "template", "metadata", "labels");
    const { name, uid } = object.metadata;
    const own = { "batch.kubernetes.io/controller-uid": uid, "controller-uid": uid };
    Object.assign(labels, own, { "batch.kubernetes.io/job-name": name, "job-name": name });
    spec["selector"] ??= { matchLabels: { "batch.kubernetes.io/controller-uid": uid } };
    defaultPodSpec(ensure(object, "spec", "template", "spec"));
  },
  prepareUpdate(object, old) {
    defaultPodSpec(ensure(object, "spec", "template", "spec"));
    object["status"] = clone(old["status"]);
  },
  ...(base.prepareStatusUpdate && { prepareStatusUpdate: base.prepareStatusUpdate }),
  validate: (object) => {
    const policy = text(at(object, "spec", "template", "spec", "restartPolicy"));
    const errors = validatePodSpec(fields(at(object, "spec", "template", "spec")), "spec.template.spec");
    if (["OnFailure", "Never"].includes(policy)) return errors;
    const detail = 'valid values: "OnFailure", "Never"';
    return [
      ...errors,
      { ...required("spec.template.spec.restartPolicy", detail), message: `Required value: ${detail}` },
    ];
  },
  orphansByDefault: true,
};

/** It is only kept: nothing here makes Jobs of it. */
export const cronJobRules: Rules = {
  prepareCreate(object) {
    object["status"] = {};
    const spec = ensure(object, "spec");
    spec["concurrencyPolicy"] ??= "Allow";
    spec["suspend"] ??= false;
    spec["successfulJobsHistoryLimit"] ??= 3;
    spec["failedJobsHistoryLimit"] ??= 1;
    defaultPodSpec(ensure(object, "spec", "jobTemplate", "spec", "template", "spec"));
  },
  ...(base.prepareStatusUpdate && { prepareStatusUpdate: base.prepareStatusUpdate }),
};

const strategies: Record<string, (spec: Record<string, unknown>) => void> = {
  DaemonSet(spec) {
    const strategy = ensure(spec, "updateStrategy");
    strategy["type"] ??= "RollingUpdate";
    if (strategy["type"] === "RollingUpdate") {
      const rolling = ensure(strategy, "rollingUpdate");
      rolling["maxUnavailable"] ??= 1;
      rolling["maxSurge"] ??= 0;
    }
    spec["revisionHistoryLimit"] ??= 10;
  },
  Deployment(spec) {
    spec["replicas"] ??= 1;
    const strategy = ensure(spec, "strategy");
    strategy["type"] ??= "RollingUpdate";
    if (strategy["type"] === "RollingUpdate") {
      const rolling = ensure(strategy, "rollingUpdate");
      rolling["maxUnavailable"] ??= "25%";
      rolling["maxSurge"] ??= "25%";
    }
    spec["revisionHistoryLimit"] ??= 10;
    spec["progressDeadlineSeconds"] ??= 600;
  },
  ReplicaSet(spec) {
    spec["replicas"] ??= 1;
  },
  StatefulSet(spec) {
    spec["replicas"] ??= 1;
    spec["podManagementPolicy"] ??= "OrderedReady";
    const strategy = ensure(spec, "updateStrategy");
    strategy["type"] ??= "RollingUpdate";
    if (strategy["type"] === "RollingUpdate") ensure(strategy, "rollingUpdate")["partition"] ??= 0;
    spec["revisionHistoryLimit"] ??= 10;
    spec["persistentVolumeClaimRetentionPolicy"] ??= { whenDeleted: "Retain", whenScaled: "Retain" };
  },
};

function defaultWorkload(object: KubeObject): void {
  const spec = ensure(object, "spec");
  strategies[text(object["kind"])]?.(spec);
  defaultPodSpec(ensure(spec, "template", "spec"));
}

function validateSelector(object: KubeObject): FieldError[] {
  const kind = text(object["kind"]);
  const selector = at(object, "spec", "selector");
  const labels = fields(at(object, "spec", "template", "metadata", "labels")) as Record<string, string>;
  const errors: FieldError[] = [];
  if (selector === undefined && kind !== "DaemonSet") return [required("spec.selector")];
  const size =
    Object.keys(fields(at(selector, "matchLabels"))).length + list(at(selector, "matchExpressions")).length;
  if (selector !== undefined && size === 0) {
    const noun = kind === "ReplicaSet" ? "deployment" : kind.toLowerCase();
    errors.push(invalidValue("spec.selector", selector, `empty selector is invalid for ${noun}`));
  }
  if (!matchesSelector(selector, labels)) {
    const detail = "`selector` does not match template `labels`";
    errors.push(invalidValue("spec.template.metadata.labels", labels, detail));
  }
  return errors;
}

function validateTemplate(object: KubeObject): FieldError[] {
  const spec = fields(at(object, "spec", "template", "spec"));
  const errors = validatePodSpec(spec, "spec.template.spec");
  if (spec["restartPolicy"] === "Always") return errors;
  return [...errors, notSupported("spec.template.spec.restartPolicy", spec["restartPolicy"], ["Always"])];
}
