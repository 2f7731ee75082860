/** The rules of metadata that hold for every kind, after apimachinery's `api/validation`. */
import { type FieldError, forbiddenField, invalidValue, required, tooLong } from "./field-error.ts";
import {
  faultsOfLabel,
  faultsOfLabel1035,
  faultsOfLabelValue,
  faultsOfPathSegment,
  faultsOfQualifiedName,
  faultsOfSubdomain,
} from "./names.ts";
import { at, equal, type KubeObject, text } from "./object.ts";
import type { NameRule } from "./resource.ts";

const annotationBytesMax = 256 * 1024;

const nameFaults: Record<NameRule, (name: string) => string[]> = {
  subdomain: faultsOfSubdomain,
  label: faultsOfLabel,
  label1035: faultsOfLabel1035,
  path: faultsOfPathSegment,
};

export function validateMetadata({ metadata }: KubeObject, nameRule: NameRule): FieldError[] {
  const { name, generateName } = metadata;
  const errors: FieldError[] = [];
  if (generateName) {
    // A prefix may end in a dash; what follows is added by the server.
    const faults = nameFaults[nameRule](generateName.replace(/-$/, "a"));
    errors.push(...faults.map((fault) => invalidValue("metadata.generateName", generateName, fault)));
  }
  if (!name) {
    errors.push(required("metadata.name", "name or generateName is required"));
  } else {
    errors.push(...nameFaults[nameRule](name).map((fault) => invalidValue("metadata.name", name, fault)));
  }
  return [...errors, ...validateMaps(metadata)];
}

function validateMaps({
  labels = {},
  annotations = {},
  ownerReferences = [],
}: KubeObject["metadata"]): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(labels)) {
    errors.push(...faultsOfQualifiedName(key).map((fault) => invalidValue("metadata.labels", key, fault)));
    errors.push(...faultsOfLabelValue(value).map((fault) => invalidValue("metadata.labels", value, fault)));
  }
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    const faults = faultsOfQualifiedName(key.toLowerCase());
    errors.push(...faults.map((fault) => invalidValue("metadata.annotations", key, fault)));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > annotationBytesMax) errors.push(tooLong("metadata.annotations", annotationBytesMax));
  for (const reference of ownerReferences) {
    for (const key of ["apiVersion", "kind", "name", "uid"]) {
      if (text(at(reference, key))) continue;
      const detail = key === "apiVersion" ? "version must not be empty" : "must not be empty";
      errors.push(invalidValue(`metadata.ownerReferences.${key}`, at(reference, key) ?? "", detail));
    }
  }
  return errors;
}

const immutable = [
  "name",
  "namespace",
  "uid",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
] as const;

/** What an update may not do to the metadata. */
export function validateMetadataUpdate(
  { metadata }: KubeObject,
  { metadata: old }: KubeObject,
): FieldError[] {
  const errors: FieldError[] = [];
  if (old.deletionTimestamp) {
    const added = (metadata.finalizers ?? []).filter((name) => !old.finalizers?.includes(name));
    if (added.length > 0) {
      const shown = `[]string{${added.map((name) => JSON.stringify(name)).join(", ")}}`;
      const detail = `no new finalizers can be added if the object is being deleted, found new finalizers ${shown}`;
      errors.push(forbiddenField("metadata.finalizers", detail));
    }
  }
  for (const key of immutable) {
    if (equal(metadata[key], old[key])) continue;
    errors.push(invalidValue(`metadata.${key}`, metadata[key], "field is immutable"));
  }
  return [...errors, ...validateMaps(metadata)];
}
