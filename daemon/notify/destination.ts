import { anyOf } from "../text/list.ts";
import { formsOf } from "../text/secrets.ts";
import { type MessageKind, messageKindNames } from "./message.ts";
import type { Deliver, Service } from "./service.ts";
import { services } from "./services.ts";
import { listOf } from "./url-parts.ts";

/** A receiver of messages, with its filter. */
export interface Destination {
  /** Its service's name, with a number from the second of the same service on: "slack", "slack-2". */
  name: string;
  service: string;
  kinds: ReadonlySet<MessageKind>;
  deliver: Deliver;
  /** Texts that must not be shown anywhere. */
  secrets: readonly string[];
}

/**
 * The destinations of these URLs, without those that occur twice. Throws an Error whose message is a rule, and
 * names the URL only by its place and scheme.
 */
export function parseDestinations(urls: readonly string[]): Destination[] {
  const texts = [...new Set(urls.map(unquoted))];
  const counts = new Map<string, number>();
  return texts.map((text, at) => {
    const place = texts.length === 1 ? "" : ` (URL ${at + 1} of ${texts.length})`;
    const { service, kinds, deliver, secrets } = parseDestination(text, place);
    const count = (counts.get(service.name) ?? 0) + 1;
    counts.set(service.name, count);
    const name = count === 1 ? service.name : `${service.name}-${count}`;
    return { name, service: service.name, kinds, deliver, secrets };
  });
}

function parseDestination(text: string, place: string) {
  if (!URL.canParse(text)) {
    throw new Error(`must be a URL, for example ${example}${place}`);
  }
  const { service, url } = serviceOf(new URL(text), place);
  try {
    const on = url.searchParams.getAll(onParameter);
    url.searchParams.delete(onParameter);
    const kinds = kindsOf(on, service);
    return { service, kinds, deliver: service.parse(url), secrets: secretsOf(text, url) };
  } catch (cause) {
    const rule = (cause as Error).message;
    throw new Error(`${rule}; the form is ${service.form}${place}`, { cause });
  }
}

/** Selects the messages of one destination; of the URL it is no part of the service's own. */
const onParameter = "rebootd.on";
const example = "slack://hook:TOKEN@webhook or generic+https://HOST/PATH";

function serviceOf(given: URL, place: string): { service: Service; url: URL } {
  const scheme = given.protocol.slice(0, -1);
  const named = services.find(({ schemes }) => schemes.includes(scheme));
  if (named !== undefined) return { service: named, url: given };
  if (scheme !== "https" && scheme !== "http") {
    const known = anyOf(services.flatMap(({ schemes }) => schemes.map((one) => `${one}://`)));
    throw new Error(`must begin with ${known}, but begins with ${scheme.slice(0, 20)}://${place}`);
  }
  for (const service of services) {
    const url = addressOf(service, given, place);
    if (url !== undefined) return { service, url };
  }
  const rule = `must be the address of a webhook of a known service, or begin with generic+${scheme}:// for any other one`;
  throw new Error(`${rule}${place}`);
}

function addressOf(service: Service, given: URL, place: string): URL | undefined {
  const address = new URL(given);
  address.searchParams.delete(onParameter);
  try {
    const text = service.fromAddress?.(address);
    if (text === undefined) return undefined;
    const url = new URL(text);
    for (const on of given.searchParams.getAll(onParameter)) url.searchParams.append(onParameter, on);
    return url;
  } catch (cause) {
    throw new Error(`${(cause as Error).message}${place}`, { cause });
  }
}

function kindsOf(given: readonly string[], { kinds = messageKindNames }: Service): Set<MessageKind> {
  const words = given.flatMap(listOf);
  if (words.length === 0) return new Set(kinds);
  const unknown = words.find((word) => !isKind(word));
  if (unknown !== undefined) {
    const shown = JSON.stringify(unknown.slice(0, 20));
    throw new Error(`must have in ${onParameter} only ${messageKindNames.join(", ")}, but has ${shown}`);
  }
  return new Set(words.filter(isKind));
}

function isKind(word: string): word is MessageKind {
  return (messageKindNames as readonly string[]).includes(word);
}

/** kured takes away one pair of quotes, which templates leave. */
function unquoted(text: string): string {
  const trimmed = text.trim();
  return /^(["'])(.+)\1$/s.exec(trimmed)?.[2] ?? trimmed;
}

/** Everything in the URL that may be secret: all but the scheme, and short words. */
function secretsOf(text: string, url: URL): string[] {
  const { username, password, hostname, pathname, searchParams } = url;
  // In some forms a token stands in place of the host.
  const isHost = /[.:]|^localhost$/.test(hostname);
  const parts = [username, password, ...pathname.split("/"), ...searchParams.values()];
  if (!isHost) parts.push(hostname);
  // Services send the parts of a token in other orders and with other signs between them.
  const secrets = parts.flatMap((part) => [part, plain(part), ...(plain(part).match(longRun) ?? [])]);
  const login = `${plain(username)}:${plain(password)}`;
  const forms = [text, login, ...secrets].filter((part) => part.length >= secretMinChars).flatMap(formsOf);
  return [...new Set(forms)];
}

/** A shorter text is no secret, and would occur in many words. */
const secretMinChars = 6;

/** No word, but a token or a part of one. */
const longRun = /[A-Za-z0-9]{9,}/g;

function plain(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
