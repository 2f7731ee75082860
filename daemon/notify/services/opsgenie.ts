import { cut } from "../../text/cut.ts";
import { keyOf } from "../digest.ts";
import { endsIncident, incidentKinds } from "../incident.ts";
import type { Message } from "../message.ts";
import { deliverJson, type Service } from "../service.ts";
import { listOf, parameters, pathParts, serverAddress } from "../url-parts.ts";

const names = [
  ...["alias", "description", "responders", "visibleto", "actions", "tags", "details"],
  ...["entity", "source", "priority", "note", "user", "title"],
] as const;

/**
 * https://docs.opsgenie.com/docs/alert-api
 * The server takes each request before it looks for the alert. Closing one that does not exist changes nothing.
 */
export const opsgenie: Service = {
  name: "opsgenie",
  schemes: ["opsgenie"],
  form: "opsgenie://api.opsgenie.com/API_KEY[?responders=team:NAME,user:NAME&tags=a,b&priority=P1]",
  kinds: incidentKinds,
  parse(url) {
    const given = parameters(url, names);
    const { alias: prefix, title, description, entity, priority, user, source = "rebootd", note } = given;
    const alerts = `${serverAddress(url)}/v2/alerts`;
    const headers = { authorization: `GenieKey ${keyIn(url)}` };
    if (priority !== undefined && !/^P[1-5]$/.test(priority)) {
      throw new Error("must have a priority of P1 to P5");
    }
    const fixed = {
      source,
      user,
      note,
      responders: respondersOf("responders", given.responders),
      visibleTo: respondersOf("visibleTo", given.visibleto),
      actions: textsOf("actions", given.actions),
      tags: textsOf("tags", given.tags),
    };
    const fixedDetails = detailsOf(given.details);
    return async (message, net) => {
      const { kind, event, level, node, text, at, wave, runbook, topic } = message;
      // A prefix, and not the whole alias: the return of one node must not close the alert about another one.
      const alias = keyOf(prefix === undefined ? topic : `${prefix} ${topic}`, aliasMaxChars);
      if (endsIncident(kind)) {
        const close = `${alerts}/${encodeURIComponent(alias)}/close?identifierType=alias`;
        await deliverJson(net, close, { source, user, note: cut(text, noteMaxChars) }, headers);
        return;
      }
      const alert = {
        ...fixed,
        alias,
        message: cut(title ?? message.title, titleMaxChars),
        description: cut(paragraphs(text, description, runbook), descriptionMaxChars),
        entity: entity ?? node,
        priority: priority ?? priorities[level],
        details: { kind, event, node, at, wave, ...(runbook !== undefined && { runbook }), ...fixedDetails },
      };
      await deliverJson(net, alerts, alert, headers);
    };
  },
};

/** https://docs.opsgenie.com/docs/alert-api#create-alert */
const titleMaxChars = 130;
const aliasMaxChars = 512;
const descriptionMaxChars = 15_000;
const noteMaxChars = 25_000;

/** P3 is the default of Opsgenie. */
const priorities: Readonly<Record<Message["level"], string>> = { info: "P5", warn: "P3", error: "P2" };

function keyIn(url: URL): string {
  const [key, ...more] = pathParts(url);
  if (key !== undefined && more.length === 0 && /^[\w-]+$/.test(key)) return key;
  throw new Error("must have the key of an API integration after the host");
}

function paragraphs(...texts: (string | undefined)[]): string {
  return texts.filter((text) => text !== undefined && text !== "").join("\n\n");
}

/** A list as shoutrrr takes it, "a,b", or as its documentation shows it, '["a","b"]'. */
function textsOf(name: string, value: string | undefined): string[] | undefined {
  if (value === undefined) return undefined;
  const texts = value.startsWith("[") ? jsonOf(value) : listOf(value);
  if (Array.isArray(texts) && texts.every(isText)) return texts;
  throw new Error(`must have ${name}=a,b`);
}

interface Responder {
  type: string;
  id?: string;
  name?: string;
  username?: string;
}

const responderTypes = ["team", "user", "escalation", "schedule"];

/** Such as "team:NAME,user:NAME", or the JSON that Opsgenie takes. */
function respondersOf(name: string, value: string | undefined): Responder[] | undefined {
  if (value === undefined) return undefined;
  const responders = value.startsWith("[") ? jsonOf(value) : listOf(value).map(responderOf);
  if (Array.isArray(responders) && responders.every(isResponder)) return responders;
  throw new Error(`must have ${name}=team:NAME, or several with one of ${responderTypes.join(", ")} each`);
}

function responderOf(text: string): Responder | undefined {
  const [type = "", who = "", ...more] = text.split(":");
  if (who === "" || more.length > 0) return undefined;
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(who)) return { type, id: who };
  return type === "user" ? { type, username: who } : { type, name: who };
}

function isResponder(given: unknown): given is Responder {
  const type = (given as Responder | null | undefined)?.type;
  return type !== undefined && responderTypes.includes(type);
}

/** Such as "key:value,key:value", or an object of JSON. */
function detailsOf(value: string | undefined): Record<string, string> | undefined {
  if (value === undefined) return undefined;
  const pairs = value.startsWith("{")
    ? Object.entries(jsonOf(value) ?? { "not JSON": undefined })
    : listOf(value).map((pair) => pair.split(":"));
  if (pairs.every(isPair)) return Object.fromEntries(pairs);
  throw new Error("must have details=KEY:VALUE,KEY:VALUE");
}

function isPair(given: readonly unknown[]): given is [string, string] {
  return given.length === 2 && given.every(isText);
}

function isText(given: unknown): given is string {
  return typeof given === "string";
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
