import assert from "node:assert/strict";
import { message } from "../builders.ts";
import { hostileText } from "../hostile.ts";
import { receiverForEach } from "../receiver.ts";
import { itIsRefused } from "../refused.ts";

const token = "aBcDeFgHiJkLmNoPqRsTuVwX-_yZ0123456789";
const url = `discord://${token}@693853386302554172`;
const address = `https://discord.com/api/webhooks/693853386302554172/${token}`;

/** https://discord.com/developers/docs/resources/webhook#execute-webhook */
describe("discord", () => {
  const receiver = receiverForEach();

  const bodyOf = (at = -1) => JSON.parse(receiver.requests.at(at)?.body ?? "");

  const forms = [
    url,
    `${url}/?splitLines=Yes&json=no`,
    address,
    address.replace("discord.com/api", "discordapp.com/api/v10"),
  ];
  for (const form of forms) {
    it(`posts to the webhook of ${form}`, async () => {
      await receiver.deliver(form, message());
      assert.equal(receiver.requests[0]?.method, "POST");
      assert.equal(receiver.requests[0]?.url, `${address}?wait=true`);
    });
  }

  it("shows one embed, and mentions nobody", async () => {
    await receiver.deliver(url, message());
    assert.deepEqual(bodyOf(), {
      allowed_mentions: { parse: [] },
      embeds: [
        {
          title: "🚨 n1: the drain has failed",
          description: "shop/cart-0 remains: the budget shop/cart allows no disruption",
          color: 0xd60510,
          fields: [{ name: "Runbook", value: "https://example.com/runbooks/drain-failed" }],
          footer: { text: "n1 · DrainFailed" },
          timestamp: "2026-11-29T02:00:00.000Z",
        },
      ],
    });
  });

  it("has the name, title, picture and thread of the URL", async () => {
    const given = "?username=robot&title=Prod&avatarurl=https://a.example/i.png&thread_id=123";
    assert.equal(await receiver.deliver(`${url}${given}`, message(), "456"), undefined);
    assert.equal(receiver.requests[0]?.url, `${address}?wait=true&thread_id=123`);
    assert.deepEqual(
      [bodyOf().username, bodyOf().avatar_url, bodyOf().embeds[0].title],
      ["robot", "https://a.example/i.png", "🚨 Prod · n1: the drain has failed"],
    );
  });

  it("has the colour of the URL for the level, and else its colour for all", async () => {
    const colours = async (given: string) => {
      await receiver.deliver(`${url}${given}`, message());
      await receiver.deliver(`${url}${given}`, message({ level: "warn" }));
      await receiver.deliver(`${url}${given}`, message({ level: "info", kind: "done" }));
      return [-3, -2, -1].map((at) => bodyOf(at).embeds[0].color);
    };
    assert.deepEqual(await colours(""), [0xd60510, 0xffc441, 0x2eb67d]);
    assert.deepEqual(await colours("?color=0x123456"), [0x123456, 0x123456, 0x123456]);
    assert.deepEqual(await colours("?color=0x123456&colorWarn=ff"), [0x123456, 0xff, 0x123456]);
    assert.deepEqual(await colours("?colorError=1&colorInfo=2&colorDebug=3"), [1, 0xffc441, 2]);
  });

  it("shows hostile texts as they are, escaped and cut", async () => {
    await receiver.deliver(url, message({ title: "<@1> *x*", text: hostileText }));
    const [{ title, description }] = bodyOf().embeds;
    assert.equal(title, "🚨 \\<\\@1> \\*x\\*");
    assert.match(description, /\\<\\@&99> \\<#1>/);
    assert.match(description, /\\\[click\\\]\(https:\/\/evil\.example\/a_b\)/);
    assert.match(description, /\\\|\\\|spoiler\\\|\\\| \\:fire:/);
    assert.match(
      description,
      /\n\u200b# heading\n\u200b> quotation\n\u200b- item\n\u200b1\. item\n\\`\\`\\`\n/,
    );
    assert.match(description, /https:\/\/ok\.example\/a_b_c$/);
    await receiver.deliver(url, message({ title: "_".repeat(300), text: "*".repeat(9000) }));
    const [long] = bodyOf().embeds;
    assert.ok(long.title.length <= 256 && long.description.length <= 4096);
  });

  // https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
  const needsThread = {
    status: 400,
    body: '{"message":"Webhooks posted to forum channels must have a thread_name or thread_id","code":220001}',
  };
  const unknownChannel = { status: 404, body: '{"message":"Unknown Channel","code":10003}' };

  describe("in a forum", () => {
    it("begins a thread, which the next message of the topic continues", async () => {
      receiver.answers.push(needsThread, { body: '{"id":"1","channel_id":"777"}' });
      assert.equal(await receiver.deliver(url, message()), "777");
      assert.equal(bodyOf().thread_name, "n1: the drain has failed");
      assert.equal(await receiver.deliver(url, message(), "777"), "777");
      assert.equal(receiver.requests.at(-1)?.url, `${address}?wait=true&thread_id=777`);
      assert.equal(bodyOf().thread_name, undefined);
    });

    it("begins another one if the thread is gone", async () => {
      receiver.answers.push(unknownChannel, needsThread, { body: '{"id":"1","channel_id":"888"}' });
      assert.equal(await receiver.deliver(url, message(), "777"), "888");
    });
  });

  it("does not leave the thread of the URL", async () => {
    receiver.answers.push(unknownChannel);
    await assert.rejects(receiver.deliver(`${url}?thread_id=123`, message()), { isFinal: true });
    assert.equal(receiver.requests.length, 1);
  });

  const answers: [status: number, body: string, isFinal: boolean, retryAfterMs: number][] = [
    [429, '{"message":"You are being rate limited.","retry_after":64.57,"global":false}', false, 64_570],
    [404, '{"message":"Unknown Webhook","code":10015}', true, 0],
    [401, '{"message":"Invalid Webhook Token","code":50027}', true, 0],
    [502, "", false, 0],
  ];
  for (const [status, body, isFinal, retryAfterMs] of answers) {
    it(`has failed ${isFinal ? "for good" : "for now"} after ${status} ${body}`, async () => {
      receiver.answers.push({ status, body });
      await assert.rejects(receiver.deliver(url, message()), {
        name: "DeliveryError",
        isFinal,
        retryAfterMs,
      });
    });
  }

  const refused: [url: string, rule: RegExp][] = [
    [`discord://${token}@example.com`, /must have the webhook's ID, .*the form is discord:/],
    ["discord://693853386302554172", /must have the webhook's token before @/],
    [`${url}/raw`, /must be without \/raw and json=yes/],
    [`${url}?json=yes`, /must be without \/raw and json=yes/],
    [`${url}/slack`, /must have nothing after the webhook's ID/],
    [`${url}?thread_id=general`, /must have a number as thread_id/],
    [`${url}?colorWarn=yellow`, /must have in colorwarn six digits/],
    [`${url}?splitLines=maybe`, /must have splitlines=yes or splitlines=no/],
    [`${url}?channel=1`, /only the parameters title, username/],
    [`${address}/slack`, /must be the address of a webhook/],
    ["https://discord.com/channels/1/2", /must be the address of a webhook/],
  ];
  itIsRefused(refused, new RegExp(token));
});
