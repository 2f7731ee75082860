/**
 * The forms in which objects leave the server: whole, metadata alone, or as rows of a Table.
 * Stored objects never change, so the JSON of each is made once, however many watches and lists show it.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources
 */
import type { KubeObject } from "./object.ts";
import type { Resource } from "./resource.ts";
import { notAcceptable } from "./status.ts";

export type Form = "whole" | "partial" | "table";

export const apiVersionOf = ({ group, version }: Resource) => (group ? `${group}/${version}` : version);

const cache = new WeakMap<Resource, WeakMap<KubeObject, string>>();
const partialCache = new WeakMap<KubeObject, string>();

/** An item of a list: without kind and apiVersion. */
export function itemJson(resource: Resource, object: KubeObject): string {
  let known = cache.get(resource);
  if (!known) {
    known = new WeakMap();
    cache.set(resource, known);
  }
  let json = known.get(object);
  if (json === undefined) {
    json = JSON.stringify(resource.fromStored?.(object) ?? object);
    known.set(object, json);
  }
  return json;
}

export function wholeJson(resource: Resource, object: KubeObject): string {
  const head = `{"kind":"${resource.kind}","apiVersion":"${apiVersionOf(resource)}",`;
  return head + itemJson(resource, object).slice(1);
}

export function partialJson({ unseen }: Resource, object: KubeObject): string {
  let json = partialCache.get(object);
  if (json === undefined) {
    const metadata = JSON.stringify(unseen ? without(object, unseen) : object.metadata);
    json = `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":${metadata}}`;
    partialCache.set(object, json);
  }
  return json;
}

/** The metadata without an annotation that only the conversion to the whole object adds. */
function without({ metadata }: KubeObject, annotation: string): object {
  const { annotations, ...rest } = metadata;
  const { [annotation]: _, ...shown } = annotations ?? {};
  return { ...rest, ...(Object.keys(shown).length > 0 && { annotations: shown }) };
}

/** Which form an Accept header asks for, for one object or a list. Throws a 406. */
export function parseAccept(accept: string, isList: boolean, kind: string): Form {
  let refused: string | undefined;
  for (const entry of accept.split(",")) {
    const [type = "", ...parameters] = entry.split(";").map((part) => part.trim());
    if (!["application/json", "*/*", "application/*", ""].includes(type)) continue;
    const as = parameters.find((parameter) => parameter.startsWith("as="))?.slice(3);
    const group = parameters.find((parameter) => parameter.startsWith("g="))?.slice(2);
    const version = parameters.find((parameter) => parameter.startsWith("v="))?.slice(2);
    if (as === undefined) return "whole";
    if (group !== "meta.k8s.io" || (version !== "v1" && version !== "v1beta1")) continue;
    if (as === "Table") return "table";
    if (as === "PartialObjectMetadata" || as === "PartialObjectMetadataList") {
      if ((as === "PartialObjectMetadataList") === isList) return "partial";
      const mismatch = isList ? "is a list" : "is not a list";
      refused ??= `you requested ${as}, but the requested object ${mismatch} (*${kind})`;
    }
  }
  const types = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
  throw notAcceptable(refused ?? `only the following media types are accepted: ${types}`);
}
