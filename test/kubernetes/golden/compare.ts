/** Compares answers with recorded ones, both ways: a key too many is a difference like one that is missing. */
import type { Expectation } from "./case.ts";
import type { Bindings } from "./placeholders.ts";

export interface Difference {
  path: string;
  expected: unknown;
  actual: unknown;
  why: string;
}

const container = ["terminationMessagePath", "terminationMessagePolicy", "imagePullPolicy", "resources"];
const podSpec = [
  "dnsPolicy",
  "restartPolicy",
  "schedulerName",
  "securityContext",
  "terminationGracePeriodSeconds",
];
const podOnly = [
  "enableServiceLinks",
  "preemptionPolicy",
  "priority",
  "serviceAccount",
  "serviceAccountName",
];

/** Fields on which no rule here depends: defaults of pod specs, and what no client of ours reads. */
const ignored = [
  "metadata.managedFields",
  "metadata.selfLink",
  "columnDefinitions.description",
  ...[...container, "securityContext"].map((key) => `containers.${key}`),
  ...podSpec.flatMap((key) => [`spec.${key}`, `template.spec.${key}`]),
  ...[...podOnly, "tolerations", "revisionHistoryLimit", "updateStrategy"].map((key) => `spec.${key}`),
  ...["qosClass", "phaseTransitionTime", "daemonEndpoints", "nodeInfo"].map((key) => `status.${key}`),
];

export interface Actual {
  status: number;
  header: (name: string) => string | undefined;
  body?: unknown;
  events?: unknown[];
  closed?: boolean;
}

export function compareAnswer(
  expect: Expectation,
  actual: Actual,
  bindings: Bindings,
  more: string[] = [],
): Difference[] {
  const ignore = [...ignored, ...more];
  const found: Difference[] = [];
  if (expect.status !== actual.status) {
    found.push({
      path: "status",
      expected: expect.status,
      actual: actual.status,
      why: JSON.stringify(actual.body),
    });
  }
  for (const [name, value] of Object.entries(expect.headers ?? {})) {
    found.push(...compare(value ?? undefined, actual.header(name), bindings, ignore, ["headers", name]));
  }
  if (expect.body !== undefined) found.push(...compare(expect.body, actual.body, bindings, ignore, []));
  if (expect.events) found.push(...compare(expect.events, actual.events ?? [], bindings, ignore, ["events"]));
  if (expect.closed !== undefined && expect.closed !== actual.closed) {
    found.push({ path: "closed", expected: expect.closed, actual: actual.closed, why: "differs" });
  }
  return found;
}

export function compare(
  expected: unknown,
  given: unknown,
  bindings: Bindings,
  ignore: string[],
  path: (string | number)[],
): Difference[] {
  const names = `.${path.filter((key) => typeof key === "string").join(".")}`;
  if (ignore.some((pattern) => names.endsWith(`.${pattern}`))) return [];
  // Null says the same as absent, but not where null or a list is expected: who reads a list must know which comes.
  const actual = given === null && expected !== null ? undefined : given;
  const differs = (why = "differs"): Difference[] => [
    { path: path.join(".") || "body", expected, actual, why },
  ];
  if (expected === "<any>") return actual === undefined ? differs() : [];
  if (typeof expected === "string") {
    const text = typeof actual === "number" && /^<number(:\w+)?>$/.test(expected) ? String(actual) : actual;
    const why = typeof text === "string" ? bindings.match(expected, text) : "differs";
    return why === undefined ? [] : differs(why);
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return differs();
    const length = Math.max(expected.length, actual.length);
    return Array.from({ length }, (_, i) =>
      compare(expected[i], actual[i], bindings, ignore, [...path, i]),
    ).flat();
  }
  if (typeof expected !== "object" || expected === null) return expected === actual ? [] : differs();
  if (typeof actual !== "object" || actual === null || Array.isArray(actual)) return differs();
  const wanted = new Map(Object.entries(expected).map(([key, value]) => [bindings.fillText(key), value]));
  const found = actual as Record<string, unknown>;
  const keys = new Set([...wanted.keys(), ...Object.keys(found)]);
  return [...keys].flatMap((key) => compare(wanted.get(key), found[key], bindings, ignore, [...path, key]));
}
