import assert from "node:assert/strict";
import { message } from "../builders.ts";
import { hostileText } from "../hostile.ts";
import { receiverForEach } from "../receiver.ts";
import { itIsRefused } from "../refused.ts";

const url = "rocketchat://chat.example.com/8eGdRzc9r4YYNyvge/2XYQcX9NBwJBKfQnphpebPcnXZcPEi32";

/** https://docs.rocket.chat/docs/create-and-manage-incoming-webhook-integrations */
describe("rocketchat", () => {
  const receiver = receiverForEach();

  const bodyOf = () => JSON.parse(receiver.requests.at(-1)?.body ?? "");

  it("gets the message with an attachment", async () => {
    receiver.answers.push({ body: '{"success":true}' });
    await receiver.deliver(url, message());
    const [request] = receiver.requests;
    assert.equal(request?.method, "POST");
    assert.equal(
      request?.url,
      "https://chat.example.com/hooks/8eGdRzc9r4YYNyvge/2XYQcX9NBwJBKfQnphpebPcnXZcPEi32",
    );
    assert.deepEqual(bodyOf(), {
      parseUrls: false,
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

  const channels: [url: string, channel: string | undefined][] = [
    [url, undefined],
    [`${url}/ops`, "#ops"],
    [`${url}/@someone`, "@someone"],
    [`${url}/%23ops`, "#ops"],
    [`${url}/#ops`, "#ops"],
    [url.replace("example.com/", "example.com/hooks/"), undefined],
  ];
  for (const [form, channel] of channels) {
    it(`posts to ${channel ?? "the webhook's own channel"} with ${form}`, async () => {
      await receiver.deliver(form, message());
      assert.equal(bodyOf().channel, channel);
      assert.match(receiver.requests[0]?.url ?? "", /\.com\/hooks\/8eGdRzc9r4YYNyvge\/2XYQ\w+$/);
    });
  }

  it("has the name and the title of the URL, without TLS where it says so", async () => {
    await receiver.deliver(
      "rocketchat://robot@chat.example.com:3000/a/b?title=Prod&disabletls=yes",
      message(),
    );
    assert.equal(receiver.requests[0]?.url, "http://chat.example.com:3000/hooks/a/b");
    assert.deepEqual([bodyOf().username, bodyOf().text], ["robot", "🚨 Prod · n1: the drain has failed"]);
  });

  // The result has no element but plain text in the parser of https://www.npmjs.com/package/@rocket.chat/message-parser
  it("shows hostile texts as they are, escaped", async () => {
    await receiver.deliver(url, message({ title: "@all *x*", text: hostileText }));
    assert.equal(bodyOf().text, "🚨 @\u200ball \\*x\\*");
    const { text } = bodyOf().attachments[0];
    assert.match(text, /^@\u200bchannel @\u200bhere @\u200beveryone @\u200ball <\u200b!here> /);
    assert.match(text, /\[click\]\u200b\(https:.* <\u200bhttps:\/\/evil\.example\|click> !\[x\]\u200b\(/);
    assert.match(text, /\\\*bold\\\* .*\\~no\\~ .*\\`code\\` \|\u200b\|spoiler.* :\u200bfire:/);
    assert.match(text, /\n\u200b\\# heading\n\u200b> quotation\n\u200b- item\n\u200b1\. item\n\\`\\`\\`\n/);
  });

  const answers: [status: number, body: string, isFinal: boolean][] = [
    [400, '{"success":false,"error":"invalid-channel"}', true],
    [200, '{"success":false,"error":"unavailable"}', false],
    [429, '{"success":false,"error":"too-many-requests"}', false],
  ];
  for (const [status, body, isFinal] of answers) {
    it(`has failed ${isFinal ? "for good" : "for now"} after ${status} ${body}`, async () => {
      receiver.answers.push({ status, body });
      await assert.rejects(receiver.deliver(url, message()), { name: "DeliveryError", isFinal });
    });
  }

  const refused: [url: string, rule: RegExp][] = [
    [
      "rocketchat://chat.example.com/secret-token",
      /must have the two parts of a webhook's token.*; the form is/,
    ],
    ["rocketchat://chat.example.com/hooks/secret-token", /must have the two parts/],
    ["rocketchat:///secret-token/b", /must have a host/],
    ["rocketchat://chat.example.com/secret-token/b/c/d", /must have nothing after the channel/],
    ["rocketchat://chat.example.com/secret-token/b?icon=robot", /only the parameters title, disabletls/],
  ];
  itIsRefused(refused, /secret-token/);
});
