/**
 * Create, update and delete as the generic registry of the API server does them: names and uids, generations,
 * optimistic concurrency, finalizers, grace. Everything here is synchronous: a write is one moment.
 * https://github.com/kubernetes/kubernetes/tree/master/staging/src/k8s.io/apiserver/pkg/registry
 */
import { type DeleteOptions, type Deletion, planDeletion } from "./deletion.ts";
import type { FieldError } from "./field-error.ts";
import { validateMetadata, validateMetadataUpdate } from "./metadata.ts";
import { clone, equal, type Fields, fields, type KubeObject } from "./object.ts";
import type { Resource, RuleContext } from "./resource.ts";
import { alreadyExists, conflict, forbidden, internal, invalid, modified, notFound } from "./status.ts";
import type { Store } from "./store.ts";
import { nameSuffix, type Random, type Timers, timestamp, uuid } from "./timing.ts";

/** The objects as they would be and as they are; an undefined one is not there. Throws the refusal. */
export type Admit = (object: Fields | undefined, old: KubeObject | undefined) => void;

export interface Registry {
  readonly store: Store;
  find(resource: Resource, namespace: string | undefined, name: string): KubeObject;
  create(
    resource: Resource,
    namespace: string | undefined,
    object: KubeObject,
    options: WriteOptions,
  ): KubeObject;
  /** Throws where the namespace takes nothing new, for which this would be. */
  requireNamespace(namespace: string, resource: Resource, name: string): void;
  /** Changes an object with `change`, which is given a copy of the current one. */
  update(target: Target, change: (current: KubeObject) => KubeObject, options: UpdateOptions): KubeObject;
  delete(target: Target, options: DeleteOptions, admit?: Admit): Deletion;
}

export interface Target {
  resource: Resource;
  namespace: string | undefined;
  name: string;
}

export interface WriteOptions {
  dryRun: boolean;
  /** Asked once everything else about the object is in order. */
  admit?: Admit | undefined;
}

export interface UpdateOptions extends WriteOptions {
  subresource?: string;
  /** The version may be left out in a PUT of some kinds; a patch always starts from the current one. */
  put?: boolean;
}

/** So that a generated name fits into a label, with its five characters. */
const generatedPrefixMax = 58;

export const keyOf = (namespace: string | undefined, name: string) =>
  namespace ? `${namespace}/${name}` : name;

/** What all writes of a registry share. */
interface Ground {
  store: Store;
  timers: Timers;
  random: Random;
}

export function createRegistry(store: Store, timers: Timers, random: Random): Registry {
  const ground: Ground = { store, timers, random };
  return {
    store,
    find: (resource, namespace, name) => find(ground, resource, namespace, name),
    create: (resource, namespace, object, options) => create(ground, resource, namespace, object, options),
    requireNamespace: (namespace, resource, name) => requireNamespace(ground, namespace, resource, name),
    update: (target, change, options) => update(ground, target, change, options),
    delete: (target, options, admit) => remove(ground, target, options, admit),
  };
}

function contextOf({ store, timers, random }: Ground): RuleContext {
  return { now: timers.now(), random, find: (resource, key) => store.get(resource, key) };
}

function find(
  { store }: Ground,
  { store: id, subject }: Resource,
  namespace: string | undefined,
  name: string,
): KubeObject {
  const found = store.get(id, keyOf(namespace, name));
  if (!found) throw notFound(subject, name);
  return found;
}

