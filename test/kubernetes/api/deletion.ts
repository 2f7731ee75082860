/**
 * What a DELETE does to an object: marks it, keeps it for its grace or its finalizers, or lets it go. Pure.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/
 */
import { clone, type KubeObject } from "./object.ts";
import type { Resource } from "./resource.ts";
import { conflict } from "./status.ts";
import { timestamp } from "./timing.ts";

export interface DeleteOptions {
  dryRun?: boolean;
  gracePeriodSeconds?: number | undefined;
  propagationPolicy?: string | undefined;
  orphanDependents?: boolean | undefined;
  uid?: string | undefined;
  resourceVersion?: string | undefined;
}

export interface Deletion {
  object: KubeObject;
  /** False while it waits for its grace or a finalizer. */
  gone: boolean;
}

export interface DeletionPlan {
  object: KubeObject;
  /** The object is written with its marks first; watches see that step too. */
  marks: boolean;
  /** It is not removed yet. */
  stays: boolean;
}

/** Throws a 409 when a precondition does not hold, and a 403 where the object may not be deleted. */
export function planDeletion(
  resource: Resource,
  old: KubeObject,
  options: DeleteOptions,
  now: number,
): DeletionPlan {
  resource.rules.mayDelete?.(old);
  checkPreconditions(resource, old, options);
  const object = clone(old);
  const { metadata } = object;
  const grace = startGrace(resource, object, options, now);
  if (grace === "pending") return { object: old, marks: false, stays: true };

  metadata.finalizers = finalizersFor(resource, metadata.finalizers ?? [], options);
  const heldElsewhere = resource.rules.holdsDeletion?.(object) ?? false;
  const held = heldElsewhere || metadata.finalizers.length > 0;
  if (held && grace === undefined) {
    if (!metadata.deletionTimestamp && metadata.generation) metadata.generation++;
    metadata.deletionTimestamp ??= timestamp(now);
    if (!heldElsewhere) metadata.deletionGracePeriodSeconds = 0;
    resource.rules.markDeleted?.(object);
  }
  // What is deleted gracefully is marked even with a grace of 0.
  return { object, marks: held || grace !== undefined, stays: held || (grace ?? 0) > 0 };
}

/** Sets deletionTimestamp where the kind has a grace. Undefined: no grace; "pending": already on its way. */
function startGrace({ rules }: Resource, object: KubeObject, options: DeleteOptions, now: number) {
  const { metadata } = object;
  if (!rules.grace) return undefined;
  const asked = options.gracePeriodSeconds;
  const running = metadata.deletionGracePeriodSeconds;
  if (metadata.deletionTimestamp) {
    if (!running) return undefined;
    const shorter = asked === undefined ? running : asked < 0 ? 1 : asked;
    // Only a shorter grace counts.
    if (shorter >= running) return "pending" as const;
    const start = Date.parse(metadata.deletionTimestamp) - running * 1000;
    metadata.deletionTimestamp = timestamp(start + shorter * 1000);
    metadata.deletionGracePeriodSeconds = shorter;
    return shorter;
  }
  const grace = rules.grace(object, asked);
  metadata.deletionTimestamp = timestamp(now + grace * 1000);
  metadata.deletionGracePeriodSeconds = grace;
  if (metadata.generation) metadata.generation++;
  return grace;
}

/** https://kubernetes.io/docs/concepts/architecture/garbage-collection/#cascading-deletion */
function finalizersFor({ rules }: Resource, own: string[], options: DeleteOptions): string[] {
  const { propagationPolicy: policy, orphanDependents: orphan } = options;
  const said = policy !== undefined || orphan !== undefined;
  const orphans =
    policy === "Orphan" || orphan === true || (!said && (own.includes("orphan") || rules.orphansByDefault));
  const waits = policy === "Foreground" || (!said && own.includes("foregroundDeletion"));
  const others = own.filter((name) => name !== "orphan" && name !== "foregroundDeletion");
  return [...others, ...(orphans ? ["orphan"] : []), ...(waits ? ["foregroundDeletion"] : [])];
}

export function checkPreconditions(
  { kindSubject, kind }: Resource,
  { metadata }: KubeObject,
  options: DeleteOptions,
): void {
  const subject = { group: kindSubject.group, resource: kind };
  const { uid, resourceVersion } = options;
  if (uid !== undefined && uid !== metadata.uid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`;
    throw conflict(subject, metadata.name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`;
    throw conflict(subject, metadata.name, why);
  }
}
