import { cut } from "../text/cut.ts";
import type { Clock } from "../time/clock.ts";
import { DeadlineError, withDeadline } from "../time/deadline.ts";

/** The body of a POST: a form, or a text that is JSON. */
export type HttpBody = Record<string, string> | string;

/** A POST of the body, or a GET without one. Rejects if no answer came; a redirect is an answer. */
export interface HttpPost {
  (url: string, body: HttpBody | undefined, signal: AbortSignal): Promise<HttpAnswer>;
  /** Removes credentials that were sent from a text of the server. */
  hide?: (text: string) => string;
}

export interface HttpAnswer {
  status: number;
  text: string;
  /** The server's clock in the answer, if it is there; milliseconds since the epoch. */
  date?: number | undefined;
}

/** A server that answers gates with JSON. */
export interface JsonServer {
  name: "Prometheus" | "Alertmanager";
  /** May have a path, a query, user and password. */
  url: string;
  /** The deadline of one request. */
  timeoutMs: number;
  clock: Clock;
  post: HttpPost;
  /** Called with the date of each answer, and with {@link serverText}. */
  onDate?: (server: string, date: number) => void;
}

/** A server was silent up to its own deadline. */
export class SilentServerError extends Error {
  override readonly name = "SilentServerError";
}

const saidMaxChars = 200;

/** "Prometheus at http://prometheus:9090", without the parts of the URL that may be secret. */
export function serverText({ name, url }: JsonServer): string {
  const { origin, pathname } = new URL(url);
  return `${name} at ${origin}${pathname.replace(/\/+$/, "")}`;
}

/**
 * A text of the server without credentials. Call it before the text is cut: half a secret is not recognized.
 */
export function shown({ post }: JsonServer, said: string): string {
  return post.hide?.(said) ?? said;
}

/**
 * The value in the server's answer. `path` may have a query. Rejects if there is none, with a
 * {@link SilentServerError} after the timeout.
 */
export async function askServer(
  server: JsonServer,
  path: string,
  body: HttpBody | undefined,
  signal: AbortSignal,
): Promise<unknown> {
  const { value } = await askServerDated(server, path, body, signal);
  return value;
}

/** The same, with the server's clock in milliseconds since the epoch; undefined where it shows none. */
export async function askServerDated(
  server: JsonServer,
  path: string,
  body: HttpBody | undefined,
  signal: AbortSignal,
): Promise<{ value: unknown; date: number | undefined }> {
  const who = serverText(server);
  const [answer, refused] = await send(server, path, body, signal);
  if (answer.date !== undefined) server.onDate?.(who, answer.date);
  const { status, text } = answer;
  if (status !== 200 && refused !== undefined) {
    throw new Error(`${who} answered ${answered(refused)} (to POST), and ${answered(answer)} (to GET)`);
  }
  if (status !== 200) throw new Error(`${who} answered ${answered(answer)}`);
  try {
    return { value: JSON.parse(text), date: answer.date };
  } catch {
    // The parser's own message would quote the text.
    throw new Error(`${who} answered something that is not JSON`);
  }
}

async function send(
  server: JsonServer,
  path: string,
  body: HttpBody | undefined,
  signal: AbortSignal,
): Promise<[answer: HttpAnswer, refused?: HttpAnswer]> {
  const { clock, timeoutMs } = server;
  const who = serverText(server);
  const url = new URL(server.url);
  const [place = "", query = ""] = path.split("?");
  url.pathname = url.pathname.replace(/\/*$/, place);
  url.search = [url.search.slice(1), query].filter(String).join("&");
  try {
    return await withDeadline(clock, timeoutMs, signal, who, (inner) => exchange(server, url, body, inner));
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof DeadlineError) {
      throw new SilentServerError(`${who} has not answered within ${timeoutMs / 1000} s`, { cause });
    }
    // An error after attempts at several addresses has no message.
    const { message, code } = cause as NodeJS.ErrnoException;
    throw new Error(`asking ${who}: ${shown(server, message || String(code))}`, { cause });
  }
}

/** Answers of servers that refuse the method, and of proxies that let readers only read. */
const methodRefusals = [403, 405, 501];

/** Repeats a refused POST of a form as a GET. The refusal comes with the answer then. */
async function exchange(
  { post }: JsonServer,
  url: URL,
  body: HttpBody | undefined,
  signal: AbortSignal,
): Promise<[answer: HttpAnswer, refused?: HttpAnswer]> {
  const answer = await post(url.href, body, signal);
  if (typeof body !== "object" || !methodRefusals.includes(answer.status)) return [answer];
  const asked = new URL(url);
  asked.search = [url.search.slice(1), new URLSearchParams(body)].filter(String).join("&");
  return [await post(asked.href, undefined, signal), answer];
}

function answered({ status, text }: HttpAnswer): string {
  return `${status}${saidIn(status, text)}`;
}

/** The error in the JSON of both servers, or else the whole text. */
function saidIn(status: number, text: string): string {
  if (status >= 300 && status < 400) return ", a redirect, which is not followed";
  let said: unknown = text;
  try {
    said = JSON.parse(text).error;
  } catch {}
  const line = String(said ?? text)
    .replace(/\s+/g, " ")
    .trim();
  return line === "" ? "" : `: ${cut(line, saidMaxChars)}`;
}
