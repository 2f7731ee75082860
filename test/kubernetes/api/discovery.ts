/**
 * What the server says about itself: groups, versions, resources, health.
 * https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
 */
import { answerAggregated } from "./aggregated-discovery.ts";
import { type Answer, answerText, answerValue } from "./answer.ts";
import type { Fields } from "./object.ts";
import { answerOpenapiV2, openapiDocument } from "./openapi.ts";
import type { Call } from "./request.ts";
import { groups, groupVersions, resources } from "./resources.ts";
import { noSuchPath } from "./status.ts";

const version = {
  major: "1",
  minor: "36",
  emulationMajor: "1",
  emulationMinor: "36",
  minCompatibilityMajor: "1",
  minCompatibilityMinor: "35",
  gitVersion: "v1.36.2",
  gitCommit: "0000000000000000000000000000000000000000",
  gitTreeState: "clean",
  buildDate: "2026-01-01T00:00:00Z",
  goVersion: "go1.26.0",
  compiler: "gc",
  platform: "linux/amd64",
};

const notFoundText = () => answerText(404, "404 page not found\n");

/** Answers a path that is no resource. */
export function answerPath(call: Call): Answer {
  const { path, method } = call;
  const parts = path.split("/").filter(Boolean);
  if (method !== "GET") return notFoundText();
  const aggregated = answerAggregated(call);
  if (aggregated) return aggregated;
  switch (parts[0]) {
    case "healthz":
    case "livez":
    case "readyz":
      return answerText(200, "ok");
    case "version":
      return answerValue(200, version);
    case "api":
      if (parts.length === 1) {
        const serverAddressByClientCIDRs = [{ clientCIDR: "0.0.0.0/0", serverAddress: "127.0.0.1:6443" }];
        return answerValue(200, { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs });
      }
      if (parts[1] !== "v1") throw noSuchPath();
      return answerValue(200, resourceList("", "v1"));
    case "openapi": {
      if (path === "/openapi/v2") return answerOpenapiV2(call.headers["accept"] ?? "");
      const document = openapiDocument(path);
      return document ? answerValue(200, document) : notFoundText();
    }
    case "apis":
      return answerGroups(parts.slice(1));
    default:
      return notFoundText();
  }
}

function answerGroups([group, groupVersion]: string[]): Answer {
  const named = [...groups].filter(Boolean).sort();
  if (group === undefined) {
    return answerValue(200, { kind: "APIGroupList", apiVersion: "v1", groups: named.map(groupEntry) });
  }
  if (!named.includes(group)) return notFoundText();
  if (groupVersion === undefined) {
    return answerValue(200, { kind: "APIGroup", apiVersion: "v1", ...groupEntry(group) });
  }
  if (!groupVersions.has(`${group}/${groupVersion}`)) throw noSuchPath();
  return answerValue(200, resourceList(group, groupVersion));
}

function groupEntry(name: string): Fields {
  const versions = [...groupVersions]
    .filter((groupVersion) => groupVersion.startsWith(`${name}/`))
    .map((groupVersion) => ({ groupVersion, version: groupVersion.slice(name.length + 1) }));
  return { name, versions, preferredVersion: versions[0] };
}

function resourceList(group: string, groupVersion: string): Fields {
  const own = resources.filter((row) => row.group === group && row.version === groupVersion);
  const entries = own.flatMap(
    ({ plural, singular, namespaced, kind, verbs, shortNames, categories, subresources }) => [
      {
        name: plural,
        singularName: singular,
        namespaced,
        kind,
        verbs,
        ...(shortNames.length > 0 && { shortNames }),
        ...(categories.length > 0 && { categories }),
      },
      ...subresources.map((sub) => ({
        name: `${plural}/${sub.name}`,
        singularName: "",
        namespaced,
        ...(sub.kind?.group && { group: sub.kind.group }),
        ...(sub.kind && sub.kind.group !== group && { version: sub.kind.version }),
        kind: sub.kind?.kind ?? kind,
        verbs: sub.verbs,
      })),
    ],
  );
  const list = { kind: "APIResourceList", groupVersion: group ? `${group}/${groupVersion}` : groupVersion };
  // The list of the core group is older than the others and has no apiVersion.
  return { ...list, ...(group && { apiVersion: "v1" }), resources: entries.sort(byName) };
}

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
