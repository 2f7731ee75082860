/** The answers of the API, from text to values. Pure. */
import * as z from "zod/mini";
import { ApiError, type ApiErrorCode, type StatusCause, type WatchEvent } from "./api.ts";
import type { List } from "./objects.ts";
import type { ApiResponse } from "./transport.ts";

/**
 * An answer's object (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris), without
 * fields that are `null`.
 */
export function parseAnswer<T>(what: string, text: string): T {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
    dropNulls(answer);
  } catch (cause) {
    throw new ApiError(`${what}: the answer is not JSON`, { code: "bad-answer", cause });
  }
  if (isObject(answer)) return answer as T;
  throw new ApiError(`${what}: the answer is not an object`, { code: "bad-answer" });
}

/** In Node since version 21; the types of TypeScript do not have it yet. */
const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): unknown };

/**
 * An answer's object to the letter, for a client that writes the whole of it back: `JSON.stringify` makes the
 * same JSON of it again. An int64 may be larger than the largest whole number of JavaScript.
 * https://tc39.es/proposal-json-parse-with-source/
 */
export function parseWhole<T>(what: string, text: string): T {
  parseAnswer(what, text);
  const asWritten = (_key: string, value: unknown, { source }: { source?: string } = {}): unknown =>
    typeof value === "number" && source !== undefined && String(value) !== source ? rawJSON(source) : value;
  return JSON.parse(text, asWritten);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Removes fields that are `null`. In the API `null` means the same as a missing field: Go writes a nil slice,
 * map or pointer as `null` in a field that is always written, such as `items` of a list of metadata,
 * `drivers` of a CSINode, `creationTimestamp` of a template. Readers of an object need to check for
 * `undefined` only.
 * https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#optional-vs-required
 */
function dropNulls(value: unknown): void {
  if (Array.isArray(value)) {
    for (const item of value) dropNulls(item);
  } else if (isObject(value)) {
    for (const key in value) {
      if (value[key] === null) delete value[key];
      else dropNulls(value[key]);
    }
  }
}

/**
 * `items` is missing in an empty list of metadata, and possibly in an empty list of an aggregated API server.
 */
const listSchema = z.object({
  metadata: z.optional(
    z.object({
      resourceVersion: z.optional(z.string()),
      continue: z.optional(z.string()),
      remainingItemCount: z.optional(z.int()),
    }),
  ),
  items: z.optional(z.array(z.record(z.string(), z.unknown()))),
  // A table has these in place of items.
  columnDefinitions: z.optional(z.array(z.object({ name: z.string() }))),
  rows: z.optional(z.array(z.object({ cells: z.array(z.unknown()) }))),
});

export function parseList<T>(what: string, text: string): List<T> {
  const parsed = listSchema.safeParse(parseAnswer(what, text));
  if (!parsed.success) {
    const { path = [], message } = parsed.error.issues[0] ?? {};
    throw new ApiError(`${what}: the answer is not a list: ${["", ...path].join(".")}: ${message}`, {
      code: "bad-answer",
    });
  }
  const { metadata, columnDefinitions: columns = [], rows } = parsed.data;
  const items = rows?.map(({ cells }) =>
    Object.fromEntries(columns.map(({ name }, at) => [name, cells[at]])),
  );
  return {
    metadata: {
      resourceVersion: metadata?.resourceVersion,
      continue: metadata?.continue || undefined,
      remainingItemCount: metadata?.remainingItemCount,
    },
    items: (items ?? parsed.data.items ?? []) as T[],
    size: text.length,
  };
}

interface Status {
  code?: number;
  reason?: string;
  message?: string;
  details?: { causes?: StatusCause[]; retryAfterSeconds?: number };
}

/** One line of a watch. Throws an ApiError for an event of type ERROR, which ends the watch. */
export function parseEvent<T>(what: string, line: string, { hide }: ApiResponse): WatchEvent<T> {
  const { type, object } = parseAnswer<{ type?: unknown; object?: unknown }>(what, line);
  // Without this check, an event without an object would count as a deletion.
  if (!isObject(object)) throw new ApiError(`${what}: an event without an object`, { code: "bad-answer" });
  if (type !== "ERROR") return { type, object } as WatchEvent<T>;
  const status: Status = object;
  const message = status.message ?? "the server ended the watch with an error";
  throw new ApiError(`${what}: ${hide?.(message) ?? message}`, {
    code: codeOf(status.code ?? 500, status.reason),
    status: status.code,
  });
}

/**
 * The error of an answer that is not 2xx. `now`: milliseconds since the epoch, for a Retry-After with a date.
 */
export function refusal(what: string, response: ApiResponse, text: string, now: number): ApiError {
  let status: Status = {};
  try {
    status = parseAnswer<Status>(what, text);
  } catch {
    // A proxy in between answers in its own words.
  }
  const hide = (shown: string) => response.hide?.(shown) ?? shown;
  // Hide first, then cut: half of a secret is not recognized.
  const message = hide(status.message ?? text).slice(0, status.message === undefined ? 200 : undefined);
  return new ApiError(`${what}: ${response.status}: ${message || "no reason given"}`, {
    code: codeOf(response.status, status.reason),
    status: response.status,
    retryAfterMs:
      retryAfterMs(response.header("retry-after"), now) ?? secondsToMs(status.details?.retryAfterSeconds),
    causes: status.details?.causes?.map(({ message, ...cause }) =>
      message === undefined ? cause : { ...cause, message: hide(message) },
    ),
  });
}

/** Seconds or a date: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
function retryAfterMs(value: string | undefined, now: number): number | undefined {
  if (value === undefined || value === "") return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function secondsToMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}

/**
 * https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#http-status-codes
 */
function codeOf(status: number, reason: string | undefined): ApiErrorCode {
  switch (status) {
    case 401:
      return "unauthorized";
    case 403:
      return "forbidden";
    case 404:
      return "not-found";
    case 409:
      return reason === "AlreadyExists" ? "already-exists" : "conflict";
    case 410:
      return "expired";
    case 429:
      return "too-many-requests";
    default:
      return status >= 500 ? "server-error" : "invalid";
  }
}
