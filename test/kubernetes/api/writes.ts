/** POST, PUT, PATCH and DELETE of the objects of the table. */

import { admission } from "./admission.ts";
import { type Answer, answerJson, answerStatus } from "./answer.ts";
import { fieldValidationOf, parseJson, type Read, readObject, readPatched } from "./body.ts";
import { type Core, namespaceOf, type ResourceRequest } from "./core.ts";
import type { DeleteOptions } from "./deletion.ts";
import { escalation } from "./escalation.ts";
import { notSupported } from "./field-error.ts";
import { apiVersionOf } from "./forms.ts";
import { type Fields, isFields, type KubeObject, list, text } from "./object.ts";
import { parseInteger, parseListOptions } from "./options.ts";
import { jsonPatch, mergePatch, type Operation, PatchError } from "./patch.ts";
import { listJson, objectJson, readPage } from "./reads.ts";
import { keyOf, type Target, uidMismatch, versionRequired } from "./registry.ts";
import type { Resource } from "./resource.ts";
import {
  ApiError,
  badRequest,
  invalid,
  success,
  unprocessablePatch,
  unsupportedMediaType,
} from "./status.ts";
import { strategicPatch } from "./strategic-patch.ts";

export function create(core: Core, request: ResourceRequest): Answer {
  const { resource, call } = request;
  const read = readObject(resource, call.body, fieldValidationOf(call.query));
  const namespace = namespaceOf(request);
  checkNamespace(read.object, namespace);
  checkEscalation(core, request, read.object);
  const dryRun = isDryRun(call.query, "CreateOptions");
  const options = { dryRun, admit: admission(core, request, "CREATE", dryRun) };
  const created = warned(read, () => core.registry.create(resource, namespace, read.object, options));
  return answerJson(201, objectJson(core, request, created), read.warnings);
}

export function update(core: Core, request: ResourceRequest): Answer {
  const { resource, call, attributes } = request;
  const read = readObject(resource, call.body, fieldValidationOf(call.query));
  const target = targetOf(request);
  checkName(read.object, target);
  checkEscalation(core, request, read.object);
  const dryRun = isDryRun(call.query, "UpdateOptions");
  const exists = core.store.get(resource.store, keyOf(target.namespace, target.name));
  const { uid } = read.object.metadata;
  if (!exists && uid) throw uidMismatch(target, uid, "");
  if (!exists && resource.createOnUpdate && !attributes.subresource) {
    read.object.metadata.resourceVersion = "";
    const admit = admission(core, request, "CREATE", dryRun);
    const created = warned(read, () =>
      core.registry.create(resource, target.namespace, read.object, { dryRun, admit }),
    );
    return answerJson(201, objectJson(core, request, created), read.warnings);
  }
  const subresource = attributes.subresource;
  const admit = admission(core, request, "UPDATE", dryRun);
  const options = { dryRun, admit, put: true, ...(subresource && { subresource }) };
  const updated = warned(read, () => core.registry.update(target, () => read.object, options));
  return answerJson(200, objectJson(core, request, updated), read.warnings);
}

export function patch(core: Core, request: ResourceRequest): Answer {
  const { resource, call, attributes } = request;
  const type = (call.headers["content-type"] ?? "").split(";")[0]?.trim() ?? "";
  if (!patchTypes.includes(type)) throw unsupportedMediaType();
  const document = parseJson(call.body);
  const validation = fieldValidationOf(call.query);
  const target = targetOf(request);
  const dryRun = isDryRun(call.query, "PatchOptions");
  const subresource = attributes.subresource;
  let read: Read = { object: core.registry.find(resource, target.namespace, target.name), warnings: [] };
  const change = (current: KubeObject) => {
    const shown = {
      kind: resource.kind,
      apiVersion: apiVersionOf(resource),
      ...shownForm(resource, current),
    };
    read = readPatched(resource, applyPatch(resource, type, shown, document), call.body, validation);
    checkName(read.object, target);
    checkEscalation(core, request, read.object);
    if (!read.object.metadata.resourceVersion && !resource.unconditionalUpdate) {
      throw versionRequired(resource, target.name);
    }
    return read.object;
  };
  try {
    const admit = admission(core, request, "UPDATE", dryRun);
    const options = { dryRun, admit, ...(subresource && { subresource }) };
    const patched = core.registry.update(target, change, options);
    return answerJson(200, objectJson(core, request, patched), read.warnings);
  } catch (error) {
    throw withWarnings(error, read.warnings);
  }
}

const patchTypes = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
];

function applyPatch(resource: Resource, type: string, current: Fields, document: unknown): unknown {
  try {
    if (type === "application/json-patch+json") {
      if (!Array.isArray(document))
        throw badRequest("json: cannot unmarshal object into Go value of type jsonpatch.Patch");
      return jsonPatch(current, document as Operation[]);
    }
    if (!isFields(document))
      throw badRequest("json: cannot unmarshal array into Go value of type map[string]interface {}");
    if (type === "application/merge-patch+json") return mergePatch(current, document);
    return strategicPatch(resource.type, current, document);
  } catch (error) {
    throw error instanceof PatchError ? unprocessablePatch() : error;
  }
}

const shownForm = (resource: Resource, object: KubeObject) => resource.fromStored?.(object) ?? object;

