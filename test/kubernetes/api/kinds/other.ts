/** Short rules of kinds that need no file of their own. */
import { type FieldError, invalidValue, notSupported, required } from "../field-error.ts";
import { at, clone, ensure, equal, type Fields, fields, type KubeObject, list, text } from "../object.ts";
import type { Rules } from "../resource.ts";
import { zeroOf } from "../schema.ts";
import { forbidden } from "../status.ts";

export const keepsStatus: Rules = {
  prepareUpdate(object, old) {
    object["status"] = clone(old["status"]);
  },
  prepareStatusUpdate(object, old) {
    object["spec"] = clone(old["spec"]);
  },
};

export const budgetRules: Rules = {
  ...keepsStatus,
  updateChecks: ["own"],
  prepareCreate(budget) {
    budget["status"] = zeroOf("V1PodDisruptionBudgetStatus");
  },
  validate(budget) {
    const spec = fields(budget["spec"]);
    const errors: FieldError[] = [];
    if (spec["minAvailable"] !== undefined && spec["maxUnavailable"] !== undefined) {
      errors.push(
        invalidValue("spec", internalForm(spec), "minAvailable and maxUnavailable cannot be both set"),
      );
    }
    for (const key of ["minAvailable", "maxUnavailable"]) {
      const value = spec[key];
      if (typeof value === "number" && value < 0) {
        errors.push(invalidValue(`spec.${key}`, value, "must be greater than or equal to 0"));
      }
      if (typeof value === "string" && !/^\d+%$/.test(value)) {
        const rule =
          "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
        errors.push(invalidValue(`spec.${key}`, value, rule));
      }
    }
    const policy = spec["unhealthyPodEvictionPolicy"];
    const policies = ["AlwaysAllow", "IfHealthyBudget"];
    if (policy && !policies.includes(text(policy))) {
      errors.push(notSupported("spec.unhealthyPodEvictionPolicy", policy, policies));
    }
    return errors;
  },
  validateStatus: ({ status }) =>
    ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"].flatMap((key) => {
      const value = at(status, key);
      const isNegative = typeof value === "number" && value < 0;
      return isNegative ? [invalidValue(`status.${key}`, value, "must be greater than or equal to 0")] : [];
    }),
};

/** The server shows the value in the form it has inside. */
const internalForm = ({ minAvailable, selector, maxUnavailable, unhealthyPodEvictionPolicy }: Fields) => ({
  MinAvailable: minAvailable,
  Selector: selector ?? null,
  MaxUnavailable: maxUnavailable,
  UnhealthyPodEvictionPolicy: unhealthyPodEvictionPolicy ?? null,
});

export const leaseRules: Rules = {
  validate(lease) {
    const { leaseDurationSeconds: duration, leaseTransitions: transitions } = fields(lease["spec"]);
    const errors: FieldError[] = [];
    if (typeof duration === "number" && duration <= 0) {
      errors.push(invalidValue("spec.leaseDurationSeconds", duration, "must be greater than 0"));
    }
    if (typeof transitions === "number" && transitions < 0) {
      errors.push(invalidValue("spec.leaseTransitions", transitions, "must be greater than or equal to 0"));
    }
    return errors;
  },
};

export const namespaceRules: Rules = {
  ...keepsStatus,
  updateChecks: ["object", "metadata"],
  prepareCreate(namespace) {
    namespace["spec"] = { finalizers: ["kubernetes"] };
    namespace["status"] = { phase: "Active" };
    ensure(namespace, "metadata", "labels")["kubernetes.io/metadata.name"] = namespace.metadata.name;
  },
  prepareUpdate(namespace, old) {
    namespace["spec"] = clone(old["spec"]);
    namespace["status"] = clone(old["status"]);
    ensure(namespace, "metadata", "labels")["kubernetes.io/metadata.name"] = namespace.metadata.name;
  },
  mayDelete({ metadata: { name } }) {
    if (!["default", "kube-system", "kube-public"].includes(name)) return;
    throw forbidden({ group: "", resource: "namespaces" }, name, "this namespace may not be deleted");
  },
  // A controller empties it and takes the finalizer off.
  holdsDeletion: (namespace) => list(at(namespace, "spec", "finalizers")).length > 0,
  markDeleted(namespace) {
    namespace["status"] = { ...fields(namespace["status"]), phase: "Terminating" };
  },
};

/** ConfigMaps and Secrets: once immutable, for ever. */
export const dataRules: Rules = {
  updateChecks: ["metadata", "object"],
  prepareCreate(object) {
    if (text(object["kind"]) === "Secret") mergeStringData(object);
  },
  prepareUpdate(object, old) {
    if (text(object["kind"]) === "Secret") {
      mergeStringData(object);
      if (object["type"] === "Opaque" && old["type"]) object["type"] = old["type"];
    }
  },
  validateUpdate(object, old) {
    if (old["immutable"] !== true) return [];
    const changed = ["data", "binaryData"].filter((key) => !equal(object[key], old[key]));
    return [...(object["immutable"] === true ? [] : ["immutable"]), ...changed].map((field) => ({
      reason: "FieldValueForbidden",
      field,
      message: "Forbidden: field is immutable when `immutable` is set",
    }));
  },
};

