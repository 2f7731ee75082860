import assert from "node:assert/strict";
import { message } from "../builders.ts";
import { hostileText } from "../hostile.ts";
import { receiverForEach } from "../receiver.ts";
import { itIsRefused } from "../refused.ts";

const token = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0";
const bot = `telegram://${token}@telegram`;
const taken = (id: number) => ({ body: JSON.stringify({ ok: true, result: { message_id: id } }) });

/** https://core.telegram.org/bots/api#sendmessage */
describe("telegram", () => {
  const receiver = receiverForEach();

  const bodies = () => receiver.requests.map(({ body }) => JSON.parse(body));

  it("gets the message, and answers its number as the thread", async () => {
    receiver.answers.push(taken(17));
    assert.equal(await receiver.deliver(`${bot}?chats=@ops`, message()), "17");
    const [request] = receiver.requests;
    assert.equal(request?.method, "POST");
    assert.equal(request?.url, `https://api.telegram.org/bot${token}/sendMessage`);
    assert.equal(request?.headers["content-type"], "application/json");
    assert.deepEqual(bodies(), [
      {
        chat_id: "@ops",
        disable_notification: false,
        link_preview_options: { is_disabled: true },
        parse_mode: "HTML",
        text:
          "<b>🚨 n1: the drain has failed</b>\n" +
          "shop/cart-0 remains: the budget shop/cart allows no disruption\n" +
          "<i>n1 · DrainFailed</i>\n" +
          '<a href="https://example.com/runbooks/drain-failed">Runbook</a>',
      },
    ]);
  });

  it("goes to each chat and to threads of chats, as replies where a thread is known", async () => {
    receiver.answers.push(taken(1), taken(2), taken(3), taken(4));
    const url = `${bot}/?channels=@ops,-1001234567890:42`;
    assert.equal(await receiver.deliver(url, message()), "1 2");
    assert.equal(await receiver.deliver(url, message(), "1 2"), "1 2");
    assert.deepEqual(
      bodies().map((body) => [body.chat_id, body.message_thread_id, body.reply_parameters]),
      [
        ["@ops", undefined, undefined],
        ["-1001234567890", 42, undefined],
        ["@ops", undefined, { message_id: 1, allow_sending_without_reply: true }],
        ["-1001234567890", 42, { message_id: 2, allow_sending_without_reply: true }],
      ],
    );
  });

  it("has the title, the preview and the silence of the URL, in any parse mode", async () => {
    for (const mode of ["None", "html", "Markdown", "MarkdownV2"]) {
      receiver.answers.push(taken(1));
      const url = `${bot}?chats=1&title=Prod&preview=yes&notification=no&parseMode=${mode}`;
      await receiver.deliver(url, message({ text: "", runbook: undefined }));
      const body = bodies().at(-1);
      assert.equal(body.text, "<b>🚨 Prod · n1: the drain has failed</b>\n<i>n1 · DrainFailed</i>");
      assert.equal(body.parse_mode, "HTML");
      assert.deepEqual([body.disable_notification, body.link_preview_options.is_disabled], [true, false]);
    }
  });

  it("shows hostile texts as they are, without mentions and commands, and cut", async () => {
    receiver.answers.push(taken(1), taken(2));
    await receiver.deliver(
      `${bot}?chats=1`,
      message({ title: "@all <b>", text: `${hostileText}\n/stop a@b.c` }),
    );
    const { text } = bodies()[0];
    assert.match(
      text,
      /^<b>🚨 @\u200ball &#60;b&#62;<\/b>\n@\u200bchannel @\u200bhere @\u200beveryone @\u200ball /,
    );
    assert.match(text, /&#60;@\u200bU0123&#62; /);
    assert.match(text, /&#60;\/b&#62;&#60;\/pre&#62;/);
    assert.match(text, /\n\/\u200bstop a@b\.c\n/);
    assert.deepEqual(text.match(/<[^>]*>/g), [
      ...["<b>", "</b>", "<i>", "</i>"],
      ...['<a href="https://example.com/runbooks/drain-failed">', "</a>"],
    ]);
    await receiver.deliver(`${bot}?chats=1`, message({ title: "&".repeat(999), text: "<".repeat(9999) }));
    assert.ok(
      bodies()[1]
        .text.replace(/<[^>]*>/g, "")
        .replace(/&#\d+;/g, "x").length <= 4096,
    );
  });

  // https://core.telegram.org/bots/api#making-requests
  const answers: [status: number, body: string, isFinal: boolean, retryAfterMs: number][] = [
    [429, '{"ok":false,"error_code":429,"parameters":{"retry_after":35}}', false, 35_000],
    [401, '{"ok":false,"error_code":401,"description":"Unauthorized"}', true, 0],
    [400, '{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}', true, 0],
    [502, "<html>", false, 0],
    [200, "<html>", false, 0],
  ];
  for (const [status, body, isFinal, retryAfterMs] of answers) {
    it(`has failed ${isFinal ? "for good" : "for now"} after ${status} ${body}`, async () => {
      receiver.answers.push({ status, body });
      const attempt = receiver.deliver(`${bot}?chats=1`, message());
      await assert.rejects(attempt, { name: "DeliveryError", isFinal, retryAfterMs });
    });
  }

  const refused: [url: string, rule: RegExp][] = [
    [bot, /must have chats=…; the form is telegram:/],
    [`${bot}?chats=ops`, /must have in chats only @CHANNEL/],
    [`${bot}?chats=@ops,12:x`, /must have in chats only @CHANNEL/],
    ["telegram://110201543@telegram?chats=@ops", /must have a bot's token before @/],
    ["telegram://AAHdqTcvCH1vGWJxf:AAHdq@telegram?chats=@ops", /must have a bot's token before @/],
    [`${bot}?chats=@ops&parsemode=bold`, /must have parsemode=None/],
    [`${bot}?chats=@ops&preview=maybe`, /must have preview=yes/],
    [`${bot}?chats=@ops&silent=yes`, /only the parameters chats, channels/],
    [`${bot}?chats=#ops`, /must have each # written as %23/],
  ];
  itIsRefused(refused, /AAHdq|1102/);
});
