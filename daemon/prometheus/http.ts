import { Agent, buildConnector } from "undici";
import { asConnector, connectThrough, connectTimeoutMs, proxyAuthorization } from "../cluster/tunnel.ts";
import { createSecrets } from "../text/secrets.ts";
import type { HttpPost } from "./server.ts";

/** Headers and trust of one request. */
export interface HttpAccess {
  headers: Readonly<Record<string, string>>;
  /** Certificates to trust in place of the usual ones. */
  caPem: string | undefined;
}

/** Thousands of alerts with all their labels are a few MiB. */
const answerMaxBytes = 10 * 1024 * 1024;

/**
 * Sends requests over HTTP. `readAccess` is called for each request, as tokens and certificates change while
 * the daemon runs. User and password in the URL take precedence. The signal is the only deadline. No redirect
 * is followed, so credentials reach no other server. `proxyTo` returns the proxy to a server, if there is
 * one.
 */
export function createPost(
  readAccess: () => Promise<HttpAccess>,
  proxyTo: (server: URL) => URL | undefined = () => undefined,
): HttpPost {
  const secrets = createSecrets();
  const post: HttpPost = async (url, form, signal) => {
    const { headers, caPem } = await readAccess();
    const server = new URL(url);
    const route = routeTo(server, proxyTo(server), caPem);
    const sent = { accept: "application/json", ...route.headers, ...headers, ...authorizationIn(url) };
    secrets.learn(sent);
    const { agent } = route;
    try {
      const answer = await agent.request({
        origin: route.origin,
        path: route.path,
        signal,
        ...(form === undefined
          ? { method: "GET", headers: sent }
          : {
              method: "POST",
              headers: { ...sent, "content-type": "application/x-www-form-urlencoded" },
              body: new URLSearchParams(form).toString(),
            }),
      });
      const status = answer.statusCode;
      const text = await answer.body.text();
      const date = Date.parse(String(answer.headers["date"]));
      return {
        status,
        text: status === 200 ? text : secrets.hide(text),
        date: Number.isNaN(date) ? undefined : date,
      };
    } finally {
      void agent.destroy();
    }
  };
  return Object.assign(post, { hide: secrets.hide });
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

function authorizationIn(url: string): { authorization?: string } {
  const { username, password } = new URL(url);
  if (username === "" && password === "") return {};
  return {
    authorization: basicAuthorization(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`),
  };
}

/** https://www.rfc-editor.org/rfc/rfc7617; `credentials` are user:password. */
export function basicAuthorization(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString("base64")}`;
}
