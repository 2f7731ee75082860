import assert from "node:assert/strict";
import { parseDestinations } from "../../../daemon/notify/destination.ts";
import { message } from "../builders.ts";
import { hostileText } from "../hostile.ts";
import { receiverForEach } from "../receiver.ts";
import { itIsRefused } from "../refused.ts";

/** Parts without a meaning, in the form of https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
const [A, B, C] = ["T00000000", "B00000000", "X".repeat(24)];
const hook = `https://hooks.slack.com/services/${A}/${B}/${C}`;
const bot = "slack://xoxb:123456789012-1234567890123-abcdefghijklmnopqrstuvwx@C001CH4NN3L";

describe("slack", () => {
  const receiver = receiverForEach();

  const bodyOf = (at = -1) => JSON.parse(receiver.requests.at(at)?.body ?? "");

  const forms: [form: string, url: string, username?: string][] = [
    ["slack://hook:…", `slack://hook:${A}-${B}-${C}@webhook`],
    ["slack://hook-…", `slack://hook-${A}-${B}-${C}@webhook`],
    ["the old form", `slack://${A}/${B}/${C}`],
    ["the old form with a name", `slack://robot@${A}/${B}/${C}`, "robot"],
    ["parts with commas", `slack://hook:${A},${B},${C}@webhook?botname=robot`, "robot"],
    ["the address of the webhook", hook],
    ["the address with parameters", `${hook}?rebootd.on=failed`],
  ];
  for (const [form, url, username] of forms) {
    it(`posts to the webhook of ${form}`, async () => {
      await receiver.deliver(url, message());
      assert.equal(receiver.requests[0]?.method, "POST");
      assert.equal(receiver.requests[0]?.url, hook);
      assert.equal(receiver.requests[0]?.headers["content-type"], "application/json");
      assert.equal(receiver.requests[0]?.headers.authorization, undefined);
      assert.equal(bodyOf().username, username);
      assert.equal(bodyOf().channel, undefined);
    });
  }

  it("shows the title, and a coloured bar with the rest", async () => {
    await receiver.deliver(hook, message());
    assert.deepEqual(bodyOf(), {
      text: "🚨 n1: the drain has failed",
      mrkdwn: false,
      parse: "none",
      link_names: false,
      unfurl_links: false,
      unfurl_media: false,
      attachments: [
        {
          color: "#d60510",
          fallback: "n1: the drain has failed",
          blocks: [
            {
              type: "section",
              text: {
                type: "plain_text",
                text: "shop/cart-0 remains: the budget shop/cart allows no disruption",
                emoji: false,
              },
            },
            {
              type: "section",
              text: { type: "mrkdwn", text: "<https://example.com/runbooks/drain-failed|Runbook>" },
            },
            { type: "context", elements: [{ type: "plain_text", text: "n1 · DrainFailed", emoji: false }] },
          ],
        },
      ],
    });
  });

  it("has the colour, title, name, icon and channel of the URL", async () => {
    const url = `slack://hook:${A}-${B}-${C}@%23ops?color=ff8000&title=Prod&username=robot&icon=man-scientist`;
    await receiver.deliver(url, message());
    const { channel, text, username, icon_emoji, attachments } = bodyOf();
    assert.deepEqual(
      [channel, text, username, icon_emoji, attachments[0].color],
      ["#ops", "🚨 Prod · n1: the drain has failed", "robot", ":man-scientist:", "#ff8000"],
    );
    await receiver.deliver(`${hook}?icon_url=https://a.example/i.png&color=good`, message());
    assert.equal(bodyOf().icon_url, "https://a.example/i.png");
    assert.equal(bodyOf().attachments[0].color, "good");
  });

  it("leaves out an empty text and a runbook that is not there", async () => {
    await receiver.deliver(hook, message({ text: "", runbook: undefined }));
    assert.deepEqual(
      bodyOf().attachments[0].blocks.map(({ type }: { type: string }) => type),
      ["context"],
    );
  });

  it("shows hostile texts as they are, in plain text with < and > escaped, and cut", async () => {
    await receiver.deliver(hook, message({ title: "<!here> @channel", text: hostileText.repeat(20) }));
    const { text, attachments } = bodyOf();
    assert.equal(text, "🚨 &lt;!here&gt; @channel");
    const [section, link] = attachments[0].blocks;
    assert.equal(section.text.type, "plain_text");
    assert.ok(section.text.text.length <= 3000);
    assert.match(section.text.text, /^@channel @here .*&lt;!here&gt; .*\n\[click\]/);
    assert.doesNotMatch(section.text.text, /[<>]/);
    assert.doesNotMatch(attachments[0].fallback, /[<>]/);
    assert.equal(link.text.text, "<https://example.com/runbooks/drain-failed|Runbook>");
  });

  describe("with the token of a bot", () => {
    it("posts to the channel, and answers the thread", async () => {
      receiver.answers.push({ body: '{"ok":true,"channel":"C001CH4NN3L","ts":"1503435956.000247"}' });
      assert.equal(await receiver.deliver(bot, message()), "1503435956.000247");
      const [request] = receiver.requests;
      assert.equal(request?.url, "https://slack.com/api/chat.postMessage");
      assert.equal(
        request?.headers.authorization,
        "Bearer xoxb-123456789012-1234567890123-abcdefghijklmnopqrstuvwx",
      );
      assert.equal(bodyOf().channel, "C001CH4NN3L");
      assert.equal(bodyOf().thread_ts, undefined);
    });

    it("replies in the thread, and shows trouble also outside of it", async () => {
      receiver.answers.push({ body: '{"ok":true,"ts":"2.0"}' }, { body: '{"ok":true,"ts":"3.0"}' });
      assert.equal(await receiver.deliver(bot, message(), "1.0"), "1.0");
      assert.deepEqual([bodyOf().thread_ts, bodyOf().reply_broadcast], ["1.0", true]);
      await receiver.deliver(bot, message({ level: "info" }), "1.0");
      assert.equal(bodyOf().reply_broadcast, false);
    });

    it("begins a thread again if the first message is gone", async () => {
      receiver.answers.push(
        { body: '{"ok":false,"error":"thread_not_found"}' },
        { body: '{"ok":true,"ts":"9.0"}' },
      );
      assert.equal(await receiver.deliver(bot, message(), "1.0"), "9.0");
      assert.equal(bodyOf().thread_ts, undefined);
    });

    it("stays in the thread of the URL", async () => {
      receiver.answers.push({ body: '{"ok":true,"ts":"2.0"}' });
      assert.equal(await receiver.deliver(`${bot}?thread_ts=5.0`, message(), "1.0"), undefined);
      assert.equal(bodyOf().thread_ts, "5.0");
    });

    // https://docs.slack.dev/reference/methods/chat.postMessage#errors
    const answers: [body: string, isFinal: boolean][] = [
      ['{"ok":false,"error":"channel_not_found"}', true],
      ['{"ok":false,"error":"invalid_auth"}', true],
      ['{"ok":false,"error":"internal_error"}', false],
      ["<html>busy</html>", false],
    ];
    for (const [body, isFinal] of answers) {
      it(`has ${isFinal ? "failed for good" : "failed for now"} after 200 with ${body}`, async () => {
        receiver.answers.push({ body });
        await assert.rejects(receiver.deliver(bot, message()), { name: "DeliveryError", isFinal });
      });
    }

    it("waits as long as Retry-After says", async () => {
      receiver.answers.push({ status: 429, headers: { "retry-after": "30" }, body: '{"ok":false}' });
      await assert.rejects(receiver.deliver(bot, message()), { retryAfterMs: 30_000, isFinal: false });
    });
  });

  const refused: [url: string, rule: RegExp][] = [
    [`slack://${A}/${B}`, /must have the three parts of a webhook's token, .*the form is slack:/],
    [`slack://hook:${A}-${B}@webhook`, /must have the three parts/],
    [`slack://hook:${A}-${B},${C}@webhook`, /must have the three parts/],
    [`slack://xoxb:short@C001`, /must have the three parts/],
    [bot.replace("C001CH4NN3L", "webhook"), /must have the ID of a channel/],
    [`${bot}?color=red`, /must have a color of six digits/],
    [`${bot}?channel=ops`, /only the parameters botname, username, .*, but has "channel"/],
    [`${bot}?color=#ff8000`, /must have each # written as %23/],
    [`https://hooks.slack.com/workflows/${A}/${B}/1/${C}`, /must be the address of an incoming webhook/],
  ];
  itIsRefused(refused, /XXXX|abcdef|1234567/);

  it("has each part of its token among the secrets", () => {
    for (const url of [hook, `slack://hook:${A}-${B}-${C}@webhook`]) {
      assert.ok(parseDestinations([url])[0]?.secrets.includes(C));
    }
  });
});
