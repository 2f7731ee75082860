import { deliverJson, type Service } from "../service.ts";
import { flagOf, parameters, pathParts, serverAddress } from "../url-parts.ts";

/** https://gotify.net/docs/msgextras and https://gotify.net/api-docs#/message/createMessage */
export const gotify: Service = {
  name: "gotify",
  schemes: ["gotify"],
  form: "gotify://HOST[:PORT][/PATH]/TOKEN[?title=TITLE&priority=0&disabletls=no]",
  parse(url) {
    const { title, priority = "", disabletls } = parameters(url, ["title", "priority", "disabletls"]);
    const server = serverAddress(url, { isPlain: flagOf("disabletls", disabletls, false) });
    const parts = pathParts(url);
    const token = parts.pop();
    if (token === undefined) throw new Error("must have the token of an application after the host");
    if (!/^-?\d*$/.test(priority)) throw new Error("must have a number as priority");
    const address = [server, ...parts.map(encodeURIComponent), "message"].join("/");
    return async (message, net) => {
      const body = {
        title: title ?? message.title,
        message: message.text,
        priority: priority === "" ? priorities[message.level] : Number(priority),
        ...(message.runbook !== undefined && {
          extras: { "client::notification": { click: { url: message.runbook } } },
        }),
      };
      await deliverJson(net, address, body, { "x-gotify-key": token });
    };
  },
};

/** From 4 on the phone makes a sound, from 8 on also while it is quiet. */
const priorities = { info: 2, warn: 5, error: 8 } as const;
