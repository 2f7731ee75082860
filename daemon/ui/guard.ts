/**
 * The rules for requests to the server of the page. It listens on the loopback address alone, but each program of the
 * machine, and each site that is open in a browser of the machine, can send requests there. Pure.
 */
import type { IncomingHttpHeaders } from "node:http";
import { isSameSecret } from "../http/secret.ts";
import { anyOf } from "../text/list.ts";
import { changeHeaders } from "./wire.ts";

export interface RequestHead {
  method: string;
  /** The target as it was sent, with what is behind "?". */
  url: string;
  headers: IncomingHttpHeaders;
}

export interface GuardOptions {
  port: number;
  token: string;
  /** Stands for the token once; undefined if it was used. */
  ticket: string | undefined;
  canChange: boolean;
}

/** A path behind the token, without what is behind "?"; or the ticket. */
export type Admitted = { path: string } | { isTicket: true };

export interface Refusal {
  status: number;
  message: string;
  /** The methods that there are, for status 405. */
  allow?: string;
}

/** The longest path has the token and the name of a node. */
const urlMaxChars = 1024;
/** A request of another site, or of another port of this machine: https://www.w3.org/TR/fetch-metadata */
const foreignSites = ["cross-site", "same-site"];

const notFound: Refusal = { status: 404, message: "not found" };

/** Tells whether a request comes from the person or the page, else why it is refused. */
export function admit(head: RequestHead, options: GuardOptions): Admitted | Refusal {
  const { method, url, headers } = head;
  const { port, token, ticket, canChange } = options;
  const methods = canChange ? ["GET", "POST"] : ["GET"];
  if (!methods.includes(method))
    return {
      status: 405,
      message: `method not allowed; use ${anyOf(methods)}`,
      allow: methods.join(", "),
    };
  // A site whose name was made to lead to this machine has its own name here (DNS rebinding).
  const host = headers.host ?? "";
  if (!ownHosts(port).includes(host))
    return { status: 403, message: `this server is http://127.0.0.1:${port}` };
  if (url.length > urlMaxChars) return notFound;
  const [, given = "", path = ""] = /^\/([^/?]*)\/?([^?]*)/.exec(url) ?? [];
  if (given === "open" && method === "GET" && ticket !== undefined && isSameSecret(path, ticket)) {
    return { isTicket: true };
  }
  if (!isSameSecret(given, token)) return notFound;
  // A person may follow a link to the page; that changes nothing, and the other site learns nothing.
  const isFollowed = path === "" && headers["sec-fetch-dest"] === "document";
  if (foreignSites.includes(String(headers["sec-fetch-site"])) && !isFollowed) return foreign;
  return method === "POST" ? (refusalOfChange(headers, host) ?? { path }) : { path };
}

const foreign: Refusal = { status: 403, message: "requests of other sites are refused" };

/** The page of this server says from where it is, and sends a header that other sites may not send. */
function refusalOfChange(headers: IncomingHttpHeaders, host: string): Refusal | undefined {
  if (headers.origin !== `http://${host}`) return foreign;
  for (const [name, value] of Object.entries(changeHeaders)) {
    if (headers[name] !== value) return { status: 415, message: `changes need the header ${name}: ${value}` };
  }
  return undefined;
}

function ownHosts(port: number): string[] {
  return ["127.0.0.1", "localhost", "[::1]"].map((name) => `${name}:${port}`);
}

/**
 * The headers of each answer. The policy lets the page load its own script and style, ask its own server, and nothing
 * else; texts cannot become elements, and no other site can put the page into a frame, read it, or hold a handle of it.
 */
export const safeHeaders = {
  "cache-control": "no-store",
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;
