/** GET of one object, lists with paging, and watches. */
import { type Answer, answerJson } from "./answer.ts";
import { type Core, namespaceOf, type ResourceRequest } from "./core.ts";
import { apiVersionOf, itemJson, parseAccept, partialJson, wholeJson } from "./forms.ts";
import type { KubeObject } from "./object.ts";
import {
  checkVersion,
  decodeContinue,
  encodeContinue,
  type ListOptions,
  parseListOptions,
} from "./options.ts";
import { matchesFields, matchesLabels } from "./selectors.ts";
import { type ApiError, badRequest, expired, versionTooLarge } from "./status.ts";
import { rowJson, tableJson } from "./tables.ts";
import { pause } from "./timing.ts";

/** How long the real server waits for its cache to reach a version that the client has seen. */
const freshnessWaitMs = 3000;

type Entry = [string, KubeObject];

export async function get(core: Core, request: ResourceRequest): Promise<Answer> {
  const { resource, call, attributes } = request;
  const version = call.query.get("resourceVersion") ?? "";
  checkVersion(version, "get");
  await reach(core, request, version);
  const object = core.registry.find(resource, namespaceOf(request), attributes.name);
  return answerJson(200, objectJson(core, request, object));
}

/** One object in the form that the client asks for. */
export function objectJson(core: Core, { resource, call }: ResourceRequest, object: KubeObject): string {
  const form = parseAccept(call.headers["accept"] ?? "", false, resource.kind);
  if (form === "whole") return wholeJson(resource, object);
  if (form === "partial") return partialJson(resource, object);
  const include = call.query.get("includeObject") ?? "Metadata";
  const rows = [rowJson(resource, object, include, core.timers.now())];
  return tableJson(resource, rows, { resourceVersion: object.metadata.resourceVersion }, true);
}

export async function list(core: Core, request: ResourceRequest): Promise<Answer> {
  const options = parseListOptions(request.call.query, request.resource, false);
  const page = await readPage(core, request, options);
  return answerJson(200, listJson(core, request, page));
}

export interface Page {
  entries: Entry[];
  version: number;
  continue?: string | undefined;
  remaining?: number | undefined;
}

export async function readPage(core: Core, request: ResourceRequest, options: ListOptions): Promise<Page> {
  const { resource } = request;
  const namespace = namespaceOf(request);
  const prefix = namespace ? `${namespace}/` : "";
  const matches = ([, object]: Entry) =>
    matchesLabels(options.labels, object.metadata.labels) &&
    matchesFields(options.fields, resource.selectable, object);

  const { entries: all, version, start } = await readEntries(core, request, options, prefix);
  const isCached = options.resourceVersion === "0" && options.match !== "Exact" && !options.continue;
  const from = start === undefined ? all : all.filter(([key]) => key > prefix + start);
  if (options.limit <= 0 || isCached) return { entries: from.filter(matches), version };

  const entries: Entry[] = [];
  let i = 0;
  for (; i < from.length && entries.length < options.limit; i++) {
    const entry = from[i] as Entry;
    if (matches(entry)) entries.push(entry);
  }
  if (i >= from.length) return { entries, version };
  const last = (entries.at(-1) as Entry)[0].slice(prefix.length);
  const selects = options.labels.length > 0 || options.fields.length > 0;
  return {
    entries,
    version,
    continue: encodeContinue({ version, start: last }),
    remaining: selects ? undefined : from.length - i,
  };
}

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list */
async function readEntries(
  core: Core,
  request: ResourceRequest,
  options: ListOptions,
  prefix: string,
): Promise<{ entries: Entry[]; version: number; start?: string }> {
  const { store } = core;
  const id = request.resource.store;
  const { resourceVersion, match } = options;
  if (options.continue) {
    if (resourceVersion && resourceVersion !== "0") {
      throw badRequest("specifying resource version is not allowed when using continue");
    }
    const { version, start } = decodeContinue(options.continue);
    // After an expired token the client may go on from the newest state: that token has the version -1.
    if (version < 0) return { entries: store.list(id, prefix), version: store.versionOf(id), start };
    const entries = store.listAt(id, prefix, version);
    if (!entries) throw expiredContinue(start);
    return { entries, version, start };
  }
  await reach(core, request, resourceVersion);
  const asked = Number(resourceVersion);
  const isExact = match === "Exact" || (match === "" && asked > 0 && options.limit > 0);
  if (!isExact) return { entries: store.list(id, prefix), version: store.versionOf(id) };
  const entries = store.listAt(id, prefix, asked);
  if (!entries) throw expired("The resourceVersion for the provided list is too old.");
  return { entries, version: asked };
}

function expiredContinue(start: string): ApiError {
  const error = expired(
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
  );
  error.status.metadata["continue"] = encodeContinue({ version: -1, start });
  return error;
}

async function reach(
  { store, timers }: Core,
  { call, resource }: ResourceRequest,
  asked: string,
): Promise<void> {
  const newest = () => store.versionOf(resource.store);
  if (!asked || Number(asked) <= newest()) return;
  await pause(timers, freshnessWaitMs, call.signal);
  if (Number(asked) > newest()) throw versionTooLarge(asked, newest());
}

export function listJson(core: Core, { resource, call }: ResourceRequest, page: Page): string {
  const form = parseAccept(call.headers["accept"] ?? "", true, `${resource.kind}List`);
  const metadata = {
    resourceVersion: String(page.version),
    ...(page.continue && { continue: page.continue }),
    ...(page.remaining && { remainingItemCount: page.remaining }),
  };
  if (form === "table") {
    const include = call.query.get("includeObject") ?? "Metadata";
    const now = core.timers.now();
    const rows = page.entries.map(([, object]) => rowJson(resource, object, include, now));
    return tableJson(resource, rows, metadata, true);
  }
  const isPartial = form === "partial";
  const kind = isPartial ? "PartialObjectMetadataList" : `${resource.kind}List`;
  const apiVersion = isPartial ? "meta.k8s.io/v1" : apiVersionOf(resource);
  const items = page.entries.map(([, object]) =>
    isPartial ? partialJson(resource, object) : itemJson(resource, object),
  );
  const head = JSON.stringify({ kind, apiVersion, metadata }).slice(0, -1);
  // The real server makes the slice of this list while it fills it: an empty one was never made.
  if (isPartial && items.length === 0) return `${head},"items":null}`;
  return `${head},"items":[${items.join(",")}]}`;
}

export function watch(core: Core, request: ResourceRequest): Answer {
  const { resource, call, attributes } = request;
  const options = parseListOptions(call.query, resource, true);
  const named = attributes.name && !options.fields.some(({ field }) => field === "metadata.name");
  if (named) options.fields.push({ field: "metadata.name", equals: true, value: attributes.name });
  const namespace = namespaceOf(request);
  const opened = core.watches.open({
    resource,
    prefix: namespace ? `${namespace}/` : "",
    options,
    form: parseAccept(call.headers["accept"] ?? "", false, resource.kind),
    includeObject: call.query.get("includeObject") ?? "Metadata",
    delayMs: request.watchDelayMs,
    signal: call.signal,
  });
  request.onWatch(opened);
  return { status: 200, headers: { "content-type": "application/json" }, body: opened.chunks() };
}
