/**
 * The templates of the chart that repeat objects of manifests/base and of the components. They are made from those, with the names, the
 * namespace and the labels of a release in the place of theirs. The DaemonSet, which most values change, is written by hand.
 */
import { readFileSync } from "node:fs";
import { type Document, isMap, isScalar, isSeq, type Pair, parseAllDocuments, visit } from "yaml";

/** A part of a template: objects of one file under one condition. */
interface Part {
  /** Below manifests. */
  file: string;
  /** "Kind name" of each object; absent: all of the file. */
  objects?: readonly string[];
  /** The condition, as in `{{ if … }}`. */
  when: string;
  /** A template with a JSON list: the objects are there once for each item, which is `$each`. */
  each?: string;
}

const base = (when: string, ...objects: string[]): Part => ({ file: "base/rbac.yaml", objects, when });

/** By the name of the file in manifests/chart/templates. */
const parts: Readonly<Record<string, readonly Part[]>> = {
  "service-account.yaml": [base(".Values.serviceAccount.create", "ServiceAccount rebootd")],
  "rbac.yaml": [
    base(
      ".Values.rbac.create",
      "ClusterRole rebootd",
      "ClusterRoleBinding rebootd",
      "Role rebootd",
      "RoleBinding rebootd",
      "ClusterRole rebootd-records",
    ),
    base(
      "and .Values.rbac.create .Values.rbac.events",
      "ClusterRole rebootd-events",
      "ClusterRoleBinding rebootd-events",
    ),
    {
      file: "components/delete-pods/rbac.yaml",
      when: 'and .Values.rbac.create (include "rebootd.deletesPods" .)',
    },
    {
      file: "components/hook-jobs/rbac.yaml",
      when: ".Values.rbac.create",
      each: "rebootd.hookJobNamespaces",
    },
    {
      file: "components/surge/rbac.yaml",
      when: 'and .Values.rbac.create (include "rebootd.surges" .)',
    },
  ],
  "kured-lock.yaml": [
    {
      file: "components/kured/rbac.yaml",
      when: 'and .Values.rbac.create (eq (include "rebootd.lock" . | fromYaml).kind "daemonset")',
    },
  ],
  "lease.yaml": [{ file: "base/lease.yaml", when: '(include "rebootd.lease" . | fromYaml).isOurs' }],
  "admission.yaml": [
    { file: "base/admission.yaml", when: 'include "rebootd.hasPolicies" .' },
    {
      file: "components/surge/admission.yaml",
      when: 'and (include "rebootd.hasPolicies" .) (include "rebootd.surges" .)',
    },
  ],
  "pod-monitor.yaml": [
    {
      file: "components/monitoring/pod-monitor.yaml",
      when: 'and .Values.metrics.create (eq .Values.metrics.kind "PodMonitor")',
    },
  ],
  "prometheus-rule.yaml": [
    { file: "components/monitoring/prometheus-rule.yaml", when: ".Values.prometheusRule.create" },
  ],
  "dashboard.yaml": [{ file: "components/monitoring/dashboard.yaml", when: ".Values.dashboard.create" }],
  "rules.yaml": [
    { file: "components/scrape-annotations/rules.yaml", when: ".Values.scrapeAnnotations.create" },
  ],
  "network-policy.yaml": [
    { file: "components/network-policy/network-policy.yaml", when: ".Values.networkPolicy.create" },
  ],
};

/** Templates within a value, by the word that stands for each, as "@WORD@", while the document is data. */
const inValues: Readonly<Record<string, string>> = {
  FULLNAME: '{{ include "rebootd.fullname" . }}',
  ACCOUNTNAME: '{{ include "rebootd.serviceAccountName" . }}',
  ACCOUNTPATTERN: '{{ include "rebootd.serviceAccountPattern" . }}',
  NAMESPACE: "{{ .Release.Namespace }}",
  MONITORNAMESPACE: "{{ .Values.metrics.namespace | default .Release.Namespace }}",
  LEASENAME: '{{ (include "rebootd.lease" . | fromYaml).name }}',
  LEASENAMESPACE: '{{ (include "rebootd.lease" . | fromYaml).namespace }}',
  EACH: "{{ $each }}",
  LOCKNAME: '{{ (include "rebootd.lock" . | fromYaml).name }}',
  NODELABELS: '{{ include "rebootd.nodeLabelKeys" . }}',
  REMOVEDNODELABELS: '{{ include "rebootd.removedNodeLabelKeys" . }}',
  NODEANNOTATIONS: '{{ include "rebootd.nodeAnnotationKeys" . }}',
  LOCKANNOTATIONS: '{{ include "rebootd.lockAnnotationKeys" . }}',
};

