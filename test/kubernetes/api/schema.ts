/**
 * Reads a JSON body as a typed object, as the Go server does: unknown fields are dropped and named, a wrong type is an
 * error, null and the zero values of `zero-values.ts` go, and structs that Go always writes appear.
 * The types themselves are those that the Kubernetes client publishes.
 */
import * as models from "@kubernetes/client-node/dist/gen/models/all.js";
import { type Fields, isFields } from "./object.ts";
import {
  optionalBooleans,
  optionalStrings,
  plainNumbers,
  quantityMaps,
  structs,
  written,
} from "./zero-values.ts";

export type Shape =
  | { kind: "text" | "boolean" | "number" | "time" | "microtime" | "intOrString" | "any" | "quantity" }
  | { kind: "integer"; bits: 32 | 64 }
  | { kind: "list" | "map"; of: Shape }
  | { kind: "object"; type: string };

export interface Field {
  shape: Shape;
  /** Whether the zero value of the shape is kept when somebody sets it. */
  keepsZero: boolean;
}

interface Model {
  getAttributeTypeMap(): { baseName: string; type: string; format: string }[];
}

/** Custom resources have no published type: their `spec` and `status` are taken as they are, as with `x-kubernetes-preserve-unknown-fields`. */
const customTypes = new Set(["V1PodMonitor", "V1PrometheusRule", "CustomObject"]);
const customFields = new Map<string, Field>([
  ["apiVersion", { shape: { kind: "text" }, keepsZero: false }],
  ["kind", { shape: { kind: "text" }, keepsZero: false }],
  ["metadata", { shape: { kind: "object", type: "V1ObjectMeta" }, keepsZero: true }],
  ["spec", { shape: { kind: "any" }, keepsZero: true }],
  ["status", { shape: { kind: "any" }, keepsZero: true }],
]);

const types = new Map<string, Map<string, Field>>([...customTypes].map((type) => [type, customFields]));

/** The fields of a type; the same map every time. */
export function fieldsOf(type: string): Map<string, Field> {
  let known = types.get(type);
  if (!known) {
    const model = (models as unknown as Record<string, Model | undefined>)[type];
    if (!model) throw new Error(`no published type ${type}`);
    known = new Map(
      model.getAttributeTypeMap().map(({ baseName, type: of, format }) => {
        const shape = parseShape(of, format, baseName);
        return [baseName, { shape, keepsZero: keepsZero(type, baseName, shape) }];
      }),
    );
    types.set(type, known);
  }
  return known;
}

function parseShape(type: string, format: string, name: string): Shape {
  const item = /^Array<(.*)>$/.exec(type)?.[1];
  if (item) return { kind: "list", of: parseShape(item, format, name) };
  const value = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  if (value === "string" && quantityMaps.has(name)) return { kind: "map", of: { kind: "quantity" } };
  if (value) return { kind: "map", of: parseShape(value, format, name) };
  switch (type) {
    case "string":
      return { kind: "text" };
    case "boolean":
      return { kind: "boolean" };
    case "number":
      return format === "double"
        ? { kind: "number" }
        : { kind: "integer", bits: format === "int64" ? 64 : 32 };
    case "Date":
      return { kind: "time" };
    case "V1MicroTime":
      return { kind: "microtime" };
    case "IntOrString":
      return { kind: "intOrString" };
    case "any":
      return { kind: "any" };
    default:
      return { kind: "object", type };
  }
}

function keepsZero(type: string, name: string, shape: Shape): boolean {
  const isWritten = written[type]?.[name] !== undefined;
  switch (shape.kind) {
    case "text":
      return isWritten || optionalStrings.has(`${type}.${name}`);
    case "boolean":
      return isWritten || optionalBooleans.has(name);
    case "integer":
    case "number":
      return isWritten || !(plainNumbers.has(name) || plainNumbers.has(`${type}.${name}`));
    case "list":
    case "map":
      return false;
    default:
      return true;
  }
}

/** A value does not fit its field; the body as a whole is refused. */
export class WrongType extends Error {}

export interface Decoded {
  value: Fields;
  /** Paths of fields the type does not have, such as `spec.holder`. */
  unknown: string[];
}

