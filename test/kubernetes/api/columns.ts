/** The columns of each resource's Table, after the printers of kube-apiserver (`pkg/printers/internalversion`). */
import { formatAge } from "./age.ts";
import type { Column } from "./column.ts";
import { podColumns } from "./kinds/pod-columns.ts";
import { claimColumns, volumeColumns } from "./kinds/volume-columns.ts";
import { at, type Fields, fields, type KubeObject, list, number, text } from "./object.ts";
import { type Resource, resourceId } from "./resource.ts";

export const column = (name: string, cell: Column["cell"]): Column => ({ name, cell });
export const count = (name: string, cell: Column["cell"]): Column => ({ name, type: "integer", cell });
export const wide = (name: string, cell: Column["cell"]): Column => ({ name, priority: 1, cell });

export const nameColumn: Column = { name: "Name", format: "name", cell: ({ metadata }) => metadata.name };
export const ageOf = (time: unknown, now: number) =>
  text(time) ? formatAge(now - Date.parse(text(time))) : "<unknown>";
export const ageColumn = column("Age", ({ metadata }, now) => ageOf(metadata.creationTimestamp, now));
export const none = (value: unknown) => (value === undefined || value === "" ? "<none>" : value);

const pairs = (map: unknown) =>
  none(
    Object.entries(fields(map))
      .map(([key, value]) => `${key}=${value}`)
      .join(","),
  );
const value = (name: string, ...path: string[]) => column(name, (object) => none(at(object, ...path)));
const amount = (name: string, ...path: string[]) => count(name, (object) => number(at(object, ...path)));

/** A LabelSelector in the words of a label selector. */
export function selectorText(selector: unknown): unknown {
  const equalities = Object.entries(fields(at(selector, "matchLabels"))).map(([key, v]) => `${key}=${v}`);
  const expressions = list(at(selector, "matchExpressions")).map((expression) => {
    const { key, operator, values } = fields(expression);
    if (operator === "Exists") return key;
    if (operator === "DoesNotExist") return `!${key}`;
    return `${key} ${text(operator).toLowerCase()} (${list(values).join(",")})`;
  });
  return none([...equalities, ...expressions].join(","));
}

const templateOf = (object: Fields) => list(at(object, "spec", "template", "spec", "containers")).map(fields);
const templateColumns = [
  wide("Containers", (object) =>
    templateOf(object)
      .map(({ name }) => name)
      .join(","),
  ),
  wide("Images", (object) =>
    templateOf(object)
      .map(({ image }) => image)
      .join(","),
  ),
];
const selectorColumn = wide("Selector", (object) => selectorText(at(object, "spec", "selector")));

const roles = (node: KubeObject) => {
  const found = Object.entries(node.metadata.labels ?? {}).flatMap(([key, label]) => {
    const role = /^node-role\.kubernetes\.io\/(.*)$/.exec(key)?.[1];
    return role ? [role] : key === "kubernetes.io/role" && label ? [label] : [];
  });
  return none([...new Set(found)].sort().join(","));
};

function nodeStatus(node: KubeObject): string {
  const ready = list(at(node, "status", "conditions")).find((condition) => at(condition, "type") === "Ready");
  const shown = ready ? (at(ready, "status") === "True" ? "Ready" : "NotReady") : "Unknown";
  return at(node, "spec", "unschedulable") ? `${shown},SchedulingDisabled` : shown;
}

const address = (node: KubeObject, type: string) =>
  none(
    at(
      list(at(node, "status", "addresses")).find((entry) => at(entry, "type") === type),
      "address",
    ),
  );
const info = (node: KubeObject, name: string) => text(at(node, "status", "nodeInfo", name)) || "<unknown>";

const nodeColumns = [
  column("Status", nodeStatus),
  column("Roles", roles),
  ageColumn,
  column("Version", (node) => text(at(node, "status", "nodeInfo", "kubeletVersion"))),
  wide("Internal-IP", (node) => address(node, "InternalIP")),
  wide("External-IP", (node) => address(node, "ExternalIP")),
  wide("OS-Image", (node) => info(node, "osImage")),
  wide("Kernel-Version", (node) => {
    const architecture = text(at(node, "status", "nodeInfo", "architecture"));
    return info(node, "kernelVersion") + (architecture && ` (${architecture})`);
  }),
  wide("Container-Runtime", (node) => info(node, "containerRuntimeVersion")),
];