/** Templates in the place of an entry of a map, "@WORD: null", by the indent of that map. */
const inMaps: Readonly<Record<string, (indent: number) => string>> = {
  LABELS: included("labels"),
  MATCHLABELS: included("matchLabels"),
  ENDPOINT: included("endpoint"),
  MONITORLABELS: entriesOf(".Values.metrics.labels"),
  RULELABELS: entriesOf(".Values.prometheusRule.labels"),
  DASHBOARDLABELS: entriesOf(".Values.dashboard.labels"),
  ACCOUNTANNOTATIONS: (indent) =>
    lines(indent, [
      "{{- with .Values.serviceAccount.extraAnnotations }}",
      "annotations:",
      `  {{- include "rebootd.annotations" . | nindent ${indent + 2} }}`,
      "{{- end }}",
    ]),
  RELEASENAMESPACE: (indent) =>
    lines(indent, [
      "{{- with .Values.metrics.namespace }}",
      "namespaceSelector:",
      "  matchNames:",
      "    - {{ $.Release.Namespace }}",
      "{{- end }}",
    ]),
  // They follow the rules of the list above.
  EXTRAEGRESS: (indent) => entriesOf(".Values.networkPolicy.extraEgress", 2)(indent),
};

function included(name: string): (indent: number) => string {
  return (indent) => `{{- include "rebootd.${name}" . | nindent ${indent} }}`;
}

function entriesOf(values: string, deeper = 0): (indent: number) => string {
  return (indent) =>
    lines(indent, [`{{- with ${values} }}`, `{{- toYaml . | nindent ${indent + deeper} }}`, "{{- end }}"]);
}

function lines(indent: number, texts: readonly string[]): string {
  return texts.join(`\n${" ".repeat(indent)}`);
}

/** From the root of the document. An object is that item of a list which has this value. */
type Path = readonly (string | number | Readonly<Record<string, string>>)[];
type Change = readonly [Path, (text: string) => string];

const named = (name: string) => name.replace(/^rebootd/, "@FULLNAME@");

/** A word behind the last key of a list in CEL. */
const variable = (name: string, word: string): Change => [
  ["spec", "variables", { name }, "expression"],
  (text) => replaced(text, "]", `@${word}@]`),
];
const daemons: Change = [
  ["spec", "matchConditions", { name: "is-a-daemon" }, "expression"],
  (text) => replaced(text, ":rebootd$", ":@ACCOUNTPATTERN@$"),
];

/** The texts that differ in one object alone, by its title. */
const changes: Readonly<Record<string, readonly Change[]>> = {
  "ServiceAccount rebootd": [[["metadata", "name"], () => "@ACCOUNTNAME@"]],
  "Role rebootd": [[["rules", 0, "resourceNames", 0], () => "@LEASENAME@"]],
  "Lease rebootd": [[["metadata", "name"], () => "@LEASENAME@"]],
  "ClusterRole rebootd-kured-lock": [[["rules", 0, "resourceNames", 0], () => "@LOCKNAME@"]],
  "ValidatingAdmissionPolicy rebootd": [
    daemons,
    [
      ["spec", "matchConstraints", "resourceRules", { resources: "leases" }, "resourceNames", 0],
      () => "@LEASENAME@",
    ],
    variable("nodeLabels", "NODELABELS"),
    variable("removedNodeLabels", "REMOVEDNODELABELS"),
    variable("nodeAnnotations", "NODEANNOTATIONS"),
    variable("leaseAnnotations", "LOCKANNOTATIONS"),
    variable("daemonSetAnnotations", "LOCKANNOTATIONS"),
  ],
  "ValidatingAdmissionPolicy rebootd-conditions": [daemons],
  "ValidatingAdmissionPolicy rebootd-surge": [daemons],
};

/** Entries of maps that stand for templates, by the kind of the object. */
const entries: Readonly<Record<string, readonly (readonly [Path, word: string])[]>> = {
  ServiceAccount: [[["metadata"], "ACCOUNTANNOTATIONS"]],
  PodMonitor: [
    [["metadata", "labels"], "MONITORLABELS"],
    [["spec"], "RELEASENAMESPACE"],
  ],
  PrometheusRule: [[["metadata", "labels"], "RULELABELS"]],
  NetworkPolicy: [[["spec"], "EXTRAEGRESS"]],
};

const manifests = new URL("../", import.meta.url);

/**
 * Every template that is made, by its path below manifests/chart. Throws an Error that names the object where one of manifests has not
 * what the chart changes in it.
 */
export function chartTemplates(): Readonly<Record<string, string>> {
  const head = "{{- /* Made by `npm run chart` from manifests/base and the components. */ -}}\n";
  const made = Object.entries(parts).map(([name, ofFile]) => [
    `templates/${name}`,
    head + ofFile.map(templateOf).join(""),
  ]);
  return Object.fromEntries(made) as Record<string, string>;
}

function templateOf({ file, objects, when, each }: Part): string {
  const documents = parseAllDocuments(readFileSync(new URL(file, manifests), "utf8")) as Document[];
  const chosen = documents.filter((one) => objects === undefined || objects.includes(titleOf(one)));
  if (objects !== undefined && chosen.length !== objects.length) {
    throw new Error(`manifests/${file} has not all of ${objects.join(", ")}, which the chart takes from it`);
  }
  const all = chosen.map((one) => `---\n${written(adapted(one))}`).join("");
  if (each === undefined) return `{{- if ${when} }}\n${all}{{- end }}\n`;
  const range = `{{- range $each := include "${each}" . | fromJsonArray }}\n{{- with $ }}`;
  return `{{- if ${when} }}\n${range}\n${all}{{- end }}\n{{- end }}\n{{- end }}\n`;
}

