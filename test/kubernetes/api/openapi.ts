/**
 * As much OpenAPI as kubectl needs to see that the server checks fields itself: the PATCH of each resource.
 * https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3
 */
import { type Answer, answerValue } from "./answer.ts";
import type { Fields } from "./object.ts";
import { writeBytes } from "./protobuf-wire.ts";
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

/**
 * The document at /openapi/v2, which kubectl before 1.26 wants to have seen. It names no kinds, so such a kubectl leaves
 * checking to the server. In protobuf for who asks for that, by the field numbers of
 * https://github.com/google/gnostic-models/blob/main/openapiv2/OpenAPIv2.proto.
 */
export function answerOpenapiV2(accept: string): Answer {
  const info = { title: "Kubernetes", version: "v1.36.2" };
  if (!accept.includes("protobuf")) {
    return answerValue(200, { swagger: "2.0", info, paths: {}, definitions: {} });
  }
  const text = (field: number, value: string) => writeBytes(field, Buffer.from(value));
  const infoBytes = Buffer.concat([text(1, info.title), text(2, info.version)]);
  const document = Buffer.concat([text(1, "2.0"), writeBytes(2, infoBytes), text(8, ""), text(9, "")]);
  return {
    status: 200,
    headers: { "content-type": "application/com.github.proto-openapi.spec.v2.v1.0+protobuf" },
    // Nothing in it is beyond ASCII, so it is the same as text.
    body: document.toString("latin1"),
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
