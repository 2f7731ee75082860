import assert from "node:assert/strict";
import { message } from "../builders.ts";
import { hostileText } from "../hostile.ts";
import { receiverForEach } from "../receiver.ts";
import { itIsRefused } from "../refused.ts";

const url = "mattermost://chat.example.com:8443/bywsw8zt5jgpte3nm65qjiru6h";

/** https://developers.mattermost.com/integrate/webhooks/incoming/ */
describe("mattermost", () => {
  const receiver = receiverForEach();

  const bodyOf = () => JSON.parse(receiver.requests.at(-1)?.body ?? "");

  it("gets the message with an attachment", async () => {
    receiver.answers.push({ headers: { "content-type": "text/plain" }, body: "ok" });
    await receiver.deliver(url, message());
    const [request] = receiver.requests;
    assert.equal(request?.method, "POST");
    assert.equal(request?.url, "https://chat.example.com:8443/hooks/bywsw8zt5jgpte3nm65qjiru6h");
    assert.equal(request?.headers["content-type"], "application/json");
    assert.deepEqual(bodyOf(), {
      text: "🚨 n1: the drain has failed",
      attachments: [
        {
          color: "#d60510",
          fallback: "shop/cart-0 remains: the budget shop/cart allows no disruption",
          text:
            "shop/cart-0 remains: the budget shop/cart allows no disruption\n\n" +
            "[Runbook](https://example.com/runbooks/drain-failed)",
          fields: [
            { title: "Node", value: "n1", short: true },
            { title: "Event", value: "DrainFailed", short: true },
          ],
        },
      ],
    });
  });

  it("has the name, channel, title and icon of the URL, without TLS where it says so", async () => {
    const given =
      "mattermost://robot@chat.example.com/hooks/token1/town-square?title=Prod&icon=robot&disableTLS=yes";
    await receiver.deliver(given, message());
    assert.equal(receiver.requests[0]?.url, "http://chat.example.com/hooks/token1");
    const { username, channel, icon_emoji, text } = bodyOf();
    assert.deepEqual(
      [username, channel, icon_emoji, text],
      ["robot", "town-square", ":robot:", "🚨 Prod · n1: the drain has failed"],
    );
    await receiver.deliver(`${url}/@someone?icon_url=https://a.example/i.png`, message());
    assert.deepEqual([bodyOf().channel, bodyOf().icon_url], ["@someone", "https://a.example/i.png"]);
  });

  it("has no second link in the runbook's", async () => {
    const runbook = "https://a.example/x) [b](https://evil.example";
    await receiver.deliver(url, message({ text: "", runbook }));
    assert.equal(
      bodyOf().attachments[0].text,
      "[Runbook](https://a.example/x%29%20[b]%28https://evil.example)",
    );
  });

  it("shows hostile texts as they are, escaped and cut", async () => {
    await receiver.deliver(url, message({ title: "@all *x*", text: hostileText }));
    assert.equal(bodyOf().text, "🚨 @\u200ball \\*x\\*");
    const { text } = bodyOf().attachments[0];
    assert.match(text, /^@\u200bchannel @\u200bhere @\u200beveryone @\u200ball <!here> /);
    assert.match(text, /\\\[click\\\]\(https:\/\/evil\.example\/a_b\)/);
    assert.match(text, /\\\*bold\\\* .*\\~\\~\u200bno\\~\\~ \\`code\\` .*:\u200bfire:/);
    assert.match(text, /\n\u200b# heading\n\u200b> quotation\n\u200b- item\n\u200b1\. item\n\\`\\`\\`\n/);
    await receiver.deliver(url, message({ text: "*".repeat(9000) }));
    assert.ok(bodyOf().attachments[0].text.length < 4000);
  });

  it("has failed for good if the webhook is not known, and for now if the server is down", async () => {
    receiver.answers.push({ status: 400, body: '{"id":"web.incoming_webhook.invalid.app_error"}' });
    await assert.rejects(receiver.deliver(url, message()), { isFinal: true });
    receiver.answers.push({ status: 503 });
    await assert.rejects(receiver.deliver(url, message()), { isFinal: false });
  });

  const refused: [url: string, rule: RegExp][] = [
    ["mattermost://chat.example.com", /must have the token of a webhook.*; the form is mattermost:/],
    ["mattermost://chat.example.com/hooks", /must have the token of a webhook/],
    ["mattermost:///secret-token", /must have a host/],
    ["mattermost://chat.example.com/secret-token/a/b", /must have nothing after the channel/],
    ["mattermost://chat.example.com/secret-token?channel=a", /only the parameters title, icon/],
    ["mattermost://chat.example.com/secret-token#town", /must have each # written as %23/],
  ];
  itIsRefused(refused, /secret-token/);
});
