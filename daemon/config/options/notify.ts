import { parseDestinations } from "../../notify/destination.ts";
import type { MessageKind } from "../../notify/message.ts";
import { linesOf } from "../../notify/source.ts";
import { parseKindTemplate, parsePercentTemplate, type Template } from "../../notify/template.ts";
import { invalidValue } from "../../text/config-error.ts";
import type { OptionTable, ValuesOf } from "../option.ts";
import { parsedBy } from "../value-type.ts";
import { duration, path, text } from "../values.ts";

const plainText = (example: string) =>
  text({ rule: `must be a text without control characters, for example ${example}`, like: /^[\n\P{Cc}]*$/u });
const url = plainText("slack://hook:TOKEN@webhook");

export const notifyOptions = {
  "notify-url": {
    type: url,
    repeat: true,
    secret: true,
    placeholder: "URL",
    help: "Send messages there, such as slack://hook:TOKEN@webhook?rebootd.on=failed,halted; may be repeated",
  },
  "notify-url-file": {
    type: path,
    placeholder: "FILE",
    help: "File with one such URL on each line, such as a mounted Secret; read again when it changes",
  },
  "notify-timeout": {
    type: duration({ minMs: 1000, maxMs: 60_000 }),
    default: "5s",
    placeholder: "DURATION",
    help: "A reboot waits so long for messages that have not arrived; they are sent after it",
  },
  "notify-blocked-after": {
    type: duration({ minMs: 60_000 }),
    default: "24h",
    placeholder: "DURATION",
    help: "Send a message once the node has needed a reboot for so long, and still waits",
  },
  "notify-template": {
    type: parsedBy(parseKindTemplate),
    repeat: true,
    placeholder: "KIND=TEMPLATE",
    help: "Text of the messages of a kind, such as failed={node}: {text} {runbook}; may be repeated",
  },
  "message-template-drain": {
    type: parsedBy(parsePercentTemplate),
    placeholder: "TEXT",
    help: "Text of the messages of the kind started, with %s for the node, as kured has it",
  },
  "message-template-reboot": {
    type: parsedBy(parsePercentTemplate),
    placeholder: "TEXT",
    help: "The same for the kind rebooting",
  },
  "message-template-uncordon": {
    type: parsedBy(parsePercentTemplate),
    placeholder: "TEXT",
    help: "The same for the kind done",
  },
  "cluster-name": {
    type: text({
      rule: "must be a text of at most 100 characters on one line, for example prod-eu",
      like: /^\P{Cc}{1,100}$/u,
    }),
    placeholder: "NAME",
    help: "Name of the cluster in messages",
  },
  "slack-hook-url": {
    type: url,
    secret: true,
    placeholder: "URL",
    help: "Address of a webhook of Slack, as kured has it: used only without --notify-url",
  },
  "slack-username": { type: plainText("kured"), placeholder: "NAME", help: "Without effect, as in kured" },
  "slack-channel": { type: plainText("alerts"), placeholder: "NAME", help: "Without effect, as in kured" },
} as const satisfies OptionTable;

type NotifyValues = ValuesOf<typeof notifyOptions>;

/** Options that are taken for kured's sake, and do nothing there either. */
export const deadOptions = ["slack-username", "slack-channel"] as const satisfies (keyof NotifyValues)[];

export interface NotifySettings {
  /** URLs of destinations; secret. A file may have others. */
  urls: readonly string[];
  /** Undefined: none. */
  urlFile: string | undefined;
  timeoutMs: number;
  blockedAfterMs: number;
  /** A kind without a template has the text that rebootd makes. */
  templates: Readonly<Partial<Record<MessageKind, Template>>>;
  clusterName: string | undefined;
}

export function notifySettings(given: NotifyValues): NotifySettings {
  const slackUrl = given["slack-hook-url"];
  // One variable of the environment can hold several, as the file does.
  const urls = given["notify-url"].flatMap(linesOf);
  const isOld = urls.length === 0 && given["notify-url-file"] === undefined && slackUrl !== undefined;
  const templates = {
    started: given["message-template-drain"],
    rebooting: given["message-template-reboot"],
    done: given["message-template-uncordon"],
    ...Object.fromEntries(given["notify-template"]),
  };
  return {
    urls: isOld ? validUrls("slack-hook-url", [slackUrl]) : validUrls("notify-url", urls),
    urlFile: given["notify-url-file"],
    timeoutMs: given["notify-timeout"],
    blockedAfterMs: given["notify-blocked-after"],
    templates: withoutUndefined(templates),
    clusterName: given["cluster-name"],
  };
}

function validUrls(option: keyof NotifyValues, urls: readonly string[]): readonly string[] {
  try {
    parseDestinations(urls);
    return urls;
  } catch (cause) {
    throw invalidValue(option, undefined, (cause as Error).message, cause);
  }
}

function withoutUndefined<K extends string, T>(
  all: Partial<Record<K, T | undefined>>,
): Partial<Record<K, T>> {
  return Object.fromEntries(Object.entries(all).filter(([, one]) => one !== undefined)) as Partial<
    Record<K, T>
  >;
}
