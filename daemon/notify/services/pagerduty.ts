import { cut } from "../../text/cut.ts";
import { keyOf } from "../digest.ts";
import { endsIncident, incidentKinds } from "../incident.ts";
import type { Message } from "../message.ts";
import { deliverJson, type Service } from "../service.ts";
import { decoded, parameters, pathParts, serverAddress } from "../url-parts.ts";

/**
 * Events API v2: https://developer.pagerduty.com/docs/events-api-v2/overview/
 * An event that resolves an incident that is not open is discarded.
 */
export const pagerduty: Service = {
  name: "pagerduty",
  schemes: ["pagerduty"],
  form: "pagerduty://INTEGRATION_KEY[@events.eu.pagerduty.com][?group=CLUSTER]",
  kinds: incidentKinds,
  parse(url) {
    const { group } = parameters(url, ["group"]);
    const { key, server } = addressOf(url);
    return async (message, net) => {
      await deliverJson(net, `${server}/v2/enqueue`, {
        routing_key: key,
        dedup_key: keyOf(message.topic, keyMaxChars),
        ...(endsIncident(message.kind) ? { event_action: "resolve" } : trigger(message, group)),
      });
    };
  },
};

/** https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ */
const keyMaxChars = 255;
const summaryMaxChars = 1024;

const severities = { info: "info", warn: "warning", error: "error" } as const;

function addressOf(url: URL): { key: string; server: string } {
  const isKeyAlone = url.username === "" && url.port === "";
  const key = decoded(isKeyAlone ? url.hostname : url.username);
  if (!/^\w+$/.test(key) || url.password !== "") {
    throw new Error("must have an integration key after ://, of letters and digits");
  }
  if (pathParts(url).length > 0) throw new Error("must have nothing after the host but parameters");
  return { key, server: isKeyAlone ? "https://events.pagerduty.com" : serverAddress(url) };
}

function trigger(message: Message, group: string | undefined): object {
  const { kind, event, level, node, title, text, at, wave, runbook } = message;
  return {
    event_action: "trigger",
    client: "rebootd",
    payload: {
      summary: cut(title, summaryMaxChars),
      source: node,
      severity: severities[level],
      timestamp: at,
      component: "rebootd",
      group,
      class: event,
      custom_details: { text, kind, wave },
    },
    links: runbook === undefined ? [] : [{ href: runbook, text: "Runbook" }],
  };
}
