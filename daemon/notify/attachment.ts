import { cut } from "../text/cut.ts";
import { colourOf, headingOf } from "./appearance.ts";
import { type Dialect, escapedTo, escapeMarkdown, linkable } from "./markup.ts";
import type { Message } from "./message.ts";

/** A message with an attachment as Slack had it before its blocks; Mattermost and Rocket.Chat have it with Markdown. */
export function attachmentOf(message: Message, title: string | undefined, dialect: Dialect): object {
  const { text, node, event, runbook } = message;
  const escaped = (max: number, line: string) => escapedTo(max, line, (one) => escapeMarkdown(one, dialect));
  const lines = [escaped(textMaxChars, text), runbook === undefined ? "" : `[Runbook](${linkable(runbook)})`];
  return {
    text: escaped(titleMaxChars, headingOf(message, title)),
    attachments: [
      {
        color: colourOf(message),
        fallback: cut(text, titleMaxChars),
        text: lines.filter((line) => line !== "").join("\n\n"),
        fields: [
          { title: "Node", value: escaped(titleMaxChars, node), short: true },
          { title: "Event", value: escaped(titleMaxChars, event), short: true },
        ],
      },
    ],
  };
}

/** Mattermost takes 16,383 characters, or 4000 in old versions; Rocket.Chat 5000 by default. */
const textMaxChars = 3500;
const titleMaxChars = 400;

/** The fields for an icon, which is a web address or the name of an emoji. */
export function iconOf(icon: string | undefined): object {
  if (icon === undefined || icon === "") return {};
  return /^https?:\/\//.test(icon) ? { icon_url: icon } : { icon_emoji: `:${icon.replace(/^:|:$/g, "")}:` };
}