export function remove(core: Core, request: ResourceRequest): Answer {
  const { resource, call } = request;
  const options = deleteOptionsOf(call.query, call.body);
  const admit = admission(core, request, "DELETE", options.dryRun ?? false);
  const { object, gone } = core.registry.delete(targetOf(request), options, admit);
  // The asynchronous 202 is for those who ask with the old option for dependents to go as well.
  const code = !gone && options.orphanDependents === false ? 202 : 200;
  if (!gone || resource.returnsDeleted) return answerJson(code, objectJson(core, request, object));
  const { name, uid } = object.metadata;
  const { group, resource: kind } = resource.subject;
  return answerStatus(success({ name, ...(group && { group }), kind, uid }));
}

export async function removeCollection(core: Core, request: ResourceRequest): Promise<Answer> {
  const { resource, call } = request;
  const options = deleteOptionsOf(call.query, call.body);
  const admit = admission(core, request, "DELETE", options.dryRun ?? false);
  const page = await readPage(core, request, parseListOptions(call.query, resource, false));
  for (const [, { metadata }] of page.entries) {
    const { namespace, name } = metadata;
    if (core.store.get(resource.store, keyOf(namespace, name))) {
      core.registry.delete({ resource, namespace, name }, options, admit);
    }
  }
  return answerJson(200, listJson(core, request, page));
}

export function deleteOptionsOf(query: URLSearchParams, body: string): DeleteOptions {
  const given = body ? parseJson(body) : undefined;
  return isFields(given) && Object.keys(given).length > 0
    ? readDeleteOptions(given)
    : queryDeleteOptions(query);
}

function queryDeleteOptions(query: URLSearchParams): DeleteOptions {
  const orphan = query.get("orphanDependents");
  return checkedDeleteOptions({
    dryRun: isDryRun(query, "DeleteOptions"),
    gracePeriodSeconds: parseInteger(query.get("gracePeriodSeconds") ?? ""),
    propagationPolicy: query.get("propagationPolicy") ?? undefined,
    orphanDependents: orphan === null ? undefined : orphan === "true",
  });
}

/** DeleteOptions from a body, or from the `deleteOptions` of an eviction. */
export function readDeleteOptions(given: Fields): DeleteOptions {
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions } = given;
  const { uid, resourceVersion } = isFields(preconditions) ? preconditions : {};
  return checkedDeleteOptions({
    dryRun: checkDryRun(list(given["dryRun"]).map(text), "DeleteOptions"),
    gracePeriodSeconds: typeof gracePeriodSeconds === "number" ? gracePeriodSeconds : undefined,
    propagationPolicy: typeof propagationPolicy === "string" ? propagationPolicy : undefined,
    orphanDependents: typeof orphanDependents === "boolean" ? orphanDependents : undefined,
    uid: typeof uid === "string" ? uid : undefined,
    resourceVersion: typeof resourceVersion === "string" ? resourceVersion : undefined,
  });
}

function checkedDeleteOptions(options: DeleteOptions): DeleteOptions {
  const policies = ["Foreground", "Background", "Orphan", "nil"];
  const { propagationPolicy: policy } = options;
  if (policy === undefined || policies.includes(policy)) return options;
  const error = notSupported("propagationPolicy", policy, policies);
  throw invalid({ group: "meta.k8s.io", resource: "DeleteOptions" }, "", [error]);
}

export function isDryRun(query: URLSearchParams, kind: string): boolean {
  return checkDryRun(query.getAll("dryRun"), kind);
}

function checkDryRun(values: string[], kind: string): boolean {
  const wrong = values.filter((value) => value !== "All");
  if (wrong.length === 0) return values.length > 0;
  const errors = wrong.map((value) => notSupported("dryRun", value, ["All"]));
  throw invalid({ group: "meta.k8s.io", resource: kind }, "", errors);
}

export function targetOf(request: ResourceRequest): Target {
  return { resource: request.resource, namespace: namespaceOf(request), name: request.attributes.name };
}

function checkEscalation(
  { store, authorizer, checksAccess }: Core,
  request: ResourceRequest,
  object: KubeObject,
): void {
  if (!checksAccess) return;
  const { namespace } = request.attributes;
  const placed = { ...object, metadata: { ...object.metadata, namespace } };
  const refused = escalation(store, authorizer, request.user, request.resource, placed);
  if (refused) throw refused;
}

function checkNamespace({ metadata }: KubeObject, namespace: string | undefined): void {
  if (!namespace || !metadata.namespace || metadata.namespace === namespace) return;
  throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
}

/** A PUT or a patch may leave the namespace to the path, but not the name. */
function checkName({ metadata }: KubeObject, { name, namespace }: Target): void {
  if (!metadata.name) {
    const why = "was undeterminable: name must be provided";
    throw badRequest(`the name of the object (${name} based on URL) ${why}`);
  }
  if (metadata.name !== name) {
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  if (namespace && metadata.namespace && metadata.namespace !== namespace) {
    const mismatch = `does not match the namespace on the request (${namespace})`;
    throw badRequest(`the namespace of the object (${metadata.namespace}) ${mismatch}`);
  }
}

/** Warnings go with the answer, also when it is a refusal. */
function warned<T>({ warnings }: Read, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw withWarnings(error, warnings);
  }
}

function withWarnings(error: unknown, warnings: string[]): unknown {
  if (error instanceof ApiError) error.warnings = warnings;
  return error;
}
