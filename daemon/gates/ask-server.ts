import { type Clock, DeadlineError, withDeadline } from "../clock.ts";
import { SilentServerError } from "./gate.ts";

/** One POST of a form, or without one a GET. Rejects when no answer came; a redirect is an answer. */
export type HttpPost = (
  url: string,
  form: Record<string, string> | undefined,
  signal: AbortSignal,
) => Promise<{ status: number; text: string }>;

/** A server that gates ask for JSON. */
export interface JsonServer {
  name: "Prometheus" | "Alertmanager";
  /** May have a path, a query, user and password. */
  url: string;
  /** Of one request. */
  timeoutMs: number;
  clock: Clock;
  post: HttpPost;
}

const saidMaxChars = 200;

/** "Prometheus at http://prometheus:9090", without what may be a secret. */
export function serverText({ name, url }: JsonServer): string {
  const { origin, pathname } = new URL(url);
  return `${name} at ${origin}${pathname.replace(/\/+$/, "")}`;
}

/** The value in the server's answer. Rejects when there is none, and with a {@link SilentServerError} when that took too long. */
export async function askServer(
  server: JsonServer,
  path: string,
  form: Record<string, string> | undefined,
  signal: AbortSignal,
): Promise<unknown> {
  const who = serverText(server);
  const { status, text } = await send(server, path, form, signal);
  if (status !== 200) throw new Error(`${who} answered ${status}${saidIn(status, text)}`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${who} answered something that is not JSON`, { cause });
  }
}

async function send(
  server: JsonServer,
  path: string,
  form: Record<string, string> | undefined,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  const { clock, timeoutMs, post } = server;
  const who = serverText(server);
  const url = new URL(server.url);
  url.pathname = url.pathname.replace(/\/*$/, path);
  try {
    return await withDeadline(clock, timeoutMs, signal, who, (inner) => post(url.href, form, inner));
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof DeadlineError) {
      throw new SilentServerError(`${who} has not answered within ${timeoutMs / 1000} s`, { cause });
    }
    // Where several addresses were tried the error has no text of its own.
    const { message, code } = cause as NodeJS.ErrnoException;
    throw new Error(`asking ${who}: ${message || code}`, { cause });
  }
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
