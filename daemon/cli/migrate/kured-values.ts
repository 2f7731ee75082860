/** Values of kured's chart 6.1.0, as its values.yaml documents them. Pure. */
import { ConfigError, printable } from "../../text/config-error.ts";
import { nearest } from "../../text/nearest.ts";
import type { Path, SourceDocument } from "./document.ts";

/** The values that are read here, beside `configuration`. */
const readKeys = [
  ...[
    "image",
    "updateStrategy",
    "maxUnavailable",
    "podAnnotations",
    "dsAnnotations",
    "podLabels",
    "extraArgs",
  ],
  ...[
    "extraEnvVars",
    "resources",
    "hostNetwork",
    "priorityClassName",
    "tolerations",
    "affinity",
    "nodeSelector",
  ],
  ...["volumes", "volumeMounts", "initContainers", "fullnameOverride", "metrics", "service", "configuration"],
];
/** Keys that say nothing about what kured does. The last one is a heading of `helm get values`. */
const quietKeys = [
  ...["revisionHistoryLimit", "rbac", "serviceAccount", "podSecurityPolicy", "containerSecurityContext"],
  ...["livenessProbe", "readinessProbe", "nameOverride", "global", "USER-SUPPLIED VALUES"],
];
const topKeys: readonly string[] = [...readKeys, ...quietKeys];

export type Values = Readonly<Record<string, unknown>>;

export function isMap(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a document may be such values: it is a map with such keys, or an empty one, and no object of Kubernetes. */
export function areValues(value: unknown): value is Values {
  if (!isMap(value) || "kind" in value) return false;
  const keys = Object.keys(value);
  return keys.length === 0 || keys.some((key) => topKeys.includes(key));
}

/** The values with their places. The readers throw a ConfigError with file, line, key and value for another kind of value. */
export interface ChartValues {
  at(...path: Path): string;
  /** Undefined where it is not there, and for null. */
  get(...path: Path): unknown;
  map(...path: Path): Values;
  list<T>(...path: Path): readonly T[];
  /** The text of a scalar; empty where it is not there. */
  text(...path: Path): string;
  isTrue(...path: Path): boolean;
  /** Sentences on keys that are none of the chart's, which it ignores. `configurationKeys`: those of `configuration`. */
  unknown(configurationKeys: readonly string[]): string[];
}

/** `prefix`: the place of the values in the document. */
export function chartValues(document: SourceDocument, prefix: Path): ChartValues {
  const at = (...path: Path) => document.at([...prefix, ...path]);
  const get = (...path: Path) =>
    [...prefix, ...path].reduce<unknown>(
      (one, key) => (typeof one === "object" && one !== null ? (one as Values)[key] : undefined) ?? undefined,
      document.value,
    );
  const fault = (path: Path, rule: string) => {
    const value = printable(scalarText(get(...path)));
    return new ConfigError(`${at(...path)}: invalid value ${value} for ${path.join(".")}: must be ${rule}`);
  };
  const unknownIn = (values: Values, known: readonly string[], path: Path) =>
    Object.keys(values)
      .filter((key) => !known.includes(key))
      .map((key) => {
        const near = nearest(key, known);
        const advice = near === undefined ? "" : `; did you mean ${near}?`;
        const name = [...path, key].join(".");
        return `${at(...path, key)}: ${name} is no value of kured's chart, which ignores it${advice}`;
      });
  const values: ChartValues = {
    at,
    get,
    map(...path) {
      const value = get(...path) ?? {};
      if (!isMap(value)) throw fault(path, "a map");
      return value;
    },
    list<T>(...path: Path) {
      const value = get(...path) ?? [];
      if (!Array.isArray(value)) throw fault(path, "a list");
      return value as T[];
    },
    text(...path) {
      const value = get(...path) ?? "";
      if (typeof value === "object") throw fault(path, "a text, a number, or true or false");
      return String(value);
    },
    isTrue: (...path) => get(...path) === true,
    unknown: (configurationKeys) => [
      ...unknownIn(values.map(), topKeys, []),
      ...unknownIn(values.map("configuration"), configurationKeys, ["configuration"]),
    ],
  };
  return values;
}

/** Whether `if` in a template of Helm leaves the value out. */
export function isDropped(value: unknown): boolean {
  return !value || (Array.isArray(value) && value.length === 0);
}

export function scalarText(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
