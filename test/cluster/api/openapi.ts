/**
 * As much OpenAPI as kubectl needs to see that the server checks fields itself: the PATCH of each resource.
 * https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3
 */
import type { Fields } from "./object.ts";
import type { Resource } from "./resource.ts";
import { groupVersions, resources } from "./resources.ts";

const pathOf = (groupVersion: string) =>
  groupVersion.startsWith("/") ? `api${groupVersion}` : `apis/${groupVersion}`;

/** The document at /openapi/v3, or below it; undefined where there is none. */
export function openapiDocument(path: string): Fields | undefined {
  const wanted = path.replace(/^\/openapi\/v3\/?/, "");
  if (wanted === "") {
    const entries = [...groupVersions].map(pathOf);
    return {
      paths: Object.fromEntries(entries.map((at) => [at, { serverRelativeURL: `/openapi/v3/${at}` }])),
    };
  }
  const found = [...groupVersions].find((groupVersion) => pathOf(groupVersion) === wanted);
  if (found === undefined) return undefined;
  const own = resources.filter(({ group, version }) => `${group}/${version}` === found);
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "v1.36.2" },
    paths: Object.fromEntries(
      own.map((resource) => [`/${wanted}/${itemPath(resource)}`, { patch: patchOf(resource) }]),
    ),
  };
}

const itemPath = ({ namespaced, plural }: Resource) =>
  `${namespaced ? "namespaces/{namespace}/" : ""}${plural}/{name}`;

function patchOf({ group, version, kind, plural }: Resource): Fields {
  const parameter = (name: string) => ({ name, in: "query", schema: { type: "string" } });
  return {
    operationId: `patch ${plural}`,
    parameters: ["dryRun", "fieldManager", "fieldValidation"].map(parameter),
    responses: { 200: { description: "OK" } },
    "x-kubernetes-action": "patch",
    "x-kubernetes-group-version-kind": { group, kind, version },
  };
}