function create(
  ground: Ground,
  resource: Resource,
  namespace: string | undefined,
  object: KubeObject,
  { dryRun, admit }: WriteOptions,
): KubeObject {
  const { store, timers, random } = ground;
  const { subject, kindSubject, rules, nameRule } = resource;
  const { metadata } = object;
  if (metadata.resourceVersion) throw internal("resourceVersion should not be set on objects to be created");
  if (!metadata.name && metadata.generateName)
    metadata.name = metadata.generateName.slice(0, generatedPrefixMax) + nameSuffix(random);
  if (namespace) {
    metadata.namespace = namespace;
    requireNamespace(ground, namespace, resource, metadata.name);
  } else {
    delete metadata.namespace;
  }
  for (const key of ["deletionTimestamp", "deletionGracePeriodSeconds", "generation"] as const)
    delete metadata[key];
  metadata.uid = uuid(random);
  metadata.creationTimestamp = timestamp(timers.now());
  if (resource.hasGeneration) metadata.generation = 1;
  // The rules of several kinds look at it; it is not stored.
  object["kind"] = resource.kind;
  rules.prepareCreate?.(object, contextOf(ground));
  const errors = [...validateMetadata(object, nameRule), ...(rules.validate?.(object) ?? [])];
  if (errors.length > 0) throw invalid(kindSubject, metadata.name ?? "", errors);
  const key = keyOf(namespace, metadata.name);
  if (store.get(resource.store, key)) throw alreadyExists(subject, metadata.name);
  const ready = tidied(object);
  admit?.(ready, undefined);
  return dryRun ? ready : store.put(resource.store, key, ready);
}

/** https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#namespacelifecycle */
function requireNamespace({ store }: Ground, namespace: string, { subject }: Resource, name: string): void {
  const found = store.get("namespaces", namespace);
  if (!found) throw notFound({ group: "", resource: "namespaces" }, namespace);
  if (!found.metadata.deletionTimestamp) return;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const message = `namespace ${namespace} is being terminated`;
  throw forbidden(subject, name, why, [
    { reason: "NamespaceTerminating", message, field: "metadata.namespace" },
  ]);
}

function update(
  ground: Ground,
  target: Target,
  change: (current: KubeObject) => KubeObject,
  options: UpdateOptions,
): KubeObject {
  const { resource, namespace, name } = target;
  const old = find(ground, resource, namespace, name);
  const { store } = ground;
  const changed = change(clone(old));
  changed["kind"] = resource.kind;
  const { metadata } = changed;
  const { uid, resourceVersion } = metadata;
  if (options.put && uid && uid !== old.metadata.uid) {
    throw uidMismatch(target, uid, old.metadata.uid);
  }
  if (!resourceVersion || resourceVersion === "0") {
    if (!resource.unconditionalUpdate) throw versionRequired(resource, name);
  } else if (resourceVersion !== old.metadata.resourceVersion) {
    throw modified(resource.subject, name);
  }
  prepareUpdate(ground, resource, changed, old, options.subresource);
  const errors = validateUpdate(resource, changed, old, options.subresource);
  if (errors.length > 0) throw invalid(resource.kindSubject, name, errors);

  const ready = tidied(changed);
  options.admit?.(ready, old);
  if (isReadyToGo(ready, old) && !resource.rules.holdsDeletion?.(ready)) {
    if (!options.dryRun) store.remove(resource.store, keyOf(namespace, name));
    return ready;
  }
  // A write that changes nothing is none: no new version, no event.
  if (equal(ready, old)) return old;
  return options.dryRun ? ready : store.put(resource.store, keyOf(namespace, name), ready);
}

function prepareUpdate(
  ground: Ground,
  resource: Resource,
  changed: KubeObject,
  old: KubeObject,
  subresource?: string,
): void {
  const { metadata } = changed;
  metadata.generation = old.metadata.generation;
  if (subresource === "status") resource.rules.prepareStatusUpdate?.(changed, old);
  else if (subresource === undefined) resource.rules.prepareUpdate?.(changed, old, contextOf(ground));
  if (resource.hasGeneration && subresource === undefined) {
    const counts = resource.rules.raisesGeneration?.(changed, old) ?? false;
    if (counts || !equal(specOf(changed), specOf(old)))
      metadata.generation = (old.metadata.generation ?? 0) + 1;
  }
  metadata.uid ||= old.metadata.uid;
  metadata.creationTimestamp = old.metadata.creationTimestamp;
  metadata.resourceVersion = old.metadata.resourceVersion;
  metadata.namespace ??= old.metadata.namespace;
  if (old.metadata.deletionTimestamp) metadata.deletionTimestamp = old.metadata.deletionTimestamp;
  if (old.metadata.deletionGracePeriodSeconds !== undefined) {
    metadata.deletionGracePeriodSeconds ??= old.metadata.deletionGracePeriodSeconds;
  }
}

