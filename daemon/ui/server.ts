import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { boundConnections, type ConnectionLimits } from "../http/connections.ts";
import { invalidValue } from "../text/config-error.ts";
import type { Clock } from "../time/clock.ts";
import { withDeadline } from "../time/deadline.ts";
import { linked } from "../time/linked.ts";
import { isChangeName } from "./changes.ts";
import { failureOf } from "./failure.ts";
import { admit, type Refusal, safeHeaders } from "./guard.ts";
import type { PageFiles } from "./page-files.ts";
import type { Streams } from "./streams.ts";
import type { ChangeName, ForecastMessage, NodeDetail } from "./wire.ts";

/** The answers to the page. Each rejects with an error that {@link failureOf} knows. */
export interface Sources {
  page: PageFiles;
  streams: Streams;
  node: (name: string, signal: AbortSignal) => Promise<NodeDetail>;
  forecast: (signal: AbortSignal) => Promise<ForecastMessage>;
  /** An iCalendar file. */
  calendar: (signal: AbortSignal) => Promise<string>;
  /** Absent: nothing can be changed. Resolves with a sentence. */
  change?: (name: ChangeName, body: unknown, signal: AbortSignal) => Promise<string>;
}

export interface PageServerOptions {
  /** 0: any free port. */
  port: number;
  token: string;
  /** Opens the page once, in place of the token. Undefined: there is none. */
  ticket: string | undefined;
  sources: Sources;
  clock: Clock;
  /** Called for a fault of rebootd itself, which the page does not get to see. */
  onFault: (error: unknown) => void;
  limits?: ConnectionLimits;
}

/** The page alone can be reached from here, and from nowhere else. */
const host = "127.0.0.1";
const headMaxBytes = 8 * 1024;
const headDeadlineMs = 5000;
const requestDeadlineMs = 10_000;
const workDeadlineMs = 30_000;
/** Six from a browser at a time, and what other programs of the machine send. The deadline is for all but streams. */
const usualLimits: ConnectionLimits = { max: 100, deadlineMs: requestDeadlineMs + workDeadlineMs };
/** A reason of 1,000 characters that are all escaped. */
const bodyMaxBytes = 8 * 1024;

/** Resolves when it listens; rejects if it cannot. The signal ends it, and all connections. */
export async function servePage(options: PageServerOptions, signal: AbortSignal): Promise<{ port: number }> {
  const { token, sources, limits = usualLimits } = options;
  const canChange = sources.change !== undefined;
  let { ticket } = options;
  let port = 0;
  const http = createServer(
    { maxHeaderSize: headMaxBytes, headersTimeout: headDeadlineMs, requestTimeout: requestDeadlineMs },
    async (request, response) => {
      const { method = "", url = "", headers } = request;
      const admitted = admit({ method, url, headers }, { port, token, ticket, canChange });
      if ("status" in admitted) return refuse(response, admitted);
      if ("isTicket" in admitted) {
        ticket = undefined;
        return send(response, {
          status: 303,
          headers: { location: `/${token}/` },
          type: "text/plain",
          body: "",
        });
      }
      if (method === "GET" && admitted.path === "events") return openStream(response);
      send(response, await answer(admitted.path, request, response));
    },
  );
  // A connection has one request: what follows it is not read.
  http.maxRequestsPerSocket = 1;
  const connections = boundConnections(http, limits);
  port = await listen(http, options.port);
  const stop = () => {
    http.close();
    connections.endAll();
  };
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  return { port };

  function openStream(response: ServerResponse): void {
    if (sources.streams.isFull()) {
      send(response, tooManyPages);
      return;
    }
    response.writeHead(200, { ...safeHeaders, "content-type": "text/event-stream; charset=utf-8" });
    if (response.socket !== null) connections.keep(response.socket);
    sources.streams.add(response);
  }

  async function answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<Reply> {
    const asked = linked(signal);
    response.once("close", asked.end);
    const doing = `${request.method} ${path}`;
    try {
      return await withDeadline(options.clock, workDeadlineMs, asked.signal, doing, (inner) =>
        request.method === "POST" ? change(path, request, inner) : read(path, sources, inner),
      );
    } catch (error) {
      const failure = failureOf(error);
      if (failure !== undefined) return json(failure.status, { message: failure.message });
      if (!asked.signal.aborted) options.onFault(error);
      return json(500, { message: "rebootd ui has failed; see its output" });
    } finally {
      asked.unlink();
    }
  }

  async function change(path: string, request: IncomingMessage, inner: AbortSignal): Promise<Reply> {
    if (sources.change === undefined || !isChangeName(path)) return notFound;
    const body = await bodyOf(request);
    if (body === undefined)
      return json(413, { message: `the body must be JSON of at most ${bodyMaxBytes} bytes` });
    return json(200, { message: await sources.change(path, body.value, inner) });
  }
}

/** Resolves with the port. A port that cannot be had is a ConfigError. */
async function listen(http: Server, asked: number): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      http.once("error", reject);
      http.listen(asked, host, resolve);
    });
  } catch (cause) {
    const rule = `must be a free port of ${host}, for example 0 for any, but ${(cause as Error).message}`;
    throw invalidValue("port", `"${asked}"`, rule, cause);
  }
  return (http.address() as AddressInfo).port;
}

interface Reply {
  status: number;
  headers?: Readonly<Record<string, string>>;
  type: string;
  body: string;
}

const json = (status: number, value: object): Reply => ({
  status,
  type: "application/json",
  body: JSON.stringify(value),
});

const tooManyPages = json(503, { message: "too many pages are open; close some of them" });
const notFound = json(404, { message: "not found" });

/** The name of a node in a path; the name itself is checked where it is used. */
const nodePath = /^node\/([a-z0-9.-]+)$/;

async function read(path: string, sources: Sources, signal: AbortSignal): Promise<Reply> {
  const { page } = sources;
  if (path === "") return { status: 200, type: "text/html", body: page.html };
  if (path === "page.js") return { status: 200, type: "text/javascript", body: page.script };
  if (path === "page.css") return { status: 200, type: "text/css", body: page.style };
  if (path === "forecast") return json(200, await sources.forecast(signal));
  if (path === "calendar") return calendar(await sources.calendar(signal));
  const [, node] = nodePath.exec(path) ?? [];
  return node === undefined ? notFound : json(200, await sources.node(node, signal));
}

function calendar(body: string): Reply {
  const headers = { "content-disposition": 'attachment; filename="rebootd.ics"' };
  return { status: 200, headers, type: "text/calendar", body };
}

function refuse(response: ServerResponse, { status, message, allow }: Refusal): void {
  send(response, { ...json(status, { message }), ...(allow !== undefined && { headers: { allow } }) });
}

function send(response: ServerResponse, { status, headers, type, body }: Reply): void {
  response.writeHead(status, {
    ...safeHeaders,
    ...headers,
    "content-type": `${type}; charset=utf-8`,
    "content-length": Buffer.byteLength(body),
    connection: "close",
  });
  response.end(body);
}

/** The value of a body as JSON; undefined for one that is too long or no JSON. */
async function bodyOf(request: IncomingMessage): Promise<{ value: unknown } | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > bodyMaxBytes) return undefined;
    parts.push(part);
  }
  try {
    return { value: JSON.parse(Buffer.concat(parts).toString("utf8")) };
  } catch {
    return undefined;
  }
}
