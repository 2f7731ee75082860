import type { HttpAnswer } from "../../http/send.ts";
import { cut } from "../../text/cut.ts";
import { colourOf, headingOf, type Tone, toneOf } from "../appearance.ts";
import { type Dialect, escapedTo, escapeMarkdown } from "../markup.ts";
import type { Message } from "../message.ts";
import { DeliveryError, deliverJson, type Fields, fieldsOf, type Service } from "../service.ts";
import { decoded, flagOf, parameters } from "../url-parts.ts";

const names = [
  ...["title", "username", "avatar", "avatarurl", "thread_id", "threadid", "splitlines", "json"],
  ...["color", "colorerror", "colorwarn", "colorinfo", "colordebug"],
] as const;

/** https://discord.com/developers/docs/resources/webhook#execute-webhook */
export const discord: Service = {
  name: "discord",
  schemes: ["discord"],
  form: "discord://TOKEN@WEBHOOK-ID[?thread_id=ID&title=TITLE&username=NAME&avatar=URL&color=0xRRGGBB]",
  fromAddress({ hostname, pathname, search }) {
    if (!/^((ptb|canary)\.)?discord(app)?\.com$/.test(hostname)) return undefined;
    const [, id, token] = /^\/api(?:\/v\d+)?\/webhooks\/([^/]+)\/([^/]+)\/?$/.exec(pathname) ?? [];
    if (token === undefined) {
      throw new Error("must be the address of a webhook: https://discord.com/api/webhooks/ID/TOKEN");
    }
    return `discord://${token}@${id}${search}`;
  },
  parse(url) {
    const given = parameters(url, names);
    const [token, id] = [decoded(url.username), url.hostname];
    if (!/^\d+$/.test(id))
      throw new Error("must have the webhook's ID, which is a number, after the token and @");
    if (token === "" || url.password !== "") throw new Error("must have the webhook's token before @");
    if (url.pathname === "/raw" || flagOf("json", given.json, false)) {
      throw new Error("must be without /raw and json=yes, as a message of rebootd is no JSON");
    }
    if (url.pathname.length > 1) throw new Error("must have nothing after the webhook's ID but parameters");
    flagOf("splitlines", given.splitlines, true);
    const fixedThread = given.thread_id ?? given.threadid;
    if (fixedThread !== undefined && !/^\d+$/.test(fixedThread))
      throw new Error("must have a number as thread_id");
    const colours = coloursOf(given);
    const avatar = given.avatar ?? given.avatarurl;
    const sender = {
      ...(given.username !== undefined && { username: given.username }),
      ...(avatar !== undefined && { avatar_url: avatar }),
    };
    const address = `https://discord.com/api/webhooks/${id}/${encodeURIComponent(token)}`;
    return async (message, net, thread) => {
      const body = { ...sender, ...bodyOf(message, given.title, colours[toneOf(message)]) };
      const name = cut(message.title, threadNameMaxChars);
      const post: Post = (query, more) =>
        deliverJson(net, `${address}?wait=true${query}`, { ...body, ...more });
      if (fixedThread === undefined) return await postAnywhere(post, name, thread);
      await post(`&thread_id=${fixedThread}`);
      return undefined;
    };
  },
};

type Post = (query: string, more?: object) => Promise<HttpAnswer>;

/** Answers the thread in a forum. Other channels have none that a webhook may begin. */
async function postAnywhere(
  post: Post,
  name: string,
  thread: string | undefined,
): Promise<string | undefined> {
  try {
    if (thread !== undefined) {
      await post(`&thread_id=${encodeURIComponent(thread)}`);
      return thread;
    }
  } catch (error) {
    if (codeOf(error) !== unknownChannel) throw error;
  }
  try {
    await post("");
    return undefined;
  } catch (error) {
    if (codeOf(error) !== needsThread) throw error;
  }
  const { text } = await post("", { thread_name: name });
  return channelOf(fieldsOf(text));
}

function codeOf(error: unknown): unknown {
  return error instanceof DeliveryError ? error.fields["code"] : undefined;
}

/** https://discord.com/developers/docs/topics/opcodes-and-status-codes#json */
const needsThread = 220001;
const unknownChannel = 10003;

function channelOf({ channel_id }: Fields): string | undefined {
  return typeof channel_id === "string" ? channel_id : undefined;
}

function bodyOf(message: Message, title: string | undefined, colour: number | undefined): object {
  const { text, node, event, at, runbook } = message;
  const escaped = (max: number, line: string) => escapedTo(max, line, (one) => escapeMarkdown(one, dialect));
  return {
    // https://discord.com/developers/docs/resources/message#allowed-mentions-object: none.
    allowed_mentions: { parse: [] },
    embeds: [
      {
        title: escaped(titleMaxChars, headingOf(message, title)),
        description: escaped(textMaxChars, text),
        color: colour ?? Number.parseInt(colourOf(message).slice(1), 16),
        ...(runbook !== undefined && { fields: [{ name: "Runbook", value: cut(runbook, fieldMaxChars) }] }),
        footer: { text: cut(`${node} · ${event}`, fieldMaxChars) },
        timestamp: at,
      },
    ],
  };
}

/** https://support.discord.com/hc/articles/210298617: a backslash before any sign but letters and digits. */
const dialect: Dialect = { escaped: /[\\*_~`|[\]<@]|:(?=\w+:)/g };

/** https://discord.com/developers/docs/resources/message#embed-object-embed-limits: 6000 together. */
const titleMaxChars = 256;
const textMaxChars = 4000;
const fieldMaxChars = 1000;
const threadNameMaxChars = 100;

/** The colours of the levels; `color` is that of messages without a level, as all of kured's are. */
function coloursOf(given: Partial<Record<(typeof names)[number], string>>): Partial<Record<Tone, number>> {
  const number = (name: "color" | "colorerror" | "colorwarn" | "colorinfo" | "colordebug") => {
    const value = given[name];
    if (value === undefined) return undefined;
    const hex = /^(?:0x|#)?([0-9a-f]{1,6})$/i.exec(value)?.[1];
    if (hex === undefined) throw new Error(`must have in ${name} six digits 0-9 and A-F, such as 0xD60510`);
    return Number.parseInt(hex, 16);
  };
  const [all, error, warn, info] = [
    number("color"),
    number("colorerror"),
    number("colorwarn"),
    number("colorinfo"),
  ];
  number("colordebug");
  const colours = { info: info ?? all, good: info ?? all, warn: warn ?? all, error: error ?? all };
  return Object.fromEntries(Object.entries(colours).filter(([, colour]) => colour !== undefined));
}
