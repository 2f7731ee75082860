import assert from "node:assert/strict";
import { message } from "../builders.ts";
import { hostileText } from "../hostile.ts";
import { receiverForEach } from "../receiver.ts";
import { itIsRefused } from "../refused.ts";

const url = "zulip://my-bot%40zulipchat.com:correcthorsebatterystable@example.zulipchat.com/?stream=ops";
const taken = { body: '{"result":"success","msg":"","id":42}' };

/** https://zulip.com/api/send-message */
describe("zulip", () => {
  const receiver = receiverForEach();

  const formOf = () => Object.fromEntries(new URLSearchParams(receiver.requests.at(-1)?.body));

  it("gets the message in the topic of the wave", async () => {
    receiver.answers.push(taken);
    assert.equal(await receiver.deliver(url, message()), undefined);
    const [request] = receiver.requests;
    assert.equal(request?.method, "POST");
    assert.equal(request?.url, "https://example.zulipchat.com/api/v1/messages");
    assert.equal(request?.headers["content-type"], "application/x-www-form-urlencoded");
    const credentials = Buffer.from("my-bot@zulipchat.com:correcthorsebatterystable").toString("base64");
    assert.equal(request?.headers.authorization, `Basic ${credentials}`);
    assert.deepEqual(formOf(), {
      type: "stream",
      to: "ops",
      topic: "Reboots 2026-11-29",
      content:
        "**🚨 n1: the drain has failed**\n" +
        "```text\n" +
        "shop/cart-0 remains: the budget shop/cart allows no disruption\n" +
        "```\n" +
        "n1 · DrainFailed · [Runbook](https://example.com/runbooks/drain-failed)",
    });
  });

  it("has the topic of the URL, cut to what Zulip takes, and no TLS where it says so", async () => {
    receiver.answers.push(taken, taken, taken);
    await receiver.deliver(`${url}&topic=Prod`, message({ text: "", runbook: undefined }));
    assert.equal(formOf()["topic"], "Prod");
    assert.equal(formOf()["content"], "**🚨 n1: the drain has failed**\nn1 · DrainFailed");
    await receiver.deliver(`${url}&title=${"x".repeat(80)}`, message());
    assert.equal(formOf()["topic"]?.length, 60);
    await receiver.deliver("zulip://a@b.example:key@zulip.example:8080?stream=ops&disabletls=yes", message());
    assert.equal(receiver.requests.at(-1)?.url, "http://zulip.example:8080/api/v1/messages");
  });

  it("shows hostile texts as they are, as code that they cannot end", async () => {
    receiver.answers.push(taken, taken);
    await receiver.deliver(
      url,
      message({ title: "@**all** [a](b)", text: `${hostileText}\n\`\`\`\`\n@**all**` }),
    );
    const lines = formOf()["content"]?.split("\n") ?? [];
    assert.equal(lines[0], "**🚨 @\u200b*\u200b*\u200ball*\u200b*\u200b [\u200ba]\u200b(b)**");
    assert.equal(lines[1], "`````text");
    assert.equal(lines.at(-2), "`````");
    assert.deepEqual(lines.slice(2, -2), [...hostileText.split("\n"), "````", "@**all**"]);
    await receiver.deliver(url, message({ text: "x".repeat(20_000) }));
    assert.ok((formOf()["content"]?.length ?? 0) < 10_000);
  });

  const answers: [status: number, body: string, isFinal: boolean][] = [
    [400, '{"result":"error","code":"STREAM_DOES_NOT_EXIST"}', true],
    [401, '{"result":"error","code":"UNAUTHORIZED"}', true],
    [429, '{"result":"error","code":"RATE_LIMIT_HIT","retry-after":28.7}', false],
    [200, "<html>", false],
  ];
  for (const [status, body, isFinal] of answers) {
    it(`has failed ${isFinal ? "for good" : "for now"} after ${status} ${body}`, async () => {
      receiver.answers.push({ status, body });
      await assert.rejects(receiver.deliver(url, message()), { name: "DeliveryError", isFinal });
    });
  }

  it("waits as long as Retry-After says", async () => {
    receiver.answers.push({ status: 429, headers: { "retry-after": "28.7" } });
    await assert.rejects(receiver.deliver(url, message()), { retryAfterMs: 28_700 });
  });

  const refused: [url: string, rule: RegExp][] = [
    [
      "zulip://secret-key@zulip.example/?stream=ops",
      /must have the bot's mail address first.*; the form is zulip:/,
    ],
    ["zulip://bot%40zulip.example@zulip.example/?stream=ops", /must have the bot's API key/],
    ["zulip://bot%40zulip.example:secret-key@zulip.example/?topic=a", /must have stream=…/],
    ["zulip://bot%40zulip.example:secret-key@zulip.example/ops?stream=a", /must have nothing after the host/],
    [
      "zulip://bot%40zulip.example:secret-key@zulip.example?stream=a&to=b",
      /only the parameters stream, topic/,
    ],
    ["zulip://bot%40zulip.example:secret-key@zulip.example?stream=#a", /must have each # written as %23/],
  ];
  itIsRefused(refused, /secret-key/);
});
