import type { Clock } from "../time/clock.ts";
import { DeadlineError, withDeadline } from "../time/deadline.ts";
import { linked } from "../time/linked.ts";
import { parseAnswer, parseEvent, parseList, parseWhole, refusal } from "./answer.ts";
import { type Api, ApiError, type CallOptions, type WatchEvent, type WatchOptions } from "./api.ts";
import { type ApiRequest, type ApiResponse, type Transport, textOf } from "./transport.ts";

/** Half of the server's own limit of 60 s. */
const requestTimeoutDefaultMs = 30_000;
/**
 * With bookmarks, a healthy server sends an event about once a minute
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#watch-bookmarks); a longer silence means a
 * dead connection.
 */
const watchSilenceMs = 5 * 60_000;
/** An object is at most ~3 MB in the API, and a page of ordinary ones half of this. */
const answerMaxChars = 8 * 1024 * 1024;
/** The message of an error is shorter. */
const refusalMaxChars = 64 * 1024;

export interface ClientOptions {
  transport: Transport;
  clock: Clock;
  onAnswer?: (answer: Answer) => void;
  /** For a request and the whole body of its answer; Infinity is no limit. A watch is not limited by it. */
  requestTimeoutMs?: number | undefined;
  /** Names this program in the audit log and in the metrics of the server, with its version. */
  userAgent?: string;
}

/** The result of a request. */
export interface Answer {
  verb: string;
  /** 0 without an answer. */
  status: number;
  /** The start of the request, by `clock.elapsed()`. */
  begunAt: number;
  /** The server's clock, as in the header of this name. */
  date?: string | undefined;
}

type Send = (verb: string, request: ApiRequest) => Promise<ApiResponse>;

/**
 * The API over a transport. A call is sent once: retries belong to the loops, which know the back-off and the
 * reasons, and which look at the cluster again before they act.
 */
export function createClient({
  transport,
  clock,
  onAnswer = () => {},
  requestTimeoutMs = requestTimeoutDefaultMs,
  userAgent = "rebootd",
}: ClientOptions): Api {
  const send: Send = async (verb, request) => {
    const begunAt = clock.elapsed();
    let response: ApiResponse;
    try {
      response = await transport({ ...request, headers: { "user-agent": userAgent, ...request.headers } });
    } catch (cause) {
      // A request that its caller aborts before the deadline proves nothing about the server.
      const isAborted = request.signal.aborted && !(request.signal.reason instanceof DeadlineError);
      if (!isAborted) onAnswer({ verb, status: 0, begunAt });
      if (request.signal.aborted) throw request.signal.reason;
      throw new ApiError(`${verb} ${request.path}: no answer from the API server`, {
        code: "unreachable",
        cause,
      });
    }
    onAnswer({ verb, status: response.status, begunAt, date: response.header("date") });
    if (response.status >= 200 && response.status < 300) return response;
    const what = `${verb} ${request.path}`;
    const text = await readText(what, response, refusalMaxChars).catch(() => "");
    throw refusal(what, response, text, clock.wall());
  };
  const ask = (verb: string, request: ApiRequest) => askWithin(clock, requestTimeoutMs, send, verb, request);
  const call = async <T>(verb: string, request: ApiRequest) =>
    parseAnswer<T>(`${verb} ${request.path}`, await ask(verb, request));

  return {
    get: (path, o) => call("get", request("GET", path, o)),
    async getWhole<T>(path: string, o: CallOptions) {
      return parseWhole<T>(`get ${path}`, await ask("get", request("GET", path, o)));
    },
    getText: (path, o) => ask("get", request("GET", path, o)),
    async list<T>(path: string, o: CallOptions) {
      const listed = request("GET", path, o);
      return parseList<T>(`list ${listed.path}`, await ask("list", listed));
    },
    create: (path, body, o) => call("create", request("POST", path, o, body)),
    update: (path, body, o) => call("update", request("PUT", path, o, body)),
    patch: (path, body, o) => call("patch", request("PATCH", path, o, body, "application/merge-patch+json")),
    strategicPatch: (path, body, o) =>
      call("patch", request("PATCH", path, o, body, "application/strategic-merge-patch+json")),
    delete: (path, body, o) => call("delete", request("DELETE", path, o, body)),
    watch: <T>(path: string, o: WatchOptions) => watch<T>(clock, send, path, o),
  };
}

