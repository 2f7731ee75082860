import { attachmentOf } from "../attachment.ts";
import type { Dialect } from "../markup.ts";
import { DeliveryError, deliverJson, fieldsOf, type Service, saidBy } from "../service.ts";
import { decoded, flagOf, parameters, pathParts, serverAddress } from "../url-parts.ts";

/** https://docs.rocket.chat/docs/create-and-manage-incoming-webhook-integrations */
export const rocketchat: Service = {
  name: "rocketchat",
  schemes: ["rocketchat"],
  form: "rocketchat://[USERNAME@]HOST[:PORT]/TOKEN-A/TOKEN-B[/CHANNEL or /@USER][?disabletls=no&title=TITLE]",
  parse(url) {
    const { channel, address: bare } = withoutFragment(url);
    const given = parameters(bare, ["title", "disabletls"]);
    const server = serverAddress(url, { isPlain: flagOf("disabletls", given.disabletls, false) });
    const parts = pathParts(url);
    // The address of the webhook has it, too.
    if (parts[0] === "hooks") parts.shift();
    const [first, second, receiver, ...more] = parts;
    if (first === undefined || second === undefined) {
      throw new Error("must have the two parts of a webhook's token after the host");
    }
    if (more.length > 0) throw new Error("must have nothing after the channel");
    const username = decoded(url.username);
    const to = channel ?? (receiver === undefined || /^[@#]/.test(receiver) ? receiver : `#${receiver}`);
    const sender = { ...(username !== "" && { username }), ...(to !== undefined && { channel: to }) };
    const address = [server, "hooks", ...[first, second].map(encodeURIComponent)].join("/");
    return async (message, net) => {
      const body = { ...sender, parseUrls: false, ...attachmentOf(message, given.title, dialect) };
      const { text } = await deliverJson(net, address, body);
      if (fieldsOf(text)["success"] === false) throw new DeliveryError(`answered ${saidBy(text)}`);
    };
  },
};

/** A channel may be written as #CHANNEL at the end. */
function withoutFragment(url: URL): { channel: string | undefined; address: URL } {
  const address = new URL(url);
  address.hash = "";
  return { channel: url.hash === "" ? undefined : decoded(url.hash), address };
}

/** The parser of https://github.com/RocketChat/Rocket.Chat/tree/develop/packages/message-parser knows few escapes. */
const dialect: Dialect = {
  escaped: /[*_~`#]/g,
  parted: /[@<]|\](?=\()|\|(?=\|)|:(?=[\w+-]+:)|\\(?=[([])|\$(?=\$)/g,
};
