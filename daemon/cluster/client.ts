import * as z from "zod/mini";
import type { Clock } from "../time/clock.ts";
import { DeadlineError, withDeadline } from "../time/deadline.ts";
import { linked, over } from "../time/linked.ts";
import {
  type Api,
  ApiError,
  type ApiErrorCode,
  type CallOptions,
  type StatusCause,
  type WatchEvent,
  type WatchOptions,
} from "./api.ts";
import type { List } from "./objects.ts";
import { type ApiRequest, type ApiResponse, type Transport, textOf } from "./transport.ts";

/** A real server answers within its own limit of 60 s; what takes longer than this is asked again. */
const requestTimeoutMs = 30_000;
/**
 * With bookmarks asked for, a healthy server sends something about once a minute
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#watch-bookmarks); silence for longer is a dead connection.
 */
const watchSilenceMs = 5 * 60_000;
/** An object is at most ~3 MB in the API, and a page of ordinary ones half of this. */
const answerMaxChars = 8 * 1024 * 1024;
/** What is said of an error needs less. */
const refusalMaxChars = 64 * 1024;

export interface ClientOptions {
  transport: Transport;
  clock: Clock;
  onAnswer?: (answer: Answer) => void;
}

/** What a request has come to. */
export interface Answer {
  verb: string;
  /** 0 where no answer came. */
  status: number;
  /** When it was asked, by `clock.elapsed()`. */
  begunAt: number;
  /** By the server's clock, as it writes it. */
  date?: string | undefined;
}

/**
 * The API over a transport. A call is sent once: whoever called derives what to do from what it sees next,
 * so retrying belongs to the loops, where the back-off and the reasons are.
 */
export function createClient(options: ClientOptions): Api {
  const { transport, clock, onAnswer = () => {} } = options;

  async function send(verb: string, request: ApiRequest): Promise<ApiResponse> {
    const begunAt = clock.elapsed();
    let response: ApiResponse;
    try {
      response = await transport(request);
    } catch (cause) {
      // Whoever gives a request up before its deadline says nothing of the server.
      const isGivenUp = request.signal.aborted && !(request.signal.reason instanceof DeadlineError);
      if (!isGivenUp) onAnswer({ verb, status: 0, begunAt });
      if (request.signal.aborted) throw request.signal.reason;
      throw new ApiError(`${verb} ${request.path}: no answer from the API server`, {
        code: "unreachable",
        cause,
      });
    }
    onAnswer({ verb, status: response.status, begunAt, date: response.header("date") });
    if (response.status >= 200 && response.status < 300) return response;
    const what = `${verb} ${request.path}`;
    const said = await readText(what, response, refusalMaxChars).catch(() => "");
    throw refusal(what, response, said, clock.wall());
  }

  /** The body of the answer. */
  async function ask(verb: string, request: ApiRequest): Promise<string> {
    const what = `${verb} ${request.path}`;
    try {
      return await withDeadline(clock, requestTimeoutMs, request.signal, what, async (outer) => {
        const { signal, end } = linked(outer);
        const response = await send(verb, { ...request, signal });
        // What is not read to its end is not to be sent on.
        return await readText(what, response, answerMaxChars).finally(end);
      });
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      throw new ApiError(error.message, { code: "deadline", cause: error });
    }
  }

  const call = async <T>(verb: string, request: ApiRequest) =>
    parse<T>(`${verb} ${request.path}`, await ask(verb, request));

  return {
    get: (path, o) => call("get", request("GET", path, o)),
    async list<T>(path: string, o: CallOptions) {
      const listed = request("GET", path, o);
      const what = `list ${listed.path}`;
      const text = await ask("list", listed);
      return { ...readList<T>(what, parse(what, text)), size: text.length };
    },
    create: (path, body, o) => call("create", request("POST", path, o, body)),
    patch: (path, body, o) => call("patch", request("PATCH", path, o, body, "application/merge-patch+json")),
    delete: (path, body, o) => call("delete", request("DELETE", path, o, body)),
    async *watch<T>(path: string, o: WatchOptions): AsyncIterable<WatchEvent<T>> {
      const what = `watch ${path}`;
      const query = { ...o.query, watch: true, allowWatchBookmarks: true };
      const watched = request("GET", path, { ...o, query });
      const ended = new AbortController();
      const passOn = () => ended.abort(o.signal.reason);
      o.signal.addEventListener("abort", passOn, { once: true });
      try {
        o.signal.throwIfAborted();
        const next = <R>(work: () => Promise<R>) =>
          withDeadline(clock, watchSilenceMs, ended.signal, what, work);
        const response = await next(() => send("watch", { ...watched, signal: ended.signal }));
        o.onOpen?.();
        const chunks = response.chunks()[Symbol.asyncIterator]();
        // Of a line that has not ended yet: an event of a megabyte comes in a hundred pieces.
        let pieces: string[] = [];
        let length = 0;
        for (;;) {
          const { value, done } = await next(() => chunks.next());
          if (done) return;
          const [first = "", ...more] = value.split("\n");
          pieces.push(first);
          length += first.length;
          for (const piece of more) {
            const line = pieces.join("");
            pieces = [piece];
            length = piece.length;
            if (line !== "") yield parseEvent<T>(what, line, response);
          }
          if (length > answerMaxChars) {
            throw new ApiError(`${what}: a line of more than ${answerMaxChars} characters`, {
              code: "bad-answer",
            });
          }
        }
      } catch (error) {
        if (o.signal.aborted) throw o.signal.reason;
        if (error instanceof ApiError) throw error;
        const code = error instanceof DeadlineError ? "deadline" : "unreachable";
        throw new ApiError(`${what}: the connection broke`, { code, cause: error });
      } finally {
        o.signal.removeEventListener("abort", passOn);
        ended.abort(over);
      }
    },
  };
}

