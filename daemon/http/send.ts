import { type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { openSocket } from "../cluster/open-socket.ts";
import { proxyAuthorization } from "../cluster/proxy.ts";
import { targetOf } from "../cluster/socket.ts";

/** A request to a server that is not the API server. */
export interface HttpRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** User and password in it are not sent. */
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: string | undefined;
}

export interface HttpAnswer {
  status: number;
  text: string;
  /** By name in lower case; the first value of each. */
  headers: Readonly<Record<string, string>>;
}

/** Rejects if no answer came; a redirect is an answer. The signal is the only deadline. */
export type HttpSend = (request: HttpRequest, signal: AbortSignal) => Promise<HttpAnswer>;

/** How a server is reached. */
export interface HttpWay {
  /** The proxy, if there is one. */
  proxy: URL | undefined;
  /** Certificates to trust in place of the usual ones. */
  caPem: string | undefined;
}

/** Thousands of alerts with all their labels are a few MiB. */
const answerMaxBytes = 10 * 1024 * 1024;

/**
 * Sends requests over HTTP. No redirect is followed, so credentials reach no other server. A request each minute needs
 * no connection that stays open.
 */
export function createSend(wayTo: (server: URL) => HttpWay | Promise<HttpWay>): HttpSend {
  return async ({ method, url, headers, body }, signal) => {
    const server = new URL(url);
    const { proxy, caPem } = await wayTo(server);
    const route = await routeTo(server, proxy, caPem, signal);
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    try {
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const createConnection = () => route.socket;
        const all = { host: server.host, ...route.headers, ...length, ...headers };
        const asked = request({ createConnection, method, path: route.path, headers: all, signal });
        asked.once("response", resolve).on("error", reject).end(body);
      });
      const text = await textWithin(answerMaxBytes, answer);
      return { status: answer.statusCode ?? 0, text, headers: firstValues(answer.headersDistinct) };
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      route.socket.destroy();
    }
  };
}

async function textWithin(bytesMax: number, answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Error(`the answer exceeds ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function firstValues(headers: IncomingMessage["headersDistinct"]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, values?.[0] ?? ""]));
}

interface Route {
  socket: Socket;
  path: string;
  /** Additional headers, for the proxy. */
  headers: Record<string, string>;
}

/**
 * The same routes as in Go's client. A request without TLS is sent to the HTTP proxy itself, as many proxies
 * connect only to port 443 (https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2). Other requests go through
 * a tunnel of the proxy.
 */
async function routeTo(
  server: URL,
  proxy: URL | undefined,
  caPem: string | undefined,
  signal: AbortSignal,
): Promise<Route> {
  const { origin, pathname, search, protocol } = server;
  const path = `${pathname}${search}`;
  const tls = protocol === "https:" ? { ...(caPem !== undefined && { ca: caPem }) } : undefined;
  if (proxy === undefined || tls !== undefined || proxy.protocol.startsWith("socks")) {
    return { socket: await openSocket({ ...targetOf(server), tls, proxy, signal }), path, headers: {} };
  }
  const toProxy = { ...targetOf(proxy), tls: proxy.protocol === "https:" ? {} : undefined, signal };
  const socket = await openSocket(toProxy).catch((cause: unknown) => {
    throw new Error(`the proxy ${proxy.origin} does not connect`, { cause });
  });
  return { socket, path: `${origin}${path}`, headers: proxyAuthorization(proxy) };
}

/** https://www.rfc-editor.org/rfc/rfc7617; `credentials` are user:password. */
export function basicAuthorization(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString("base64")}`;
}
