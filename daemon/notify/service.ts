import type { HttpAnswer, HttpRequest, HttpSend } from "../http/send.ts";
import { oneLine } from "../text/one-line.ts";
import type { SendEmail } from "./email.ts";
import type { Message, MessageKind } from "./message.ts";

/** A kind of receiver, with the form of its URLs (those of https://containrrr.dev/shoutrrr/v0.8/services/overview/). */
export interface Service {
  /** In logs and in the label `channel` of metrics. */
  readonly name: string;
  /** The first parts of its URLs. */
  readonly schemes: readonly string[];
  /** Shown where a URL is refused, such as "gotify://HOST[:PORT][/PATH]/TOKEN". */
  readonly form: string;
  /** The kinds of messages that it gets unless `rebootd.on` says otherwise; all by default. */
  readonly kinds?: readonly MessageKind[];
  /**
   * The URL in the service's own form for a web address as its pages show it, such as
   * https://hooks.slack.com/services/A/B/C; undefined for the address of another service. Throws as `parse`.
   */
  readonly fromAddress?: (address: URL) => string | undefined;
  /** Throws an Error whose message is a rule, such as "must have a token after the host". */
  readonly parse: (url: URL) => Deliver;
}

/**
 * Hands a message to the service, and resolves once it is taken. Rejects with a {@link DeliveryError}, or with
 * whatever the network failed with. Answers the thread, of at most 200 characters, where the service has given the
 * message a name under which later messages of the same topic are attached; they get it as `thread`.
 */
export type Deliver = (message: Message, net: Net, thread?: string) => Promise<string | undefined>;

/** The network as services see it. */
export interface Net {
  send: HttpSend;
  email: SendEmail;
  /** Aborted at the deadline of the attempt. */
  signal: AbortSignal;
}

/** A JSON object of another server: nothing is known of its values. */
export type Fields = Readonly<Record<string, unknown>>;

/** The text as a JSON object; an empty one if it is none. */
export function fieldsOf(text: string): Fields {
  try {
    return asFields(JSON.parse(text));
  } catch {
    return {};
  }
}

/** The value as a JSON object; an empty one if it is none. */
export function asFields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

/** A service that does not take a message. */
export class DeliveryError extends Error {
  override readonly name = "DeliveryError";
  /** The least pause before the next attempt that the service asks for. */
  readonly retryAfterMs: number;
  /** Another attempt cannot succeed. */
  readonly isFinal: boolean;
  /** The fields of the answer, if it was a JSON object. */
  readonly fields: Fields;
  constructor(
    what: string,
    facts: { retryAfterMs?: number; isFinal?: boolean; fields?: Fields; cause?: unknown } = {},
  ) {
    super(what, { cause: facts.cause });
    this.retryAfterMs = facts.retryAfterMs ?? 0;
    this.isFinal = facts.isFinal ?? false;
    this.fields = facts.fields ?? {};
  }
}

/** Answers that the same request gets again: https://www.rfc-editor.org/rfc/rfc9110#section-15.5 */
const finalStatuses = new Set([400, 401, 402, 403, 404, 405, 406, 409, 410, 411, 413, 414, 415, 421, 422]);

const saidMaxChars = 4000;

/**
 * The words of a service on one line, for an error. They are long, as half a secret would not be recognized: they are cut
 * once the secrets are hidden.
 */
export function saidBy(text: string): string {
  return oneLine(text.slice(0, saidMaxChars));
}

/** Sends the request, and answers what came with a 2xx. Rejects with a {@link DeliveryError} for any other status. */
export async function deliver({ send, signal }: Net, request: HttpRequest): Promise<HttpAnswer> {
  const answer = await send(request, signal);
  const { status, text, headers } = answer;
  if (status >= 200 && status < 300) return answer;
  const said = saidBy(text);
  const fields = fieldsOf(text);
  throw new DeliveryError(`answered ${status}${said === "" ? "" : `: ${said}`}`, {
    retryAfterMs: Math.max(retryAfterMs(headers["retry-after"], headers["date"]), pauseMs(fields)),
    isFinal: finalStatuses.has(status),
    fields,
  });
}

/** The same with a body of JSON. */
export async function deliverJson(
  net: Net,
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpAnswer> {
  return await deliver(net, {
    method: "POST",
    url,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

/**
 * The pause in the body, as Discord, Telegram and Matrix name it: https://discord.com/developers/docs/topics/rate-limits,
 * https://core.telegram.org/bots/api#responseparameters, https://spec.matrix.org/v1.11/client-server-api/#rate-limiting
 */
function pauseMs({ retry_after, parameters, retry_after_ms }: Fields): number {
  const seconds = [retry_after, asFields(parameters)["retry_after"]].map((value) => Number(value) * 1000);
  return Math.ceil(Math.max(0, ...[...seconds, Number(retry_after_ms)].filter(Number.isFinite)));
}

/** Seconds, or a date by the server's own clock: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
function retryAfterMs(value: string | undefined, date: string | undefined): number {
  if (value === undefined) return 0;
  if (/^\d+(\.\d+)?$/.test(value.trim())) return Number(value) * 1000;
  const ms = Date.parse(value) - Date.parse(date ?? "");
  return Number.isNaN(ms) ? 0 : Math.max(0, ms);
}