const eventTime = (event: KubeObject) =>
  at(event, "series", "lastObservedTime") ??
  event["lastTimestamp"] ??
  event["eventTime"] ??
  event["firstTimestamp"];
const eventCount = (event: KubeObject) => number(at(event, "series", "count") ?? event["count"]) || 1;
const eventSource = (event: KubeObject) =>
  [at(event, "source", "component") ?? event["reportingComponent"], at(event, "source", "host")]
    .filter(Boolean)
    .join(", ");

const eventColumns: Column[] = [
  column("Last Seen", (event, now) => ageOf(eventTime(event), now)),
  column("Type", (event) => text(event["type"])),
  column("Reason", (event) => text(event["reason"])),
  column("Object", (event) => {
    const { kind, name } = fields(event["involvedObject"]);
    return `${text(kind).toLowerCase()}/${text(name)}`;
  }),
  wide("Subobject", (event) => text(at(event, "involvedObject", "fieldPath"))),
  wide("Source", eventSource),
  column("Message", (event) => text(event["message"]).trim()),
  wide("First Seen", (event, now) => ageOf(event["firstTimestamp"] ?? event["eventTime"], now)),
  wide("Count", eventCount),
  wide("Name", ({ metadata }) => metadata.name),
];

const budgetColumns = [
  column("Min Available", (budget) => String(at(budget, "spec", "minAvailable") ?? "N/A")),
  column("Max Unavailable", (budget) => String(at(budget, "spec", "maxUnavailable") ?? "N/A")),
  amount("Allowed Disruptions", "status", "disruptionsAllowed"),
  ageColumn,
];

const subjects = (binding: KubeObject, kind: string) =>
  list(binding["subjects"])
    .map(fields)
    .filter((subject) => subject["kind"] === kind)
    .map(({ namespace, name }) => (kind === "ServiceAccount" ? `${namespace}/${name}` : name))
    .join(", ");
const bindingColumns = [
  column("Role", ({ roleRef }) => `${at(roleRef, "kind")}/${at(roleRef, "name")}`),
  ageColumn,
  wide("Users", (binding) => subjects(binding, "User")),
  wide("Groups", (binding) => subjects(binding, "Group")),
  wide("ServiceAccounts", (binding) => subjects(binding, "ServiceAccount")),
];
const created = column("Created At", ({ metadata }) => metadata.creationTimestamp);
const dataCount = (object: KubeObject) =>
  Object.keys(fields(object["data"])).length + Object.keys(fields(object["binaryData"])).length;

function jobStatus(job: KubeObject): string {
  const conditions = list(at(job, "status", "conditions"));
  const isTrue = (type: string) =>
    conditions.some((condition) => at(condition, "type") === type && at(condition, "status") === "True");
  const ended = ["Complete", "Failed"].find(isTrue);
  if (ended) return ended;
  if (job.metadata.deletionTimestamp) return "Terminating";
  return ["Suspended", "FailureTarget", "SuccessCriteriaMet"].find(isTrue) ?? "Running";
}

function jobDuration(job: KubeObject, now: number): string {
  const { startTime, completionTime } = fields(job["status"]);
  if (!startTime) return "";
  return formatAge((completionTime ? Date.parse(text(completionTime)) : now) - Date.parse(text(startTime)));
}

