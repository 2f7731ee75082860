import { cut } from "../../text/cut.ts";
import { headingOf } from "../appearance.ts";
import { toEach } from "../each-target.ts";
import { escapeHtml, noWidth } from "../markup.ts";
import type { Message } from "../message.ts";
import { asFields, DeliveryError, deliverJson, fieldsOf, type Service, saidBy } from "../service.ts";
import { decoded, flagOf, listOf, parameters } from "../url-parts.ts";

const names = ["chats", "channels", "title", "preview", "notification", "parsemode"] as const;

/** https://core.telegram.org/bots/api#sendmessage */
export const telegram: Service = {
  name: "telegram",
  schemes: ["telegram"],
  form: "telegram://NUMBER:TOKEN@telegram?chats=@CHANNEL,CHAT-ID,CHAT-ID:THREAD-ID[&title=TITLE&preview=no&notification=yes]",
  parse(url) {
    const given = parameters(url, names);
    const token = `${decoded(url.username)}:${decoded(url.password)}`;
    if (!/^\d+:[\w-]{30,}$/.test(token))
      throw new Error("must have a bot's token before @, such as 123456:ABC…");
    const chats = [...listOf(given.chats), ...listOf(given.channels)];
    if (chats.length === 0) throw new Error("must have chats=…");
    if (!chats.every((chat) => /^(@\w+|-?\d+)(:\d+)?$/.test(chat))) {
      throw new Error("must have in chats only @CHANNEL, CHAT-ID or CHAT-ID:THREAD-ID");
    }
    if (!/^(none|html|markdown|markdownv2)$/i.test(given.parsemode ?? "none")) {
      throw new Error("must have parsemode=None, HTML, Markdown or MarkdownV2");
    }
    const options = {
      disable_notification: !flagOf("notification", given.notification, true),
      link_preview_options: { is_disabled: !flagOf("preview", given.preview, false) },
    };
    const address = `https://api.telegram.org/bot${token}/sendMessage`;
    return toEach(chats, async (target, message, net, thread) => {
      const [chat, topic] = target.split(":");
      const { text } = await deliverJson(net, address, {
        chat_id: chat,
        ...(topic !== undefined && { message_thread_id: Number(topic) }),
        ...(thread !== undefined && {
          reply_parameters: { message_id: Number(thread), allow_sending_without_reply: true },
        }),
        ...options,
        parse_mode: "HTML",
        text: htmlOf(message, given.title),
      });
      const { ok, result } = fieldsOf(text);
      if (ok !== true) throw new DeliveryError(`answered ${saidBy(text)}`);
      const { message_id } = asFields(result);
      return thread ?? (typeof message_id === "number" ? String(message_id) : undefined);
    });
  },
};

/** https://core.telegram.org/bots/api#html-style, whatever the parse mode of the URL is: no text has markup. */
function htmlOf(message: Message, title: string | undefined): string {
  const { text, node, event, runbook } = message;
  const lines = [
    `<b>${plain(cut(headingOf(message, title), titleMaxChars))}</b>`,
    plain(cut(text, textMaxChars)),
    `<i>${plain(`${node} · ${event}`)}</i>`,
    runbook === undefined ? "" : `<a href="${escapeHtml(runbook)}">Runbook</a>`,
  ];
  return lines.filter((line) => line !== "").join("\n");
}

/** Telegram makes links of @names, #tags, $tags and /commands that begin a word, and tells those who are named. */
function plain(text: string): string {
  return escapeHtml(text.replace(/(?<![\w/])[@#$](?=\w)|(?<![\w/<])\/(?=\w)/g, `$&${noWidth}`));
}

/** A message is at most 4096 characters without its HTML. */
const titleMaxChars = 256;
const textMaxChars = 3000;
