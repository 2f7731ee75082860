import { cut } from "../../text/cut.ts";
import { toneOf } from "../appearance.ts";
import type { Message } from "../message.ts";
import { deliverJson, type Service } from "../service.ts";
import { serverAddress } from "../url-parts.ts";

/** https://support.microsoft.com/office/create-incoming-webhooks-with-workflows-for-microsoft-teams-8ae491c7-0394-4861-ba59-055e33f75498 */
export const teams: Service = {
  name: "teams",
  schemes: ["teams", "teams+https"],
  form: "teams+https://HOST/PATH?…&sig=…, or the same with https:// if the host is of Microsoft",
  fromAddress({ protocol, host, hostname, pathname, search }) {
    if (isConnector(hostname)) throw new Error(retired);
    const isWorkflow = workflowHost.test(hostname) && pathname.includes("/workflows/");
    return isWorkflow && protocol === "https:" ? `teams+https://${host}${pathname}${search}` : undefined;
  },
  parse(url) {
    if (url.protocol === "teams:" || isConnector(url.hostname)) throw new Error(retired);
    if (url.hash !== "") throw new Error("must have each # written as %23");
    const server = serverAddress(url);
    if (url.pathname.length < 2)
      throw new Error("must have the path of the workflow's address after the host");
    // A shell takes what follows & for another command, if the address is not quoted.
    if (!url.searchParams.has("sig"))
      throw new Error("must have sig=…, with which the workflow's address ends");
    const address = new URL(`${server}${url.pathname}${url.search}`).href;
    return async (message, net) => {
      const content = cardOf(message);
      await deliverJson(net, address, {
        type: "message",
        attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", contentUrl: null, content }],
      });
    };
  },
};

const workflowHost = /\.(logic\.azure\.(com|us|cn)|api\.powerplatform\.com)$/;

function isConnector(hostname: string): boolean {
  return /^outlook\.office(365)?\.com$|\.webhook\.office\.com$/.test(hostname);
}

/** https://devblogs.microsoft.com/microsoft365dev/retirement-of-office-365-connectors-within-microsoft-teams/ */
const retired =
  "must be the address of a workflow, as Microsoft has retired the connectors of Office 365: " +
  "choose a template for webhooks at Workflows in the menu of the channel, and copy the address that it shows";

/**
 * Runs of text have no Markdown, other than blocks of text:
 * https://learn.microsoft.com/adaptive-cards/schema-explorer/rich-text-block
 */
function cardOf(message: Message): object {
  const { text, node, event, runbook } = message;
  const style = styles[toneOf(message)];
  const lines = cut(text, textMaxChars).split("\n");
  const shown = lines.length > linesMax ? [...lines.slice(0, linesMax), "…"] : lines;
  return {
    $schema: "https://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
    msteams: { width: "Full" },
    body: [
      {
        type: "Container",
        style,
        bleed: true,
        items: [line({ text: cut(message.title, titleMaxChars), weight: "Bolder", size: "Medium" })],
      },
      ...shown.filter((one) => one.trim() !== "").map((one) => line({ text: one }, "None")),
      line({ text: `${node} · ${event}`, isSubtle: true, size: "Small" }),
    ],
    ...(runbook !== undefined && { actions: [{ type: "Action.OpenUrl", title: "Runbook", url: runbook }] }),
  };
}

function line(run: Readonly<Record<string, unknown>>, spacing = "Default"): object {
  return { type: "RichTextBlock", spacing, inlines: [{ type: "TextRun", ...run }] };
}

const styles = { info: "accent", good: "good", warn: "warning", error: "attention" } as const;

/** A message is at most 28 KB: https://learn.microsoft.com/connectors/teams/#known-issues-and-limitations-with-actions */
const textMaxChars = 6000;
const titleMaxChars = 500;
const linesMax = 50;
