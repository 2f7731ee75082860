import { basicAuthorization, type HttpRequest } from "../../http/send.ts";
import type { Message } from "../message.ts";
import { deliver, type Service } from "../service.ts";
import { decoded, flagOf, parameters, serverAddress } from "../url-parts.ts";

const names = [
  ...["template", "contenttype", "disabletls", "title", "titlekey", "messagekey", "method"],
] as const;

/** https://containrrr.dev/shoutrrr/v0.8/services/generic/ */
export const generic: Service = {
  name: "generic",
  schemes: ["generic", "generic+https", "generic+http"],
  form: "generic://HOST[:PORT]/PATH[?template=json] or generic+https://HOST[:PORT]/PATH[?template=cloudevents]",
  parse(url) {
    const { own, headers, extras, forwarded } = sorted(url);
    const given = parameters(own, names);
    const isPlain = url.protocol === "generic+http:" || flagOf("disabletls", given.disabletls, false);
    const address = new URL(`${serverAddress(url, { isPlain })}${url.pathname}`);
    address.search = forwarded.toString();
    const method = methodOf(given.method);
    const template = templateOf(given.template);
    const type = given.contenttype ?? template.type;
    const request = {
      method,
      url: address.href,
      headers: checked({ "content-type": type, accept: type, ...credentialsOf(url), ...headers }),
    };
    const { title, titlekey = "title", messagekey = "message" } = given;
    return async (message, net) => {
      const body = template.bodyOf(message, { title, titlekey, messagekey, extras });
      await deliver(net, { ...request, body });
    };
  },
};

/** The parameters of the URL by what they are for. */
interface Sorted {
  /** A URL that has only the parameters of this service. */
  own: URL;
  /** Parameters with @: headers of the request, by name in lower case. */
  headers: Record<string, string>;
  /** Parameters with $: fields of the JSON. */
  extras: Record<string, string>;
  /** All others: they stay in the address. */
  forwarded: URLSearchParams;
}

/**
 * Sorts the parameters like shoutrrr. In an address after generic+, all names but those with @ and $ are the server's
 * own. The only exception is template=cloudevents, which shoutrrr does not have.
 */
function sorted(url: URL): Sorted {
  const isShort = url.protocol !== "generic:";
  const own = new URL("generic://parameters");
  const forwarded = new URLSearchParams();
  const headers: [string, string][] = [];
  const extras: [string, string][] = [];
  for (const [name, value] of url.searchParams) {
    const isOwn = isShort ? `${name}=${value}` === "template=cloudevents" : isReserved(name);
    if (name.startsWith("@")) headers.push([headerName(name.slice(1)), value]);
    else if (name.startsWith("$")) extras.push([name.slice(1), value]);
    else if (isOwn) own.searchParams.append(name, value);
    else forwarded.append(isShort ? name : unescaped(name), value);
  }
  return { own, forwarded, headers: Object.fromEntries(headers), extras: Object.fromEntries(extras) };
}

function isReserved(name: string): boolean {
  return (names as readonly string[]).includes(name.toLowerCase());
}

/** Two underscores are put before a name of the server's that is reserved here. */
function unescaped(name: string): string {
  return name.startsWith("__") && isReserved(name.slice(2)) ? name.slice(2) : name;
}

/** "acceptLanguage" is accept-language. */
function headerName(name: string): string {
  return name.replace(/(?<=[^-])[A-Z]/g, "-$&").toLowerCase();
}

/** Headers that describe the connection, and are not for a URL to set. */
const hopHeaders = ["host", "connection", "content-length", "transfer-encoding", "upgrade", "expect", "te"];

function checked(headers: Record<string, string>): Record<string, string> {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || hopHeaders.includes(name)) {
      throw new Error("must have the name of a header after @");
    }
    if (!/^[\x20-\x7e]*$/.test(value))
      throw new Error(`must have only ASCII characters in the header ${name}`);
  }
  return headers;
}

function credentialsOf({ username, password }: URL): Record<string, string> {
  if (username === "" && password === "") return {};
  return { authorization: basicAuthorization(`${decoded(username)}:${decoded(password)}`) };
}

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

function methodOf(given = "POST"): HttpRequest["method"] {
  const method = methods.find((one) => one === given.toUpperCase());
  if (method === undefined) throw new Error(`must have a method of ${methods.join(", ")}`);
  return method;
}

interface Fields {
  title: string | undefined;
  titlekey: string;
  messagekey: string;
  extras: Readonly<Record<string, string>>;
}

interface Template {
  /** The type of the body, unless the URL says otherwise. */
  type: string;
  bodyOf(message: Message, fields: Fields): string;
}

const templates: Readonly<Record<string, Template>> = {
  /** The text alone, as kured sends it, and with the type that shoutrrr gives it. */
  "": { type: "application/json", bodyOf: ({ text }) => text },
  json: {
    type: "application/json",
    bodyOf: (message, { title = message.title, titlekey, messagekey, extras }) =>
      JSON.stringify(
        Object.fromEntries([[titlekey, title], [messagekey, message.text], ...Object.entries(extras)]),
      ),
  },
  cloudevents: {
    type: "application/cloudevents+json",
    bodyOf: (message, { extras }) => JSON.stringify(cloudEvent(message, extras)),
  },
};

function templateOf(given = ""): Template {
  const name = given.toLowerCase();
  const template = Object.hasOwn(templates, name) ? templates[name] : undefined;
  if (template === undefined) throw new Error("must have template=json or template=cloudevents, or none");
  return template;
}

/** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md */
function cloudEvent(message: Message, extras: Readonly<Record<string, string>>): object {
  const { id, kind, event, level, node, title, text, at, topic, wave, runbook } = message;
  return {
    specversion: "1.0",
    id,
    source: `/rebootd/nodes/${encodeURIComponent(node)}`,
    type: `dev.rebootd.${kind}`,
    subject: node,
    time: at,
    datacontenttype: "application/json",
    data: { kind, event, level, node, title, text, topic, wave, runbook, ...extras },
  };
}
