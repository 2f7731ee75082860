import type { Clock } from "../time/clock.ts";
import { DeadlineError, withDeadline } from "../time/deadline.ts";

/** One POST of a form, or without one a GET. Rejects when no answer came; a redirect is an answer. */
export interface HttpPost {
  (url: string, form: Record<string, string> | undefined, signal: AbortSignal): Promise<HttpAnswer>;
  /** Takes what was sent to be let in out of a text of the server. */
  hide?: (text: string) => string;
}

export interface HttpAnswer {
  status: number;
  text: string;
  /** The server's clock as it answered, if it said so; milliseconds since the epoch. */
  date?: number | undefined;
}

/** A server that gates ask for JSON. */
export interface JsonServer {
  name: "Prometheus" | "Alertmanager";
  /** May have a path, a query, user and password. */
  url: string;
  /** The deadline of one request. */
  timeoutMs: number;
  clock: Clock;
  post: HttpPost;
  /** Called with the date of each answer, and the name of the server. */
  onDate?: (server: string, date: number) => void;
}

/** A server was silent up to its own deadline. */
export class SilentServerError extends Error {
  override readonly name = "SilentServerError";
}

const saidMaxChars = 200;

/** "Prometheus at http://prometheus:9090", without what may be a secret. */
export function serverText({ name, url }: JsonServer): string {
  const { origin, pathname } = new URL(url);
  return `${name} at ${origin}${pathname.replace(/\/+$/, "")}`;
}

/**
 * The text of the server without secrets. Call it before the text is cut: half a secret is not recognized.
 */
export function shown({ post }: JsonServer, said: string): string {
  return post.hide?.(said) ?? said;
}

/**
 * The value in the server's answer. Rejects when there is none, and with a {@link SilentServerError} when
 * that took too long.
 */
export async function askServer(
  server: JsonServer,
  path: string,
  form: Record<string, string> | undefined,
  signal: AbortSignal,
): Promise<unknown> {
  const who = serverText(server);
  const [answer, refused] = await send(server, path, form, signal);
  if (answer.date !== undefined) server.onDate?.(who, answer.date);
  const { status, text } = answer;
  if (status !== 200 && refused !== undefined) {
    throw new Error(`${who} answered ${answered(refused)} (to POST), and ${answered(answer)} (to GET)`);
  }
  if (status !== 200) throw new Error(`${who} answered ${answered(answer)}`);
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own words quote the text.
    throw new Error(`${who} answered something that is not JSON`);
  }
}

async function send(
  server: JsonServer,
  path: string,
  form: Record<string, string> | undefined,
  signal: AbortSignal,
): Promise<[answer: HttpAnswer, refused?: HttpAnswer]> {
  const { clock, timeoutMs } = server;
  const who = serverText(server);
  const url = new URL(server.url);
  url.pathname = url.pathname.replace(/\/*$/, path);
  try {
    return await withDeadline(clock, timeoutMs, signal, who, (inner) => exchange(server, url, form, inner));
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof DeadlineError) {
      throw new SilentServerError(`${who} has not answered within ${timeoutMs / 1000} s`, { cause });
    }
    // After attempts at several addresses the error has no message.
    const { message, code } = cause as NodeJS.ErrnoException;
    throw new Error(`asking ${who}: ${shown(server, message || String(code))}`, { cause });
  }
}

/** The answers of a server that refuses the method, or of a proxy that allows only reads. */
const methodRefusals = [403, 405, 501];

/** By GET where POST is refused; then the refusal comes with the answer. */
async function exchange(
  { post }: JsonServer,
  url: URL,
  form: Record<string, string> | undefined,
  signal: AbortSignal,
): Promise<[answer: HttpAnswer, refused?: HttpAnswer]> {
  const answer = await post(url.href, form, signal);
  if (form === undefined || !methodRefusals.includes(answer.status)) return [answer];
  const asked = new URL(url);
  asked.search = [url.search.slice(1), new URLSearchParams(form)].filter(String).join("&");
  return [await post(asked.href, undefined, signal), answer];
}

function answered({ status, text }: HttpAnswer): string {
  return `${status}${saidIn(status, text)}`;
}

/** The error that both servers put into JSON, else the text as it is. */
function saidIn(status: number, text: string): string {
  if (status >= 300 && status < 400) return ", a redirect, which is not followed";
  let said: unknown = text;
  try {
    said = JSON.parse(text).error;
  } catch {}
  const line = String(said ?? text)
    .replace(/\s+/g, " ")
    .trim();
  return line === "" ? "" : `: ${line.slice(0, saidMaxChars)}`;
}