/** Sends a request, and reads the whole body of the answer within the deadline. */
async function askWithin(
  clock: Clock,
  requestTimeoutMs: number,
  send: Send,
  verb: string,
  request: ApiRequest,
): Promise<string> {
  const what = `${verb} ${request.path}`;
  try {
    return await withDeadline(clock, requestTimeoutMs, request.signal, what, async (outer) => {
      const { signal, end } = linked(outer);
      const response = await send(verb, { ...request, signal });
      // This aborts the rest of a body that is not read to its end.
      return await readText(what, response, answerMaxChars).finally(end);
    });
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    throw new ApiError(error.message, { code: "deadline", cause: error });
  }
}

async function* watch<T>(
  clock: Clock,
  send: Send,
  path: string,
  options: WatchOptions,
): AsyncIterable<WatchEvent<T>> {
  const what = `watch ${path}`;
  const query = { ...options.query, watch: true, allowWatchBookmarks: true };
  const { signal, end } = linked(options.signal);
  const inTime = <R>(work: () => Promise<R>) => withDeadline(clock, watchSilenceMs, signal, what, work);
  try {
    options.signal.throwIfAborted();
    const watched = { ...request("GET", path, { ...options, query }), signal };
    const response = await inTime(() => send("watch", watched));
    options.onOpen?.();
    const chunks = response.chunks()[Symbol.asyncIterator]();
    const linesOf = createLineSplitter(what);
    for (;;) {
      const { value, done } = await inTime(() => chunks.next());
      if (done) return;
      for (const line of linesOf(value)) yield parseEvent<T>(what, line, response);
    }
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason;
    if (error instanceof ApiError) throw error;
    const code = error instanceof DeadlineError ? "deadline" : "unreachable";
    throw new ApiError(`${what}: the connection broke`, { code, cause: error });
  } finally {
    end();
  }
}

/**
 * Takes chunks, yields the lines that each one completes, without empty ones. An event of a megabyte arrives
 * in a hundred chunks, so the pieces of a line are joined only once. Throws where a line is too long.
 */
function createLineSplitter(what: string): (chunk: string) => Iterable<string> {
  let pieces: string[] = [];
  let length = 0;
  return function* linesOf(chunk) {
    const [first = "", ...more] = chunk.split("\n");
    pieces.push(first);
    length += first.length;
    for (const piece of more) {
      const line = pieces.join("");
      pieces = [piece];
      length = piece.length;
      if (line !== "") yield line;
    }
    if (length <= answerMaxChars) return;
    throw new ApiError(`${what}: a line of more than ${answerMaxChars} characters`, { code: "bad-answer" });
  };
}

function request(
  method: ApiRequest["method"],
  path: string,
  { signal, query: asked = {}, metadataOnly, rowsOnly }: CallOptions,
  body?: unknown,
  contentType = "application/json",
): ApiRequest {
  const query = rowsOnly ? { ...asked, includeObject: "None" } : asked;
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
  const partial = metadataOnly === "list" ? "PartialObjectMetadataList" : "PartialObjectMetadata";
  const form = rowsOnly ? "Table" : metadataOnly && partial;
  const as = form === undefined ? "" : `;as=${form};g=meta.k8s.io;v=v1`;
  const accept = `application/json${as}${rowsOnly ? ",application/json" : ""}`;
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
    throw new ApiError(`${what}: the answer ended early`, { code: "unreachable", cause });
  }
  if (text !== undefined) return text;
  throw new ApiError(`${what}: the answer has more than ${charsMax} characters`, { code: "too-large" });
}
