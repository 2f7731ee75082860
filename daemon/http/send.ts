import { Agent, buildConnector, type Dispatcher } from "undici";
import { asConnector, connectThrough, connectTimeoutMs, proxyAuthorization } from "../cluster/tunnel.ts";

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

/** Sends requests over HTTP. No redirect is followed, so credentials reach no other server. */
export function createSend(wayTo: (server: URL) => HttpWay | Promise<HttpWay>): HttpSend {
  return async ({ method, url, headers, body }, signal) => {
    const server = new URL(url);
    const { proxy, caPem } = await wayTo(server);
    const { agent, origin, path, headers: more } = routeTo(server, proxy, caPem);
    try {
      const answer = await agent.request({
        origin,
        path,
        method,
        headers: { ...more, ...headers },
        signal,
        ...(body !== undefined && { body }),
      });
      const text = await answer.body.text();
      return { status: answer.statusCode, text, headers: firstValues(answer.headers) };
    } finally {
      void agent.destroy();
    }
  };
}

function firstValues(headers: Dispatcher.ResponseData["headers"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const first = [value].flat()[0];
      return first === undefined ? [] : [[name, first]];
    }),
  );
}

interface Route {
  agent: Agent;
  origin: string;
  path: string;
  /** Additional headers, for the proxy. */
  headers: Record<string, string>;
}

/**
 * The same routes as in Go's client. A request without TLS is sent to the HTTP proxy itself, as many proxies
 * connect only to port 443 (https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2). Other requests go through
 * a tunnel of the proxy.
 */
function routeTo(server: URL, proxy: URL | undefined, caPem: string | undefined): Route {
  const { origin, pathname, search, protocol, host } = server;
  const path = `${pathname}${search}`;
  const tls = caPem === undefined ? {} : { ca: caPem };
  if (proxy === undefined) return { agent: agentWith(tls), origin, path, headers: {} };
  if (protocol === "https:" || proxy.protocol.startsWith("socks")) {
    const connector = buildConnector({ timeout: connectTimeoutMs, ...tls });
    const agent = agentWith(asConnector((target) => connectThrough(proxy, connector, target)));
    return { agent, origin, path, headers: {} };
  }
  const toProxy = buildConnector({ timeout: connectTimeoutMs });
  const agent = agentWith(
    asConnector(async (target) => {
      try {
        return await connectThrough(undefined, toProxy, target);
      } catch (cause) {
        throw new Error(`the proxy ${proxy.origin} does not connect`, { cause });
      }
    }),
  );
  const headers = { host, ...proxyAuthorization(proxy) };
  return { agent, origin: proxy.origin, path: `${origin}${path}`, headers };
}

/** A request each minute needs no connection that stays open. */
function agentWith(connect: Agent.Options["connect"]): Agent {
  return new Agent({ maxResponseSize: answerMaxBytes, ...(connect !== undefined && { connect }) });
}

/** https://www.rfc-editor.org/rfc/rfc7617; `credentials` are user:password. */
export function basicAuthorization(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString("base64")}`;
}
