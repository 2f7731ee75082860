import { Agent, request } from "undici";
import type { HttpPost } from "./ask-server.ts";

/** What a request carries beside the question. */
export interface HttpAccess {
  headers: Readonly<Record<string, string>>;
  /** Of the certificates to trust instead of the usual ones. */
  caPem: string | undefined;
}

/** Thousands of alerts with all their labels are a few MiB. */
const answerMaxBytes = 10 * 1024 * 1024;

/**
 * Over HTTP, with what `readAccess` gives for each request: tokens and certificates change while the daemon runs. User and
 * password in the URL go before those. The signal is the only deadline. No redirect is followed, so credentials go nowhere
 * but where they were meant to go.
 */
export function createPost(readAccess: () => Promise<HttpAccess>): HttpPost {
  return async (url, form, signal) => {
    const { headers, caPem } = await readAccess();
    const sent = { accept: "application/json", ...headers, ...authorizationIn(url) };
    // One question a minute needs no connection that is kept.
    const agent = new Agent({
      maxResponseSize: answerMaxBytes,
      connect: { ...(caPem !== undefined && { ca: caPem }) },
    });
    try {
      const {
        statusCode,
        headers: told,
        body,
      } = await request(url, {
        dispatcher: agent,
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
      const date = Date.parse(String(told["date"]));
      return {
        status: statusCode,
        text: statusCode === 200 ? text : without(text, sent),
        date: Number.isNaN(date) ? undefined : date,
      };
    } finally {
      void agent.destroy();
    }
  };
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

/** Some servers show in an error what they were sent. Less than this is no secret. */
const secretMinChars = 4;

function without(text: string, headers: Record<string, string>): string {
  const secrets = Object.values(headers).map((value) => value.replace(/^(Bearer|Basic) /, ""));
  const hide = (left: string, secret: string) =>
    secret.length < secretMinChars ? left : left.replaceAll(secret, "***");
  return secrets.reduce(hide, text);
}
