import { basicAuthorization } from "../../http/send.ts";
import { cut } from "../../text/cut.ts";
import { headingOf } from "../appearance.ts";
import { type Dialect, escapeMarkdown, linkable } from "../markup.ts";
import type { Message } from "../message.ts";
import { DeliveryError, deliver, fieldsOf, type Service, saidBy } from "../service.ts";
import { decoded, flagOf, parameters, serverAddress } from "../url-parts.ts";

/** https://zulip.com/api/send-message */
export const zulip: Service = {
  name: "zulip",
  schemes: ["zulip"],
  form: "zulip://BOT%40HOST:API-KEY@HOST[:PORT]/?stream=CHANNEL[&topic=TOPIC&disabletls=no]",
  parse(url) {
    const given = parameters(url, ["stream", "topic", "title", "disabletls"]);
    const server = serverAddress(url, { isPlain: flagOf("disabletls", given.disabletls, false) });
    const [bot, key] = [decoded(url.username), decoded(url.password)];
    if (!bot.includes("@")) throw new Error("must have the bot's mail address first, with %40 for @");
    if (key === "") throw new Error("must have the bot's API key after its mail address and :");
    if (url.pathname.length > 1) throw new Error("must have nothing after the host but parameters");
    const { stream } = given;
    if (!stream) throw new Error("must have stream=…");
    const fixedTopic = given.topic ?? given.title;
    const authorization = basicAuthorization(`${bot}:${key}`);
    return async (message, net) => {
      const topic = cut(fixedTopic ?? `Reboots ${message.wave}`, topicMaxChars);
      const form = new URLSearchParams({ type: "stream", to: stream, topic, content: contentOf(message) });
      const { text } = await deliver(net, {
        method: "POST",
        url: `${server}/api/v1/messages`,
        headers: { authorization, "content-type": "application/x-www-form-urlencoded" },
        body: form.toString(),
      });
      if (fieldsOf(text)["result"] !== "success") throw new DeliveryError(`answered ${saidBy(text)}`);
      return undefined;
    };
  },
};

/** https://zulip.com/api/send-message#parameter-topic */
const topicMaxChars = 60;

/** The text is code, as Zulip's Markdown has no escapes: https://zulip.com/help/format-your-message-using-markdown */
function contentOf(message: Message): string {
  const { text, node, event, runbook } = message;
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return [
    `**${escapeMarkdown(cut(headingOf(message, undefined), titleMaxChars), dialect)}**`,
    ...(text === "" ? [] : [`${fence}text`, cut(text, textMaxChars), fence]),
    [
      escapeMarkdown(`${node} · ${event}`, dialect),
      ...(runbook === undefined ? [] : [`[Runbook](${linkable(runbook)})`]),
    ].join(" · "),
  ].join("\n");
}

/** A message is at most 10,000 characters. */
const textMaxChars = 8000;
const titleMaxChars = 300;

const dialect: Dialect = { parted: /[*~`@#[\]<$!]|:(?=[\w+-]+:)/g };