function validateUpdate(
  { rules, nameRule }: Resource,
  changed: KubeObject,
  old: KubeObject,
  subresource?: string,
): FieldError[] {
  // The real server checks the metadata twice, once for all kinds and once for this one; the causes show it.
  const metadata = validateMetadataUpdate(changed, old);
  if (subresource !== undefined) {
    const status = subresource === "status" ? (rules.validateStatus?.(changed) ?? []) : [];
    return [...metadata, ...metadata, ...status];
  }
  const own = rules.validate?.(changed) ?? [];
  const checks = { metadata, own, object: [...validateMetadata(changed, nameRule), ...own] };
  const order = rules.updateChecks ?? ["metadata", "own"];
  return [
    ...metadata,
    ...order.flatMap((check) => checks[check]),
    ...(rules.validateUpdate?.(changed, old) ?? []),
  ];
}

function remove(ground: Ground, target: Target, options: DeleteOptions, admit?: Admit): Deletion {
  const { resource, namespace, name } = target;
  const { store, timers } = ground;
  const key = keyOf(namespace, name);
  const old = find(ground, resource, namespace, name);
  const { object, marks, stays } = planDeletion(resource, old, options, timers.now());
  admit?.(undefined, old);
  const ready = tidied(object);
  // A dry run of a deletion at once shows the object as it is: nothing has marked it.
  if (options.dryRun) return { object: stays ? ready : old, gone: !stays };
  if (marks && !equal(ready, old)) store.put(resource.store, key, ready);
  if (stays) return { object: store.get(resource.store, key) ?? ready, gone: false };
  return { object: store.remove(resource.store, key) ?? ready, gone: true };
}

export function versionRequired({ subject }: Resource, name: string) {
  // The real server puts the resource where the kind belongs, and the number 0 for the empty text.
  const message = "Invalid value: 0: must be specified for an update";
  return invalid(subject, name, [
    { reason: "FieldValueInvalid", field: "metadata.resourceVersion", message },
  ]);
}

/** A PUT that names another uid than the stored object has; "" for none. */
export function uidMismatch({ resource, namespace, name }: Target, asked: string, stored: string) {
  const key = `/registry/${resource.plural}/${keyOf(namespace, name)}`;
  const why = `Precondition failed: UID in precondition: ${asked}, UID in object meta: ${stored}`;
  const storage = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0`;
  return conflict(resource.subject, name, `${storage}, AdditionalErrorMsg: ${why}`);
}

/** An update takes the last finalizer off an object whose deletion waits for nothing else. */
function isReadyToGo({ metadata }: KubeObject, { metadata: old }: KubeObject): boolean {
  return !!old.deletionTimestamp && !metadata.finalizers?.length && !old.deletionGracePeriodSeconds;
}

/** What counts as the spec: all that is neither metadata nor status. */
function specOf({ metadata: _, status: __, kind: ___, apiVersion: ____, ...spec }: KubeObject): Fields {
  return spec;
}

/** Stored objects carry neither kind (the resource says it) nor keys without a value. */
function tidied({ kind: _, apiVersion: __, ...object }: KubeObject): KubeObject {
  const metadata: Fields = {};
  for (const [key, value] of Object.entries(object.metadata)) {
    const empty = value === undefined || value === "" || (typeof value === "object" && isEmpty(value));
    if (!empty && !(key === "generation" && value === 0)) metadata[key] = value;
  }
  const kept = Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
  return { ...kept, metadata: metadata as unknown as KubeObject["metadata"] };
}

const isEmpty = (value: unknown) =>
  Array.isArray(value) ? value.length === 0 : Object.keys(fields(value)).length === 0;
