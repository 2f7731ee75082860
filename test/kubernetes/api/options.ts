/** Query parameters of lists and watches, checked as apimachinery's ListOptions are. */
import { type FieldError, forbiddenField, invalidValue, notSupported } from "./field-error.ts";
import type { Resource } from "./resource.ts";
import {
  type FieldRequirement,
  parseFieldSelector,
  parseLabelSelector,
  type Requirement,
} from "./selectors.ts";
import { badRequest, internal, invalid } from "./status.ts";

export interface ListOptions {
  labels: Requirement[];
  fields: FieldRequirement[];
  resourceVersion: string;
  match: string;
  limit: number;
  continue: string;
  watch: boolean;
  timeoutSeconds: number | undefined;
  allowWatchBookmarks: boolean;
  sendInitialEvents: boolean;
}

export function parseListOptions(query: URLSearchParams, resource: Resource, watch: boolean): ListOptions {
  const get = (name: string) => query.get(name) ?? "";
  const options = {
    labels: parseLabelSelector(get("labelSelector")),
    fields: parseFieldSelector(get("fieldSelector")),
    resourceVersion: get("resourceVersion"),
    match: get("resourceVersionMatch"),
    limit: parseInteger(get("limit")) ?? 0,
    continue: get("continue"),
    watch,
    timeoutSeconds: parseInteger(get("timeoutSeconds")),
    allowWatchBookmarks: parseBoolean(get("allowWatchBookmarks")),
    sendInitialEvents: parseBoolean(get("sendInitialEvents")),
  };
  for (const { field } of options.fields) {
    if (!(field in resource.selectable)) throw badRequest(resource.notSelectable(field));
  }
  const errors = faults(options, query.has("sendInitialEvents"));
  if (errors.length > 0) throw invalid({ group: "meta.k8s.io", resource: "ListOptions" }, "", errors);
  checkVersion(options.resourceVersion, watch ? "watch" : "list");
  return options;
}

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list */
function faults(
  { match, resourceVersion, watch, continue: token }: ListOptions,
  asksInitial: boolean,
): FieldError[] {
  const field = "resourceVersionMatch";
  if (watch) return watchFaults(match, token, asksInitial);
  const errors: FieldError[] = [];
  if (match) {
    if (!resourceVersion) {
      errors.push(
        forbiddenField(field, "resourceVersionMatch is forbidden unless resourceVersion is provided"),
      );
    }
    if (token)
      errors.push(forbiddenField(field, "resourceVersionMatch is forbidden when continue is provided"));
    if (match !== "Exact" && match !== "NotOlderThan") {
      errors.push(notSupported(field, match, ["Exact", "NotOlderThan", ""]));
    }
    if (match === "Exact" && resourceVersion === "0") {
      errors.push(forbiddenField(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
    }
  }
  if (asksInitial)
    errors.push(forbiddenField("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  return errors;
}

function watchFaults(match: string, token: string, asksInitial: boolean): FieldError[] {
  const field = "resourceVersionMatch";
  const errors: FieldError[] = [];
  if (asksInitial && match !== "NotOlderThan") {
    errors.push(
      forbiddenField(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
    );
  }
  if (!match) return errors;
  if (!asksInitial) {
    const rule = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
    errors.push(forbiddenField(field, rule));
  }
  if (match !== "NotOlderThan") errors.push(notSupported(field, match, ["NotOlderThan"]));
  if (token)
    errors.push(forbiddenField(field, "resourceVersionMatch is forbidden when continue is provided"));
  return errors;
}

/** A version that is no number: a list says 400, a watch and a get 500. */
export function checkVersion(version: string, verb: "get" | "list" | "watch"): void {
  if (/^\d*$/.test(version)) return;
  const why = `strconv.ParseUint: parsing "${version}": invalid syntax`;
  const { field, message } = invalidValue("resourceVersion", version, why);
  if (verb === "list") throw badRequest(`invalid resource version: ${field}: ${message}`);
  throw internal(`${field}: ${message}`);
}

export function parseInteger(value: string): number | undefined {
  if (value === "") return undefined;
  if (!/^[+-]?\d+$/.test(value))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
  return Number(value);
}

/** As apimachinery reads booleans in queries: everything but "false" and "0" is true. */
export function parseBoolean(value: string): boolean {
  return value !== "" && value !== "false" && value !== "0";
}

const goError = (character: string) => {
  const code = character.charCodeAt(0);
  const shown =
    code < 0x20 || (code >= 0x7f && code < 0xa0) ? `\\u${code.toString(16).padStart(4, "0")}` : character;
  return `invalid character '${shown}' looking for beginning of value`;
};

export interface Continuation {
  version: number;
  start: string;
}

export function encodeContinue({ version, start }: Continuation): string {
  const token = JSON.stringify({ v: "meta.k8s.io/v1", rv: version, start: `${start}\u0000` });
  return Buffer.from(token).toString("base64url");
}

export function decodeContinue(token: string): Continuation {
  const refuse = (why: string) => badRequest(`invalid continue token: continue key is not valid: ${why}`);
  const wrong = token.search(/[^\w-]/);
  if (wrong >= 0) throw refuse(`illegal base64 data at input byte ${wrong}`);
  const text = Buffer.from(token, "base64url").toString("latin1");
  let parsed: { v?: unknown; rv?: unknown; start?: unknown };
  try {
    parsed = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
  } catch {
    throw refuse(goError(text.charAt(0)));
  }
  if (parsed.v !== "meta.k8s.io/v1") throw refuse("server does not recognize this encoded version");
  if (typeof parsed.rv !== "number" || typeof parsed.start !== "string") {
    throw refuse("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  }
  return { version: parsed.rv, start: parsed.start.replace(/\0$/, "") };
}
