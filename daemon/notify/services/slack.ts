import { colourOf, headingOf, titleOf } from "../appearance.ts";
import { iconOf } from "../attachment.ts";
import { escapedTo, escapeSlack } from "../markup.ts";
import type { Message } from "../message.ts";
import {
  type Deliver,
  DeliveryError,
  deliverJson,
  type Fields,
  fieldsOf,
  type Net,
  type Service,
} from "../service.ts";
import { decoded, parameters, pathParts } from "../url-parts.ts";

const names = [
  ...["botname", "username", "icon", "icon_emoji", "icon_url", "color", "title", "thread_ts"],
] as const;

/** https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and chat.postMessage */
export const slack: Service = {
  name: "slack",
  schemes: ["slack"],
  form: "slack://hook:A-B-C@webhook, slack://[BOTNAME@]A/B/C or slack://xoxb:TOKEN@CHANNEL-ID, with [?color=RRGGBB&title=TITLE&icon=EMOJI&botname=NAME]",
  fromAddress({ host, pathname, search }) {
    if (host !== "hooks.slack.com") return undefined;
    const parts = /^\/services\/([^/]+\/[^/]+\/[^/]+)$/.exec(pathname)?.[1];
    if (parts === undefined) {
      throw new Error("must be the address of an incoming webhook: https://hooks.slack.com/services/A/B/C");
    }
    return `slack://${parts}${search}`;
  },
  parse(url) {
    const given = parameters(url, names);
    const { token, channel, sender } = senderOf(url);
    const title = given.title;
    const fixed = {
      username: given.botname ?? given.username ?? sender,
      ...iconOf(given.icon ?? given.icon_emoji ?? given.icon_url),
    };
    const colour = slackColour(given.color);
    const contentOf = (message: Message) => ({
      ...fixed,
      ...bodyOf(message, title, colour ?? colourOf(message)),
    });
    const hook = hookAddress(token);
    if (hook !== undefined) {
      const to = channel === "webhook" ? {} : { channel };
      return async (message, net) => {
        await deliverJson(net, hook, { ...to, ...contentOf(message) });
      };
    }
    if (channel === "webhook") throw new Error("must have the ID of a channel after the token and @");
    return toChannel(token, channel, given.thread_ts, contentOf);
  },
};

/** The token and the channel, also in the forms slack://A/B/C and slack://xoxb-TOKEN@CHANNEL. */
function senderOf(url: URL): { token: string; channel: string; sender: string | undefined } {
  const [host, user, password] = [url.hostname, url.username, url.password].map(decoded) as [
    string,
    string,
    string,
  ];
  const parts = pathParts(url);
  const token =
    parts.length > 0 ? [host, ...parts].join("/") : password === "" ? user : `${user}:${password}`;
  const isHook = parts.length > 0 || hookParts(token) !== undefined;
  if (isHook ? hookParts(token) === undefined : !apiToken.test(token)) {
    throw new Error("must have the three parts of a webhook's token, or an API token such as xoxb:…");
  }
  const sender = parts.length > 0 && user !== "" ? user : undefined;
  return { token, channel: parts.length > 0 ? "webhook" : host, sender };
}

/** https://docs.slack.dev/authentication/tokens */
const apiToken = /^(xox[a-z])[-:]([A-Za-z0-9-]{10,})$/;

function hookParts(token: string): string[] | undefined {
  const match = /^(?:hook[-:]|:)?(?!xox)(\w+)([-/,])(\w+)\2(\w+)$/.exec(token);
  return match === null ? undefined : [match[1], match[3], match[4]].map(String);
}

function hookAddress(token: string): string | undefined {
  const parts = hookParts(token);
  return parts && `https://hooks.slack.com/services/${parts.join("/")}`;
}

function toChannel(
  token: string,
  channel: string,
  fixedThread: string | undefined,
  contentOf: (message: Message) => object,
): Deliver {
  const authorization = `Bearer ${token.replace(apiToken, "$1-$2")}`;
  const post = async (net: Net, body: object): Promise<Fields> => {
    const address = "https://slack.com/api/chat.postMessage";
    const { text } = await deliverJson(net, address, { channel, ...body }, { authorization });
    return fieldsOf(text);
  };
  return async (message, net, thread) => {
    const body = contentOf(message);
    let root = fixedThread ?? thread;
    // Replies are seen by those who follow the thread; trouble is for all.
    const reply = root === undefined ? {} : { thread_ts: root, reply_broadcast: message.level !== "info" };
    let answer = await post(net, { ...body, ...reply });
    // The first message of a thread may have been deleted.
    if (fixedThread === undefined && thread !== undefined && /thread|reply/.test(errorOf(answer) ?? "")) {
      root = undefined;
      answer = await post(net, body);
    }
    const error = errorOf(answer);
    if (error !== undefined) {
      throw new DeliveryError(`answered ${JSON.stringify(error)}`, { isFinal: !passingErrors.has(error) });
    }
    return fixedThread === undefined ? (root ?? threadOf(answer)) : undefined;
  };
}

function threadOf({ ts }: Fields): string | undefined {
  return typeof ts === "string" ? ts : undefined;
}

/** https://docs.slack.dev/reference/methods/chat.postMessage#errors: the answer is 200 also for errors. */
function errorOf({ ok, error }: Fields): string | undefined {
  return ok === true ? undefined : String(error ?? "no reason").slice(0, 100);
}

/** Errors that pass by themselves. */
const passingErrors = new Set([
  ...["fatal_error", "internal_error", "service_unavailable", "request_timeout", "ratelimited"],
  ...["rate_limited", "team_added_to_org", "no reason"],
]);

/**
 * The heading in plain text above a coloured bar with the rest. Plain text has no formatting; mentions and links
 * need < and >, which are escaped: https://docs.slack.dev/reference/block-kit/composition-objects/text-object
 */
function bodyOf(message: Message, title: string | undefined, color: string): object {
  const { text, node, event, runbook } = message;
  const plain = (chars: number, line: string) => ({
    type: "plain_text",
    text: escapedTo(chars, line, escapeSlack),
    emoji: false,
  });
  const blocks = [
    ...(text === "" ? [] : [{ type: "section", text: plain(blockMaxChars, text) }]),
    ...(runbook === undefined ? [] : [{ type: "section", text: { type: "mrkdwn", text: linkTo(runbook) } }]),
    { type: "context", elements: [plain(blockMaxChars, `${node} · ${event}`)] },
  ];
  return {
    text: escapedTo(headingMaxChars, headingOf(message, title), escapeSlack),
    mrkdwn: false,
    parse: "none",
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
    attachments: [
      { color, fallback: escapedTo(headingMaxChars, titleOf(message, title), escapeSlack), blocks },
    ],
  };
}

/** https://docs.slack.dev/reference/block-kit/blocks/section-block */
const blockMaxChars = 3000;
const headingMaxChars = 1000;

function linkTo(runbook: string): string {
  return `<${escapeSlack(runbook.replaceAll("|", "%7C"))}|Runbook>`;
}

function slackColour(given: string | undefined): string | undefined {
  if (given === undefined || /^(good|warning|danger)$/.test(given)) return given;
  const hex = /^(?:#|0x)?([0-9a-f]{6})$/i.exec(given)?.[1];
  if (hex === undefined)
    throw new Error("must have a color of six digits 0-9 and A-F, or good, warning or danger");
  return `#${hex}`;
}
