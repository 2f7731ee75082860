import { cut, cutBytes } from "../../text/cut.ts";
import { headingOf } from "../appearance.ts";
import { digest } from "../digest.ts";
import { escapeHtml } from "../markup.ts";
import type { Message } from "../message.ts";
import { deliverJson, type Service } from "../service.ts";
import { parameters, serverAddress } from "../url-parts.ts";

/** Addresses that were made for threads have a reply option; all messages have the same one. */
const names = ["key", "token", "threadkey", "messagereplyoption", "title"] as const;

/** https://developers.google.com/workspace/chat/quickstart/webhooks */
export const googlechat: Service = {
  name: "googlechat",
  schemes: ["googlechat", "hangouts"],
  form: "googlechat://chat.googleapis.com/v1/spaces/SPACE/messages?key=KEY&token=TOKEN[&threadKey=KEY&title=TITLE]",
  fromAddress: ({ protocol, host, pathname, search }) =>
    protocol === "https:" && host === "chat.googleapis.com"
      ? `googlechat://${host}${pathname}${search}`
      : undefined,
  parse(url) {
    const { key, token, threadkey, title } = parameters(url, names);
    const server = serverAddress(url);
    if (!/^\/v1\/spaces\/[^/]+\/messages\/?$/.test(url.pathname)) {
      throw new Error("must have the path /v1/spaces/SPACE/messages");
    }
    if (!key) throw new Error("must have key=…");
    if (!token) throw new Error("must have token=…");
    return async (message, net) => {
      const query = new URLSearchParams({
        key,
        token,
        messageReplyOption: "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD",
        // A repeat gets the message that is there.
        requestId: digest(message.id),
      });
      await deliverJson(net, `${server}${url.pathname}?${query}`, {
        ...cardOf(message, title),
        thread: { threadKey: threadkey ?? message.wave },
      });
    };
  },
};

/**
 * A card, as a text has formatting that cannot be escaped. In a card, text is HTML:
 * https://developers.google.com/workspace/chat/format-messages#card-formatting
 */
function cardOf(message: Message, title: string | undefined): object {
  const { text, node, event, runbook } = message;
  const heading = cut(headingOf(message, title), titleMaxChars);
  const widgets = [
    ...(text === "" ? [] : [{ textParagraph: { text: htmlOf(text) } }]),
    ...(runbook === undefined
      ? []
      : [{ buttonList: { buttons: [{ text: "Runbook", onClick: { openLink: { url: runbook } } }] } }]),
  ];
  return {
    fallbackText: heading,
    cardsV2: [
      {
        cardId: "message",
        card: {
          header: { title: heading, subtitle: cut(`${node} · ${event}`, titleMaxChars) },
          ...(widgets.length > 0 && { sections: [{ widgets }] }),
        },
      },
    ],
  };
}

function htmlOf(text: string): string {
  return escapeHtml(cutBytes(text, textMaxBytes)).replaceAll("\n", "<br>");
}

/** A message is at most 32,000 bytes, and escapes make a text up to five times as long. */
const textMaxBytes = 5000;
const titleMaxChars = 200;
