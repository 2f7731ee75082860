import { basicAuthorization } from "../../http/send.ts";
import { cutBytes } from "../../text/cut.ts";
import { oneLine } from "../../text/one-line.ts";
import { digest } from "../digest.ts";
import type { Message } from "../message.ts";
import { deliver, type Service } from "../service.ts";
import { decoded, flagOf, listOf, parameters, pathParts, serverAddress } from "../url-parts.ts";

const names = [
  ...["title", "tags", "priority", "click", "actions", "attach", "filename", "icon", "email"],
  ...["delay", "at", "in", "cache", "firebase", "scheme"],
] as const;

/** https://docs.ntfy.sh/publish/ */
export const ntfy: Service = {
  name: "ntfy",
  schemes: ["ntfy"],
  form: "ntfy://[USER:PASSWORD@|:TOKEN@]HOST[:PORT]/TOPIC[?priority=high&tags=a,b&scheme=https]",
  fromAddress: ({ protocol, host, pathname, search }) =>
    protocol === "https:" && host === "ntfy.sh" ? `ntfy://${host}${pathname}${search}` : undefined,
  parse(url) {
    const given = parameters(url, names);
    const address = `${serverAddress(url, { isPlain: isPlain(given.scheme) })}/${topicOf(url)}`;
    const credentials = credentialsOf(url);
    const priority = given.priority === undefined ? undefined : priorityOf(given.priority);
    const fixed = {
      ...given,
      delay: given.delay ?? given.at ?? given.in,
      cache: flagOf("cache", given.cache, true) ? undefined : "no",
      firebase: flagOf("firebase", given.firebase, true) ? undefined : "no",
      authorization: credentials && basicAuthorization(credentials),
    };
    return async (message, net) => {
      const headers = headersOf({
        authorization: fixed.authorization,
        "content-type": "text/plain; charset=utf-8",
        title: fixed.title ?? message.title,
        priority: String(priority ?? priorities[message.level]),
        tags: listOf(fixed.tags).join(",") || emojiOf(message),
        click: fixed.click ?? message.runbook,
        actions: fixed.actions,
        attach: fixed.attach,
        filename: fixed.filename,
        "x-icon": fixed.icon,
        email: fixed.email,
        delay: fixed.delay,
        cache: fixed.cache,
        firebase: fixed.firebase,
        // A repeat takes the place of the same message. Other messages do not share it: an update is silent.
        "x-sequence-id": digest(message.id),
      });
      const body = cutBytes(message.text, textMaxBytes);
      await deliver(net, { method: "POST", url: address, headers, body });
    };
  },
};

/** A longer text becomes an attachment: https://docs.ntfy.sh/publish/#limitations */
const textMaxBytes = 4096;

/** On a scale of 1 to 5; from 3 on the phone makes a sound: https://docs.ntfy.sh/publish/#message-priority */
const priorities = { info: 2, warn: 3, error: 4 } as const;
const priorityNames = ["min", "low", "default", "high", "max"];

function priorityOf(given: string): number {
  const word = given.toLowerCase();
  const place = word === "urgent" ? 5 : priorityNames.indexOf(word) + 1 || Number(word);
  if (Number.isInteger(place) && place >= 1 && place <= 5) return place;
  throw new Error(`must have a priority of 1 to 5, or one of ${priorityNames.join(", ")}`);
}

function isPlain(scheme = "https"): boolean {
  if (scheme === "https" || scheme === "http") return scheme === "http";
  throw new Error("must have scheme=https or scheme=http");
}

function topicOf(url: URL): string {
  const [topic, ...more] = pathParts(url);
  // https://docs.ntfy.sh/publish/#picking-a-topic
  if (topic !== undefined && more.length === 0 && /^[-_A-Za-z0-9]{1,64}$/.test(topic)) return topic;
  throw new Error("must have one topic after the host: at most 64 letters, digits, - and _");
}

/** user:password; for an access token, the user is empty: https://docs.ntfy.sh/publish/#access-tokens */
function credentialsOf({ username, password }: URL): string | undefined {
  if (username === "" && password === "") return undefined;
  if (password === "") throw new Error("must have a password after the user, or an access token as :TOKEN@");
  return `${decoded(username)}:${decoded(password)}`;
}

/** Tags that ntfy shows as emojis: https://docs.ntfy.sh/emojis/ */
function emojiOf({ kind, level }: Message): string | undefined {
  if (kind === "done" || kind === "restored") return "white_check_mark";
  return { info: undefined, warn: "warning", error: "rotating_light" }[level];
}

/** Headers are ASCII; ntfy decodes https://www.rfc-editor.org/rfc/rfc2047 */
function headersOf(texts: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).flatMap(([name, text]) => {
      const line = oneLine(text ?? "");
      if (line === "") return [];
      const isAscii = /^[\x20-\x7e]*$/.test(line);
      return [[name, isAscii ? line : `=?UTF-8?B?${Buffer.from(line).toString("base64")}?=`]];
    }),
  );
}
