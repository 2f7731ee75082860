/** A row of the table of resources. What is not said of one holds for all. */
import { at, type Fields } from "./object.ts";
import { type Resource, resourceId, type Subresource } from "./resource.ts";
import type { FieldReaders } from "./selectors.ts";

export const everyVerb = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

type Row = Partial<Omit<Resource, "group" | "version">> & { kind: string; plural: string };

export function resource(group: string, version: string, row: Row): Resource {
  const id = resourceId(group, row.plural);
  return {
    group,
    version,
    singular: row.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced: true,
    type: `V1${row.kind}`,
    verbs: everyVerb,
    subresources: [],
    store: id,
    subject: { group, resource: row.plural },
    kindSubject: { group, resource: row.kind },
    nameRule: "subdomain",
    unconditionalUpdate: true,
    createOnUpdate: false,
    returnsDeleted: false,
    hasGeneration: false,
    cached: true,
    notSelectable: (field) =>
      `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
    rules: {},
    ...row,
    selectable: { ...metadataFields, ...row.selectable },
  };
}

/** A field selector that is known under the path it has in the object. */
export const paths = (...names: string[]): FieldReaders =>
  Object.fromEntries(names.map((name) => [name, (object: Fields) => shown(at(object, ...name.split(".")))]));

export const shown = (value: unknown) => (value === undefined ? "" : String(value));
const metadataFields = paths("metadata.name", "metadata.namespace");
export const notSupported = (field: string) => `field label not supported: ${field}`;

export const status: Subresource = { name: "status", verbs: ["get", "patch", "update"] };