function request(
  method: ApiRequest["method"],
  path: string,
  { signal, query = {}, metadataOnly }: CallOptions,
  body?: unknown,
  contentType = "application/json",
): ApiRequest {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
  const partial = metadataOnly === "list" ? "PartialObjectMetadataList" : "PartialObjectMetadata";
  const accept = metadataOnly ? `application/json;as=${partial};g=meta.k8s.io;v=v1` : "application/json";
  return {
    method,
    path: search.size > 0 ? `${path}?${search}` : path,
    headers: { accept, ...(body === undefined ? {} : { "content-type": contentType }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal,
  };
}

async function readText(what: string, response: ApiResponse, charsMax: number): Promise<string> {
  let text: string | undefined;
  try {
    text = await textOf(response, charsMax);
  } catch (cause) {
    throw new ApiError(`${what}: the answer broke off`, { code: "unreachable", cause });
  }
  if (text !== undefined) return text;
  throw new ApiError(`${what}: the answer has more than ${charsMax} characters`, { code: "too-large" });
}

/** Every answer of the API is an object: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris */
function parse<T>(what: string, text: string): T {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
    dropNulls(answer);
  } catch (cause) {
    throw new ApiError(`${what}: the answer is not JSON`, { code: "bad-answer", cause });
  }
  if (isObject(answer)) return answer as T;
  throw new ApiError(`${what}: the answer is no object`, { code: "bad-answer" });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * In the API `null` says the same as a field that is not there: Go writes a slice, a map or a pointer that was never made as `null`
 * where its field is always written, such as `items` of a list of metadata, `drivers` of a CSINode, `creationTimestamp` of a
 * template. Who reads an object asks for `undefined` alone.
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

/** An empty typed list has `"items":[]`; one of metadata has none, and an aggregated API server may leave the field out as well. */
const listSchema = z.object({
  metadata: z.optional(
    z.object({
      resourceVersion: z.optional(z.string()),
      continue: z.optional(z.string()),
      remainingItemCount: z.optional(z.int()),
    }),
  ),
  items: z.optional(z.array(z.record(z.string(), z.unknown()))),
});

function readList<T>(what: string, answer: unknown): List<T> {
  const read = listSchema.safeParse(answer);
  if (!read.success) {
    const { path = [], message } = read.error.issues[0] ?? {};
    throw new ApiError(`${what}: the answer is no list: ${["", ...path].join(".")}: ${message}`, {
      code: "bad-answer",
    });
  }
  const { metadata, items } = read.data;
  return {
    metadata: {
      resourceVersion: metadata?.resourceVersion,
      continue: metadata?.continue || undefined,
      remainingItemCount: metadata?.remainingItemCount,
    },
    items: (items ?? []) as T[],
  };
}

interface Status {
  code?: number;
  reason?: string;
  message?: string;
  details?: { causes?: StatusCause[]; retryAfterSeconds?: number };
}

function parseEvent<T>(what: string, line: string, { hide }: ApiResponse): WatchEvent<T> {
  const { type, object } = parse<{ type?: unknown; object?: unknown }>(what, line);
  // Without this, an event about nothing would read like the deletion of what is watched.
  if (!isObject(object)) throw new ApiError(`${what}: an event about no object`, { code: "bad-answer" });
  if (type !== "ERROR") return { type, object } as WatchEvent<T>;
  const status: Status = object;
  const said = status.message ?? "the server ended the watch with an error";
  throw new ApiError(`${what}: ${hide?.(said) ?? said}`, {
    code: codeOf(status.code ?? 500, status.reason),
    status: status.code,
  });
}

function refusal(what: string, response: ApiResponse, text: string, now: number): ApiError {
  let status: Status = {};
  try {
    status = parse<Status>(what, text);
  } catch {
    // A proxy in between answers in its own words.
  }
  const hide = (shown: string) => response.hide?.(shown) ?? shown;
  // Hidden before it is cut: half a secret is not known again.
  const said = hide(status.message ?? text).slice(0, status.message === undefined ? 200 : undefined);
  return new ApiError(`${what}: ${response.status}: ${said || "no reason given"}`, {
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

/** https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#http-status-codes */
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
