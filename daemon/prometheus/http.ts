import { Agent, buildConnector } from "undici";
import { asConnector, connectThrough, connectTimeoutMs, proxyAuthorization } from "../cluster/tunnel.ts";
import { createSecrets } from "../text/secrets.ts";
import type { HttpPost } from "./server.ts";

/** The credentials and the certificates of a request. */
export interface HttpAccess {
  headers: Readonly<Record<string, string>>;
  /** The certificates to trust instead of those of the system. */
  caPem: string | undefined;
}

/** Thousands of alerts with all their labels are a few MiB. */
const answerMaxBytes = 10 * 1024 * 1024;

/**
 * Over HTTP, with what `readAccess` gives for each request: tokens and certificates change while the daemon
 * runs. User and password in the URL go before those. The signal is the only deadline. No redirect is
 * followed, so credentials go nowhere but where they were meant to go. `proxyTo` answers with the proxy to a
 * server, where there is one.
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
      const {
        statusCode,
        headers: answered,
        body,
      } = await agent.request({
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
      const text = await body.text();
      const date = Date.parse(String(answered["date"]));
      return {
        status: statusCode,
        text: statusCode === 200 ? text : secrets.hide(text),
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
  /** For the proxy. */
  headers: Record<string, string>;
}

/**
 * Uses a proxy as Go's client does: an HTTP proxy gets requests for a server without TLS, as many of them
 * connect to port 443 alone (https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2); all else goes through a
 * connection that the proxy passes on.
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

/** One question a minute needs no connection that is kept. */
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