/** Reads a body as `type`. The result shares nothing with the body. Throws WrongType. */
export function decode(type: string, body: Fields): Decoded {
  const unknown: string[] = [];
  return { value: readObject(type, body, "", unknown), unknown };
}

/** What Go writes for a type of which nothing is set. */
export function zeroOf(type: string): Fields {
  return readObject(type, {}, "", []);
}

const inside = (path: string, key: string) => (path ? `${path}.${key}` : key);

function readObject(type: string, given: Fields, path: string, unknown: string[]): Fields {
  const known = fieldsOf(type);
  const read: Fields = {};
  for (const key in given) {
    const value = given[key];
    const field = known.get(key);
    if (!field) {
      unknown.push(inside(path, key));
    } else if (value !== null && value !== undefined) {
      const fit = readValue(field.shape, value, inside(path, key), unknown, type);
      if (field.keepsZero || !isZero(fit)) read[key] = fit;
    }
  }
  for (const name of structs[type] ?? []) {
    const shape = known.get(name)?.shape;
    if (read[name] === undefined && shape?.kind === "object") read[name] = readObject(shape.type, {}, "", []);
  }
  const zeros = written[type];
  for (const name in zeros) read[name] ??= zeros[name];
  return read;
}

function isZero(value: unknown): boolean {
  if (value === "" || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isFields(value) && Object.keys(value).length === 0;
}

/** As Go calls a published type. */
const goName = (type: string) => type.replace(/^\w*V1/, "");

function readValue(shape: Shape, value: unknown, path: string, unknown: string[], owner: string): unknown {
  const wrong = (wanted: string): never => {
    throw new WrongType(
      `json: cannot unmarshal ${jsonType(value)} into Go struct field ${goName(owner)}.${path} of type ${wanted}`,
    );
  };
  switch (shape.kind) {
    case "text":
      return typeof value === "string" ? value : wrong("string");
    case "boolean":
      return typeof value === "boolean" ? value : wrong("bool");
    case "number":
      return typeof value === "number" ? value : wrong("float64");
    case "integer":
      return typeof value === "number" &&
        Number.isInteger(value) &&
        (shape.bits === 64 || value === (value | 0))
        ? value
        : wrong(`int${shape.bits}`);
    case "time":
      return readTime(value) ?? wrong("v1.Time");
    case "microtime":
      return typeof value === "string" ? readMicroTime(value) : wrong("v1.MicroTime");
    case "intOrString":
      return typeof value === "string" || Number.isInteger(value) ? value : wrong("intstr.IntOrString");
    case "quantity":
      return typeof value === "string" || typeof value === "number"
        ? String(value)
        : wrong("resource.Quantity");
    case "any":
      return structuredClone(value);
    case "list":
      if (!Array.isArray(value)) return wrong(`[]${shape.of.kind}`);
      return value.map((item, i) => readValue(shape.of, item ?? {}, `${path}[${i}]`, unknown, owner));
    case "map": {
      if (!isFields(value)) return wrong(`map[string]${shape.of.kind}`);
      const map: Fields = {};
      for (const key in value) {
        const item = value[key];
        map[key] = item === null ? "" : readValue(shape.of, item, inside(path, key), unknown, owner);
      }
      return map;
    }
    case "object":
      if (!isFields(value)) return wrong(`v1.${goName(shape.type)}`);
      return readObject(shape.type, value, path, unknown);
  }
}

/** Parsed with exactly six digits; three, as JavaScript writes them, are refused in Go's words. */
function readMicroTime(value: string): string {
  const [, rest = value] = /T\d\d:\d\d:\d\d(.*)$/.exec(value) ?? [];
  if (/^\.\d{6}(Z|[+-]\d\d:\d\d)$/.test(rest)) return value;
  const layout = "2006-01-02T15:04:05.000000Z07:00";
  throw new WrongType(`parsing time "${value}" as "${layout}": cannot parse "${rest}" as ".000000"`);
}

function readTime(value: unknown): string | undefined {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value))
    return;
  if (value.length === 20 && value.endsWith("Z")) return value;
  return `${new Date(value).toISOString().slice(0, 19)}Z`;
}

function jsonType(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}
