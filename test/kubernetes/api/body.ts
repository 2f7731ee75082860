/** From the text of a request to a typed object: kinds, unknown fields, and what the client is told about them. */

import { findDuplicateFields } from "./duplicate-fields.ts";
import { invalidValue, notSupported } from "./field-error.ts";
import { apiVersionOf } from "./forms.ts";
import { type Fields, isFields, type KubeObject, text } from "./object.ts";
import type { Resource } from "./resource.ts";
import { resources } from "./resources.ts";
import { decode, WrongType } from "./schema.ts";
import { ApiError, badRequest, invalid } from "./status.ts";

export interface Read {
  object: KubeObject;
  warnings: string[];
}

export type FieldValidation = "Ignore" | "Warn" | "Strict";

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#setting-the-field-validation-level */
export function fieldValidationOf(query: URLSearchParams): FieldValidation {
  const value = query.get("fieldValidation") || "Warn";
  if (value === "Ignore" || value === "Warn" || value === "Strict") return value;
  const error = notSupported("fieldValidation", value, ["Ignore", "Strict", "Warn", ""]);
  throw invalid({ group: "meta.k8s.io", resource: "CreateOptions" }, "", [error]);
}

/** Bodies are JSON here (protobuf has become JSON before); the real server reads YAML as well. Throws a 415. */
export function requireJson(headers: Record<string, string>): void {
  const type = (headers["content-type"] ?? "").split(";")[0]?.trim();
  if (!type || type === "application/json" || type === "*/*") return;
  throw new ApiError(
    415,
    "UnsupportedMediaType",
    "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
  );
}

/** The JSON of a body. Throws a 400. */
export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
}

/** Reads the body of a POST or PUT as an object of the resource. */
export function readObject(resource: Resource, body: string, validation: FieldValidation): Read {
  const parsed = parseJson(body);
  const { kind, type } = resource;
  if (!isFields(parsed)) {
    throw badRequest("couldn't get version/kind; json parse error: the body is no object");
  }
  const given = {
    kind: text(parsed["kind"]) || kind,
    apiVersion: text(parsed["apiVersion"]) || apiVersionOf(resource),
  };
  const version = given.apiVersion.split("/").at(-1);
  const cannot = (why: string) =>
    badRequest(`${given.kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
  checkKind(resource, given, cannot);
  const decoded = tryDecode(type, parsed, (why) => cannot(why));
  const faults = [
    ...findDuplicateFields(body, parsed).map((path) => `duplicate field "${path}"`),
    ...decoded.unknown.map((path) => `unknown field "${path}"`),
  ];
  if (validation === "Strict" && faults.length > 0)
    throw cannot(`strict decoding error: ${faults.join(", ")}`);
  return { object: toStored(resource, decoded.value), warnings: validation === "Warn" ? faults : [] };
}

/** The body may leave out what it is, but not say that it is something else. */
function checkKind(
  resource: Resource,
  given: { kind: string; apiVersion: string },
  cannot: (why: string) => Error,
) {
  const { kind, apiVersion } = given;
  const expected = apiVersionOf(resource);
  if (kind === resource.kind && apiVersion === expected) return;
  const isKnown = resources.some((row) => row.kind === kind && apiVersionOf(row) === apiVersion);
  if (!isKnown) {
    const scheme = "pkg/api/legacyscheme/scheme.go:30";
    throw cannot(`no kind "${kind}" is registered for version "${apiVersion}" in scheme "${scheme}"`);
  }
  if (kind === resource.kind) {
    const mismatch = `does not match the expected API version (${expected})`;
    throw badRequest(`the API version in the data (${apiVersion}) ${mismatch}`);
  }
  const internal = resource.group.split(".")[0] || "core";
  throw cannot(`converting (v1.${kind}) to (${internal}.${resource.kind}): unknown conversion`);
}

/** Reads what a patch has made of an object. Its faults are faults of the patch. */
export function readPatched(
  resource: Resource,
  patched: unknown,
  patch: string,
  validation: FieldValidation,
): Read {
  const cannot = (why: string) =>
    invalid({ group: "", resource: "" }, "", [invalidValue("patch", patch, why)]);
  if (!isFields(patched)) throw cannot("the result is no object");
  const decoded = tryDecode(resource.type, patched, cannot);
  const faults = decoded.unknown.map((path) => `unknown field "${path}"`);
  if (validation === "Strict" && faults.length > 0)
    throw cannot(`strict decoding error: ${faults.join(", ")}`);
  return { object: toStored(resource, decoded.value), warnings: validation === "Warn" ? faults : [] };
}

function tryDecode(type: string, value: Fields, cannot: (why: string) => Error) {
  try {
    return decode(type, value);
  } catch (error) {
    throw error instanceof WrongType ? cannot(error.message) : error;
  }
}

function toStored(resource: Resource, value: Fields): KubeObject {
  const { managedFields: _, selfLink: __, ...metadata } = (value["metadata"] ?? {}) as Fields;
  const object = { ...value, metadata } as unknown as KubeObject;
  return resource.toStored?.(object) ?? object;
}