function mergeStringData(secret: KubeObject): void {
  const given = Object.entries(fields(secret["stringData"]));
  const data = ensure(secret, "data");
  for (const [key, value] of given) data[key] = Buffer.from(text(value)).toString("base64");
  if (Object.keys(data).length === 0) delete secret["data"];
  delete secret["stringData"];
  secret["type"] ??= "Opaque";
}

export const roleBindingRules: Rules = {
  updateChecks: ["object", "metadata"],
  prepareCreate: (binding) => defaultSubjects(binding),
  prepareUpdate: (binding) => defaultSubjects(binding),
  validate(binding) {
    const { kind, name } = fields(binding["roleRef"]);
    const errors: FieldError[] = [];
    const kinds = text(binding["kind"]) === "RoleBinding" ? ["Role", "ClusterRole"] : ["ClusterRole"];
    if (!kinds.includes(text(kind))) errors.push(notSupported("roleRef.kind", kind ?? "", kinds));
    if (!name) errors.push(required("roleRef.name"));
    list(binding["subjects"]).forEach((subject, i) => {
      const subjectKinds = ["ServiceAccount", "User", "Group"];
      const given = text(at(subject, "kind"));
      if (!subjectKinds.includes(given))
        errors.push(notSupported(`subjects[${i}].kind`, given, subjectKinds));
      if (!at(subject, "name")) errors.push(required(`subjects[${i}].name`));
      if (given === "ServiceAccount" && !at(subject, "namespace")) {
        errors.push(required(`subjects[${i}].namespace`));
      }
    });
    return errors;
  },
  validateUpdate: (binding, old) =>
    equal(binding["roleRef"], old["roleRef"])
      ? []
      : [invalidValue("roleRef", binding["roleRef"], "cannot change roleRef")],
};

function defaultSubjects(binding: KubeObject): void {
  const group = "rbac.authorization.k8s.io";
  const roleRef = fields(binding["roleRef"]);
  if (!roleRef["apiGroup"]) roleRef["apiGroup"] = group;
  for (const subject of list(binding["subjects"])) {
    const fieldsOfSubject = fields(subject);
    if (fieldsOfSubject["kind"] !== "ServiceAccount") fieldsOfSubject["apiGroup"] ??= group;
  }
}

export const roleRules: Rules = {
  updateChecks: ["object", "metadata"],
  validate: (role) =>
    list(role["rules"]).flatMap((rule, i) => {
      const { verbs, resources, nonResourceURLs, apiGroups } = fields(rule) as Record<
        string,
        unknown[] | undefined
      >;
      const errors: FieldError[] = [];
      if (!verbs?.length) errors.push(required(`rules[${i}].verbs`, "verbs must contain at least one value"));
      if (nonResourceURLs?.length) return errors;
      if (!apiGroups?.length) {
        errors.push(required(`rules[${i}].apiGroups`, "resource rules must supply at least one api group"));
      }
      if (!resources?.length) {
        errors.push(required(`rules[${i}].resources`, "resource rules must supply at least one resource"));
      }
      return errors;
    }),
};

export const serviceRules: Rules = {
  ...keepsStatus,
  updateChecks: ["metadata", "object"],
  prepareCreate(service, { random }) {
    service["status"] = { loadBalancer: {} };
    const spec = ensure(service, "spec");
    const address = `10.96.${Math.floor(random() * 255)}.${1 + Math.floor(random() * 254)}`;
    defaultService(spec, address);
  },
  prepareUpdate(service, old) {
    const before = fields(old["spec"]);
    const spec = ensure(service, "spec");
    for (const key of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"]) {
      if (before[key] !== undefined) spec[key] ??= before[key];
    }
    defaultService(spec, text(before["clusterIP"]));
    service["status"] = clone(old["status"]);
  },
};

function defaultService(spec: Fields, address: string): void {
  spec["type"] ??= "ClusterIP";
  spec["sessionAffinity"] ??= "None";
  spec["internalTrafficPolicy"] ??= "Cluster";
  for (const port of list(spec["ports"])) {
    const values = fields(port);
    values["protocol"] ??= "TCP";
    values["targetPort"] ??= values["port"];
  }
  if (spec["type"] === "ExternalName") return;
  spec["clusterIP"] ??= address;
  spec["clusterIPs"] ??= [spec["clusterIP"]];
  spec["ipFamilies"] ??= ["IPv4"];
  spec["ipFamilyPolicy"] ??= "SingleStack";
}

export const priorityClassRules: Rules = {
  prepareCreate(object) {
    object["preemptionPolicy"] ??= "PreemptLowerPriority";
  },
};
