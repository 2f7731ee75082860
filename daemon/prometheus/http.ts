import { basicAuthorization, createSend } from "../http/send.ts";
import { createSecrets } from "../text/secrets.ts";
import type { HttpBody, HttpPost } from "./server.ts";

/** Headers and trust of one request. */
export interface HttpAccess {
  headers: Readonly<Record<string, string>>;
  /** Certificates to trust in place of the usual ones. */
  caPem: string | undefined;
}

/**
 * Asks Prometheus and Alertmanager. `readAccess` is called for each request, as tokens and certificates change
 * while the daemon runs. User and password in the URL take precedence. The signal is the only deadline.
 * `proxyTo` returns the proxy to a server, if there is one.
 */
export function createPost(
  readAccess: () => Promise<HttpAccess>,
  proxyTo: (server: URL) => URL | undefined = () => undefined,
): HttpPost {
  const secrets = createSecrets();
  const post: HttpPost = async (url, body, signal) => {
    const access = await readAccess();
    const headers = { accept: "application/json", ...access.headers, ...authorizationIn(url) };
    secrets.learn(headers);
    const send = createSend((server) => ({ proxy: proxyTo(server), caPem: access.caPem }));
    const answer = await send({ url, ...requestOf(body, headers) }, signal);
    const { status, text } = answer;
    const date = Date.parse(String(answer.headers["date"]));
    return {
      status,
      text: status === 200 ? text : secrets.hide(text),
      date: Number.isNaN(date) ? undefined : date,
    };
  };
  return Object.assign(post, { hide: secrets.hide });
}

function requestOf(body: HttpBody | undefined, headers: Readonly<Record<string, string>>) {
  if (body === undefined) return { method: "GET", headers } as const;
  const isJson = typeof body === "string";
  const type = isJson ? "application/json" : "application/x-www-form-urlencoded";
  return {
    method: "POST",
    headers: { ...headers, "content-type": type },
    body: isJson ? body : new URLSearchParams(body).toString(),
  } as const;
}

function authorizationIn(url: string): { authorization?: string } {
  const { username, password } = new URL(url);
  if (username === "" && password === "") return {};
  return {
    authorization: basicAuthorization(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`),
  };
}
