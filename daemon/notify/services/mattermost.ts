import { attachmentOf, iconOf } from "../attachment.ts";
import type { Dialect } from "../markup.ts";
import { deliverJson, type Service } from "../service.ts";
import { decoded, flagOf, parameters, pathParts, serverAddress } from "../url-parts.ts";

const names = ["title", "icon", "icon_emoji", "icon_url", "disabletls"] as const;

/** https://developers.mattermost.com/integrate/webhooks/incoming/ */
export const mattermost: Service = {
  name: "mattermost",
  schemes: ["mattermost"],
  form: "mattermost://[USERNAME@]HOST[:PORT]/TOKEN[/CHANNEL][?title=TITLE&icon=EMOJI&disabletls=no]",
  parse(url) {
    const given = parameters(url, names);
    const server = serverAddress(url, { isPlain: flagOf("disabletls", given.disabletls, false) });
    const parts = pathParts(url);
    // The address of the webhook has it, too.
    if (parts[0] === "hooks") parts.shift();
    const [token, channel, ...more] = parts;
    if (token === undefined) throw new Error("must have the token of a webhook after the host");
    if (more.length > 0) throw new Error("must have nothing after the channel");
    const username = decoded(url.username);
    const sender = {
      ...(username !== "" && { username }),
      ...(channel !== undefined && { channel }),
      ...iconOf(given.icon ?? given.icon_emoji ?? given.icon_url),
    };
    const address = `${server}/hooks/${encodeURIComponent(token)}`;
    return async (message, net) => {
      await deliverJson(net, address, { ...sender, ...attachmentOf(message, given.title, dialect) });
    };
  },
};

/**
 * https://docs.mattermost.com/collaborate/format-messages.html: @channel, #tags and ~channels are looked for after
 * the Markdown.
 */
const dialect: Dialect = { escaped: /[\\*_`~[\]|]/g, parted: /[@#~$](?=\w)|:(?=[\w+-]+:)/g };
