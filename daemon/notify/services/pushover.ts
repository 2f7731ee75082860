import { cut } from "../../text/cut.ts";
import { DeliveryError, deliver, type Service, saidBy } from "../service.ts";
import { decoded, listOf, parameters, pathParts } from "../url-parts.ts";

/** https://pushover.net/api */
export const pushover: Service = {
  name: "pushover",
  schemes: ["pushover"],
  form: "pushover://shoutrrr:API_TOKEN@USER_KEY[/?devices=a,b&title=TITLE&priority=0]",
  parse(url) {
    const { devices, title, priority } = parameters(url, ["devices", "title", "priority"]);
    const [token, user] = [decoded(url.password), decoded(url.hostname)];
    if (token === "") throw new Error("must have the API token of an application before @");
    if (user === "") throw new Error("must have the key of a user or a group after @");
    if (pathParts(url).length > 0) throw new Error("must have nothing after the user key but parameters");
    if (priority !== undefined && !/^(-?[012])$/.test(priority)) {
      throw new Error("must have a priority of -2 to 2");
    }
    return async (message, net) => {
      const urgency = priority ?? String(priorities[message.level]);
      const form = new URLSearchParams({
        token,
        user,
        title: cut(title ?? message.title, titleMaxChars),
        message: cut(message.text, textMaxChars) || message.event,
        priority: urgency,
        timestamp: String(Math.floor(Date.parse(message.at) / 1000)),
        ...(urgency === "2" && emergency),
        ...(devices !== undefined && { device: listOf(devices).join(",") }),
        ...(message.runbook !== undefined &&
          message.runbook.length <= linkMaxChars && { url: message.runbook, url_title: "Runbook" }),
      });
      const answer = await deliver(net, {
        method: "POST",
        url: "https://api.pushover.net/1/messages.json",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: form.toString(),
      });
      if (!isTaken(answer.text)) {
        throw new DeliveryError(`refuses the message: ${saidBy(answer.text)}`, { isFinal: true });
      }
    };
  },
};

/** https://pushover.net/api#limits */
const titleMaxChars = 250;
const textMaxChars = 1024;
/** https://pushover.net/api#urls */
const linkMaxChars = 512;

/** From 0 on the phone makes a sound, at 1 also in quiet hours: https://pushover.net/api#priority */
const priorities = { info: -1, warn: 0, error: 1 } as const;

/** Priority 2 requires both: it repeats each minute for an hour, or until somebody acknowledges it. */
const emergency = { retry: "60", expire: "3600" };

/** Only status 1 is success: https://pushover.net/api#response */
function isTaken(answer: string): boolean {
  try {
    return (JSON.parse(answer) as { status?: unknown } | null)?.status === 1;
  } catch {
    return false;
  }
}
