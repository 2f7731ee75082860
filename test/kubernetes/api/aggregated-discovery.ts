/**
 * All groups, versions and resources in one answer, for clients that ask for it by their Accept header.
 * https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery
 */
import { createHash } from "node:crypto";
import type { Answer } from "./answer.ts";
import type { Fields } from "./object.ts";
import type { Call } from "./request.ts";
import type { Resource } from "./resource.ts";
import { groupVersions, resources } from "./resources.ts";

const mediaType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/** The answer to /api or /apis; undefined when the client prefers the old form. */
export function answerAggregated({ path, headers }: Call): Answer | undefined {
  const root = path.replace(/\/$/, "");
  if (root !== "/api" && root !== "/apis") return undefined;
  if (!prefersAggregated(headers["accept"] ?? "")) return undefined;
  const isCore = root === "/api";
  const groups = [...new Set(resources.map(({ group }) => group))].filter(
    (group) => (group === "") === isCore,
  );
  const items = groups.sort().map(groupItem);
  const list = { kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2", metadata: {}, items };
  const body = JSON.stringify(list);
  const etag = `"${createHash("sha512").update(body).digest("hex").toUpperCase()}"`;
  const own = { etag, vary: "Accept" };
  if (headers["if-none-match"] === etag) return { status: 304, headers: own, body: "" };
  return { status: 200, headers: { "content-type": mediaType, ...own }, body };
}

/** The first entry that can be served decides; v2beta1 has gone. */
function prefersAggregated(accept: string): boolean {
  for (const entry of accept.split(",")) {
    const [type, ...parameters] = entry.split(";").map((part) => part.trim());
    if (type !== "application/json" && type !== "*/*") continue;
    const wish = Object.fromEntries(parameters.map((parameter) => parameter.split("=")));
    if (wish.as === undefined) return false;
    if (wish.as === "APIGroupDiscoveryList" && wish.g === "apidiscovery.k8s.io" && wish.v === "v2")
      return true;
  }
  return false;
}

function groupItem(name: string): Fields {
  const versions = [...groupVersions]
    .filter((groupVersion) => groupVersion.startsWith(`${name}/`))
    .map((groupVersion) => groupVersion.slice(name.length + 1));
  return {
    metadata: { ...(name && { name }) },
    versions: versions.map((version) => ({
      version,
      resources: resources
        .filter((row) => row.group === name && row.version === version)
        .sort((a, b) => (a.plural < b.plural ? -1 : 1))
        .map(resourceItem),
      freshness: "Current",
    })),
  };
}

function resourceItem(resource: Resource): Fields {
  const { group, version, kind, plural, singular, namespaced, verbs, shortNames, categories } = resource;
  const subresources = resource.subresources.map((sub) => ({
    subresource: sub.name,
    responseKind: sub.kind ?? { group, version, kind },
    verbs: sub.verbs,
  }));
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs,
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    ...(subresources.length > 0 && { subresources }),
  };
}