const ports = (service: KubeObject) =>
  none(
    list(at(service, "spec", "ports"))
      .map(fields)
      .map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ""}/${protocol ?? "TCP"}`)
      .join(","),
  );

/** The columns after the name; where the name is not first, the row starts with it left out. */
const byResource: Record<string, Column[]> = {
  nodes: nodeColumns,
  pods: podColumns,
  configmaps: [column("Data", dataCount), ageColumn],
  secrets: [value("Type", "type"), column("Data", dataCount), ageColumn],
  serviceaccounts: [column("Secrets", (account) => list(account["secrets"]).length), ageColumn],
  namespaces: [value("Status", "status", "phase"), ageColumn],
  services: [
    value("Type", "spec", "type"),
    value("Cluster-IP", "spec", "clusterIP"),
    column("External-IP", () => "<none>"),
    column("Port(s)", ports),
    ageColumn,
    wide("Selector", (service) => pairs(at(service, "spec", "selector"))),
  ],
  persistentvolumes: volumeColumns,
  persistentvolumeclaims: claimColumns,
  "validatingadmissionpolicies.admissionregistration.k8s.io": [
    count("Validations", (policy) => list(at(policy, "spec", "validations")).length),
    column("ParamKind", () => "<unset>"),
    ageColumn,
  ],
  "validatingadmissionpolicybindings.admissionregistration.k8s.io": [
    value("PolicyName", "spec", "policyName"),
    column("ParamRef", () => "<unset>"),
    ageColumn,
  ],
  "daemonsets.apps": [
    amount("Desired", "status", "desiredNumberScheduled"),
    amount("Current", "status", "currentNumberScheduled"),
    amount("Ready", "status", "numberReady"),
    amount("Up-to-date", "status", "updatedNumberScheduled"),
    amount("Available", "status", "numberAvailable"),
    column("Node Selector", (set) => pairs(at(set, "spec", "template", "spec", "nodeSelector"))),
    ageColumn,
    ...templateColumns,
    selectorColumn,
  ],
  "deployments.apps": [
    column(
      "Ready",
      (set) => `${number(at(set, "status", "readyReplicas"))}/${number(at(set, "spec", "replicas"))}`,
    ),
    column("Up-to-date", (set) => number(at(set, "status", "updatedReplicas"))),
    column("Available", (set) => number(at(set, "status", "availableReplicas"))),
    ageColumn,
    ...templateColumns,
    selectorColumn,
  ],
  "replicasets.apps": [
    amount("Desired", "spec", "replicas"),
    amount("Current", "status", "replicas"),
    amount("Ready", "status", "readyReplicas"),
    ageColumn,
    ...templateColumns,
    selectorColumn,
  ],
  "statefulsets.apps": [
    column(
      "Ready",
      (set) => `${number(at(set, "status", "readyReplicas"))}/${number(at(set, "spec", "replicas"))}`,
    ),
    ageColumn,
    ...templateColumns,
  ],
  "jobs.batch": [
    column("Status", jobStatus),
    column(
      "Completions",
      (job) => `${number(at(job, "status", "succeeded"))}/${number(at(job, "spec", "completions"))}`,
    ),
    column("Duration", jobDuration),
    ageColumn,
    ...templateColumns,
    selectorColumn,
  ],
  "leases.coordination.k8s.io": [
    column("Holder", (lease) => text(at(lease, "spec", "holderIdentity"))),
    ageColumn,
  ],
  "networkpolicies.networking.k8s.io": [
    column("Pod-Selector", (policy) => selectorText(at(policy, "spec", "podSelector"))),
    ageColumn,
  ],
  "poddisruptionbudgets.policy": budgetColumns,
  "clusterroles.rbac.authorization.k8s.io": [created],
  "roles.rbac.authorization.k8s.io": [created],
  "clusterrolebindings.rbac.authorization.k8s.io": bindingColumns,
  "rolebindings.rbac.authorization.k8s.io": bindingColumns,
  "priorityclasses.scheduling.k8s.io": [
    amount("Value", "value"),
    { ...column("Global-Default", (entry) => entry["globalDefault"] === true), type: "boolean" },
    ageColumn,
    value("PreemptionPolicy", "preemptionPolicy"),
  ],
  "csinodes.storage.k8s.io": [
    count("Drivers", (node) => list(at(node, "spec", "drivers")).length),
    ageColumn,
  ],
  "volumeattachments.storage.k8s.io": [
    value("Attacher", "spec", "attacher"),
    value("PV", "spec", "source", "persistentVolumeName"),
    value("Node", "spec", "nodeName"),
    { ...column("Attached", (entry) => at(entry, "status", "attached") === true), type: "boolean" },
    ageColumn,
  ],
};

const known = new Map<Resource, Column[]>();

export function columnsOf(resource: Resource): Column[] {
  let columns = known.get(resource);
  if (!columns) {
    const id = resourceId(resource.group, resource.plural);
    const isEvent = resource.kind === "Event";
    columns = isEvent ? eventColumns : [nameColumn, ...(byResource[id] ?? [ageColumn])];
    known.set(resource, columns);
  }
  return columns;
}
