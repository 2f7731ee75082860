import assert from "node:assert/strict";
import { message } from "../builders.ts";
import { hostileText } from "../hostile.ts";
import { receiverForEach } from "../receiver.ts";
import { itIsRefused } from "../refused.ts";

const query = "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=SIGNATURE-0123456789_abc";
const workflow = `https://prod-07.westeurope.logic.azure.com:443/workflows/0123abcd/triggers/manual/paths/invoke${query}`;
const newer = `https://default0a.b1.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/0123abcd/triggers/manual/paths/invoke${query}`;

interface Element {
  type: string;
  style?: string;
  items?: Element[];
  inlines?: { type: string; text: string; weight?: string }[];
}

/** The card of https://learn.microsoft.com/connectors/teams/#microsoft-teams-webhook, which has to be of this type. */
describe("teams", () => {
  const receiver = receiverForEach();
  beforeEach(() => {
    receiver.answers.push({ status: 202, body: "" });
  });

  const attachment = () => JSON.parse(receiver.requests[0]?.body ?? "").attachments[0];
  const runsOf = (): { text: string; type: string }[] =>
    attachment().content.body.flatMap(({ items, inlines }: Element) => [
      ...(items ?? []).flatMap((item) => item.inlines ?? []),
      ...(inlines ?? []),
    ]);

  for (const address of [workflow, newer]) {
    it(`posts to a workflow at ${new URL(address).hostname}, in both forms of the URL`, async () => {
      for (const url of [address, `teams+${address}`]) {
        await receiver.deliver(`${url}&rebootd.on=failed`, message());
        assert.equal(receiver.requests.at(-1)?.method, "POST");
        assert.equal(receiver.requests.at(-1)?.url, new URL(address).href);
        assert.equal(receiver.requests.at(-1)?.headers["content-type"], "application/json");
      }
    });
  }

  it("gets an Adaptive Card", async () => {
    await receiver.deliver(workflow, message());
    const { type } = JSON.parse(receiver.requests[0]?.body ?? "");
    const { contentType, contentUrl, content } = attachment();
    assert.deepEqual(
      [type, contentType, contentUrl],
      ["message", "application/vnd.microsoft.card.adaptive", null],
    );
    assert.deepEqual(
      [content.type, content.version, content.msteams],
      ["AdaptiveCard", "1.4", { width: "Full" }],
    );
    assert.deepEqual(content.actions, [
      { type: "Action.OpenUrl", title: "Runbook", url: "https://example.com/runbooks/drain-failed" },
    ]);
    assert.equal(content.body[0].style, "attention");
    assert.deepEqual(
      runsOf().map(({ text }) => text),
      [
        "n1: the drain has failed",
        "shop/cart-0 remains: the budget shop/cart allows no disruption",
        "n1 · DrainFailed",
      ],
    );
  });

  it("has the colour of good news, and no action without a runbook", async () => {
    await receiver.deliver(workflow, message({ kind: "done", level: "info", runbook: undefined }));
    assert.equal(attachment().content.body[0].style, "good");
    assert.equal(attachment().content.actions, undefined);
  });

  it("shows hostile texts as they are, in runs without Markdown", async () => {
    await receiver.deliver(workflow, message({ title: "[a](https://evil.example)", text: hostileText }));
    assert.ok(runsOf().every(({ type }) => type === "TextRun"));
    assert.deepEqual(
      runsOf().map(({ text }) => text),
      ["[a](https://evil.example)", ...hostileText.split("\n"), "n1 · DrainFailed"],
    );
    assert.doesNotMatch(JSON.stringify(attachment()), /"(TextBlock|FactSet|entities)"/);
  });

  it("stays below 28 KB", async () => {
    for (const text of ["é".repeat(100_000), '"'.repeat(100_000), "a\n".repeat(50_000)]) {
      receiver.answers.unshift({ status: 202 });
      await receiver.deliver(workflow, message({ text }));
      const body = receiver.requests.at(-1)?.body ?? "";
      assert.ok(Buffer.byteLength(body) < 28_000 && body.includes("…"), String(body.length));
    }
  });

  it("has failed for good if the signature is wrong, and for now if there are too many", async () => {
    receiver.answers.unshift({ status: 401, body: '{"error":{"code":"DirectApiAuthorizationRequired"}}' });
    await assert.rejects(receiver.deliver(workflow, message()), { isFinal: true });
    receiver.answers.unshift({ status: 429, headers: { "retry-after": "10" } });
    await assert.rejects(receiver.deliver(workflow, message()), { isFinal: false, retryAfterMs: 10_000 });
  });

  const retired = /must be the address of a workflow, as Microsoft has retired the connectors/;
  const refused: [url: string, rule: RegExp][] = [
    ["teams://11111111-4444@22222222-4444/33333333/44444444?host=contoso.webhook.office.com", retired],
    ["https://outlook.office.com/webhook/11111111-4444@2222/IncomingWebhook/33333333/4444", retired],
    [
      "https://contoso.webhook.office.com/webhookb2/11111111-4444@2222/IncomingWebhook/33333333/4444",
      retired,
    ],
    ["teams+https://contoso.webhook.office.com/webhookb2/11111111?sig=a", retired],
    [`teams+https://prod-07.westeurope.logic.azure.com/workflows/33333333?api-version=1`, /must have sig=…/],
    ["https://prod-07.westeurope.logic.azure.com/workflows/33333333", /must have sig=…/],
    [`teams+https://a.example${query}`, /must have the path/],
    [`teams+https:///workflows/33333333${query}`, /must have a host/],
  ];
  itIsRefused(refused, /SIGNATURE|11111111|33333333|44444444/);
});
