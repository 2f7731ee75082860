/** What the table of resources says of each: names, scope, and the rules in which it differs from the others. */
import type { FieldError } from "./field-error.ts";
import type { KubeObject } from "./object.ts";
import type { FieldReaders } from "./selectors.ts";
import type { Subject } from "./status.ts";

/** What the rules of a kind may look at besides the object itself. */
export interface RuleContext {
  now: number;
  random: () => number;
  /** Another object of the cluster, by resource id and key. */
  find(resource: string, key: string): KubeObject | undefined;
}

export interface Subresource {
  name: string;
  verbs: string[];
  /** The kind it speaks, where that is not the resource's own. */
  kind?: { group: string; version: string; kind: string };
}

export interface Resource {
  group: string;
  version: string;
  kind: string;
  plural: string;
  singular: string;
  shortNames: string[];
  categories: string[];
  namespaced: boolean;
  /** Name of the published type. */
  type: string;
  verbs: string[];
  subresources: Subresource[];
  /** Where its objects are kept: events of both groups are the same objects. */
  store: string;
  /** The forms of a stored object and of this resource, where they differ. */
  toStored?: (object: KubeObject) => KubeObject;
  fromStored?: (object: KubeObject) => KubeObject;
  /** What errors name: the resource (with 404, 409) and the kind (with 422). */
  subject: Subject;
  kindSubject: Subject;
  nameRule: NameRule;
  /** PUT without a resourceVersion overwrites. */
  unconditionalUpdate: boolean;
  /** PUT to a name that does not exist creates. */
  createOnUpdate: boolean;
  /** DELETE answers with the object and not with a Status. */
  returnsDeleted: boolean;
  /** metadata.generation starts at 1 and rises with the spec. */
  hasGeneration: boolean;
  /** Whether the server keeps a cache of its own for watches: then old versions are refused in its words. */
  cached: boolean;
  selectable: FieldReaders;
  /** An annotation that metadata-only forms and Tables do not show: the server does not store it as one. */
  unseen?: string;
  /** The message about a field that cannot be selected. */
  notSelectable: (field: string) => string;
  rules: Rules;
}

export type NameRule = "subdomain" | "label" | "label1035" | "path";

/** All may change the object they are given: it is a copy. */
export interface Rules {
  /** Defaults of a new object, and what admission adds. May throw an ApiError. */
  prepareCreate?: (object: KubeObject, context: RuleContext) => void;
  prepareUpdate?: (object: KubeObject, old: KubeObject, context: RuleContext) => void;
  prepareStatusUpdate?: (object: KubeObject, old: KubeObject) => void;
  validate?: (object: KubeObject) => FieldError[];
  /** Rules of what `/status` may be set to. */
  validateStatus?: (object: KubeObject) => FieldError[];
  /** Rules that need the old object as well; those of `validate` have been checked. */
  validateUpdate?: (object: KubeObject, old: KubeObject) => FieldError[];
  /**
   * What the real server checks on update after the metadata, in its order. It checks some things more than once,
   * and the causes of its 422 tell. "object" is what it checks in a new object, "own" the part of that without metadata.
   */
  updateChecks?: ("metadata" | "object" | "own")[];
  /** What raises the generation besides the spec. */
  raisesGeneration?: (object: KubeObject, old: KubeObject) => boolean;
  /** The grace of a deletion in seconds; only kinds that are deleted gracefully have it. */
  grace?: (object: KubeObject, asked: number | undefined) => number;
  /** Throws where the object may not be deleted at all. */
  mayDelete?: (object: KubeObject) => void;
  /** Whether something besides metadata.finalizers keeps a deleted object. */
  holdsDeletion?: (object: KubeObject) => boolean;
  /** What else shows that the deletion has begun. */
  markDeleted?: (object: KubeObject) => void;
  /** What happens to dependents when the client does not say. */
  orphansByDefault?: boolean;
}

export const resourceId = (group: string, plural: string) => (group ? `${plural}.${group}` : plural);