function titleOf(document: Document): string {
  return `${document.get("kind")} ${document.getIn(["metadata", "name"])}`;
}

/** The object with words for templates in it. */
function adapted(document: Document): Document {
  const title = titleOf(document);
  const kind = String(document.get("kind"));
  change(document, title, [["metadata", "name"], named]);
  place(document, kind, title);
  for (const path of [
    ["roleRef", "name"],
    ["spec", "policyName"],
  ] as Path[]) {
    if (document.hasIn(path)) change(document, title, [path, named]);
  }
  if (document.has("subjects")) {
    document.setIn(["subjects", 0, "name"], "@ACCOUNTNAME@");
    document.setIn(["subjects", 0, "namespace"], "@NAMESPACE@");
  }
  label(document);
  for (const one of changes[title] ?? []) change(document, title, one);
  for (const [path, word] of entries[kind] ?? []) document.setIn([...path, `@${word}`], null);
  if (kind === "Lease") keep(document);
  return document;
}

function change(document: Document, title: string, [path, by]: Change): void {
  const found: (string | number)[] = [];
  for (const step of path) found.push(stepOf(document, found, step));
  const given = document.getIn(found);
  if (typeof given !== "string") throw new Error(`${title} has no text at ${found.join(".")}`);
  document.setIn(found, by(given));
}

/** The index of the item that a step of a path describes; -1 if there is none. */
function stepOf(
  document: Document,
  above: readonly (string | number)[],
  step: Path[number],
): string | number {
  if (typeof step !== "object") return step;
  const list = document.getIn(above);
  const items = isSeq(list) ? (list.toJSON() as Record<string, unknown>[]) : [];
  const hasAll = (item: Record<string, unknown>) =>
    Object.entries(step).every(([key, wanted]) => [item[key]].flat().includes(wanted));
  return items.findIndex(hasAll);
}

function place(document: Document, kind: string, title: string): void {
  if (/^(ClusterRole|ValidatingAdmissionPolicy)/.test(kind)) return;

  const isOfLease = ["Lease", "Role", "RoleBinding"].includes(kind);
  const isOfJobs = title.endsWith(" rebootd-hook-jobs");
  const namespace = isOfJobs
    ? "EACH"
    : isOfLease
      ? "LEASENAMESPACE"
      : kind === "PodMonitor"
        ? "MONITORNAMESPACE"
        : "NAMESPACE";
  document.setIn(["metadata", "namespace"], `@${namespace}@`);
}

/** Labels of its own stay, behind those of the chart. */
function label(document: Document): void {
  const given = document.getIn(["metadata", "labels"]);
  const { "app.kubernetes.io/name": _, ...own } = (isMap(given) ? given.toJSON() : {}) as Record<
    string,
    string
  >;
  const more = "grafana_dashboard" in own ? { "@DASHBOARDLABELS": null } : {};
  document.setIn(["metadata", "labels"], document.createNode({ "@LABELS": null, ...own, ...more }));
  visit(document, {
    Pair(_key, { key, value }) {
      if (!isScalar(key) || !isMap(value)) return;
      if (key.value === "matchLabels") value.items = entryFor(document, "MATCHLABELS");
    },
    Map(_key, map) {
      if (map.has("honorLabels"))
        map.items.splice(map.items.findIndex(isInterval), 1, ...entryFor(document, "ENDPOINT"));
    },
  });
}

function isInterval({ key }: { key: unknown }): boolean {
  return isScalar(key) && key.value === "interval";
}

function entryFor(document: Document, word: string): Pair[] {
  return document.createNode({ [`@${word}`]: null }).items as Pair[];
}

function keep(document: Document): void {
  const annotations = document.createNode({ "helm.sh/resource-policy": "keep" });
  annotations.commentBefore =
    " The holders of the lock are on this object: it stays when the release is uninstalled.";
  document.setIn(["metadata", "annotations"], annotations);
}

function replaced(text: string, old: string, by: string): string {
  if (text.split(old).length !== 2)
    throw new Error(`"${text}" has not "${old}" once, which the chart changes`);
  return text.replace(old, () => by);
}

/** The text of the document, with the templates. Whatever looks like a template in it already is a text. */
function written(document: Document): string {
  const text = document.toString({ lineWidth: 0, flowCollectionPadding: false }).replace(/^---\n/, "");
  return text
    .replaceAll("{{", '{{ "{{" }}')
    .replace(
      /^( *)"?@([A-Z]+)"?: null$/gm,
      (all, space: string, word: string) => space + (inMaps[word]?.(space.length) ?? all),
    )
    .replace(/@([A-Z]+)@/g, (all, word: string) => inValues[word] ?? all);
}
