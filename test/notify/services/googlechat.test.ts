import assert from "node:assert/strict";
import { message } from "../builders.ts";
import { hostileText } from "../hostile.ts";
import { receiverForEach } from "../receiver.ts";
import { itIsRefused } from "../refused.ts";

const rest =
  "chat.googleapis.com/v1/spaces/AAAAbbbb/messages?key=a-key-0123456789&token=a-token%3D0123456789";

/** https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create */
describe("googlechat", () => {
  const receiver = receiverForEach();

  const bodyOf = () => JSON.parse(receiver.requests.at(-1)?.body ?? "");
  const cardOf = () => bodyOf().cardsV2[0].card;

  for (const scheme of ["googlechat", "hangouts", "https"]) {
    it(`posts to the webhook of ${scheme}://…`, async () => {
      await receiver.deliver(`${scheme}://${rest}&rebootd.on=failed`, message());
      const { origin, pathname, searchParams } = new URL(receiver.requests[0]?.url ?? "");
      assert.equal(receiver.requests[0]?.method, "POST");
      assert.equal(`${origin}${pathname}`, "https://chat.googleapis.com/v1/spaces/AAAAbbbb/messages");
      const { requestId, ...others } = Object.fromEntries(searchParams);
      assert.deepEqual(others, {
        key: "a-key-0123456789",
        token: "a-token=0123456789",
        messageReplyOption: "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD",
      });
      assert.match(requestId ?? "", /^[0-9a-f]{32}$/);
    });
  }

  it("shows a card, in the thread of the wave", async () => {
    await receiver.deliver(`googlechat://${rest}`, message());
    assert.deepEqual(bodyOf(), {
      fallbackText: "🚨 n1: the drain has failed",
      cardsV2: [
        {
          cardId: "message",
          card: {
            header: { title: "🚨 n1: the drain has failed", subtitle: "n1 · DrainFailed" },
            sections: [
              {
                widgets: [
                  {
                    textParagraph: { text: "shop/cart-0 remains: the budget shop/cart allows no disruption" },
                  },
                  {
                    buttonList: {
                      buttons: [
                        {
                          text: "Runbook",
                          onClick: { openLink: { url: "https://example.com/runbooks/drain-failed" } },
                        },
                      ],
                    },
                  },
                ],
              },
            ],
          },
        },
      ],
      thread: { threadKey: "2026-11-29" },
    });
  });

  it("has the title and the thread of the URL, and no section without text and runbook", async () => {
    const url = `googlechat://${rest}&threadKey=reboots&messageReplyOption=REPLY_MESSAGE_OR_FAIL&title=Prod`;
    await receiver.deliver(url, message({ text: "", runbook: undefined }));
    assert.equal(bodyOf().thread.threadKey, "reboots");
    assert.equal(cardOf().sections, undefined);
    assert.equal(cardOf().header.title, "🚨 Prod · n1: the drain has failed");
  });

  it("names a repeat of a message, and no other one, by the same request ID", async () => {
    for (const id of ["a", "a", "b"]) await receiver.deliver(`googlechat://${rest}`, message({ id }));
    const [first, repeat, other] = receiver.requests.map(({ url }) =>
      new URL(url).searchParams.get("requestId"),
    );
    assert.equal(repeat, first);
    assert.notEqual(other, first);
  });

  it("shows hostile texts as they are, as escaped HTML of a bounded size", async () => {
    await receiver.deliver(`googlechat://${rest}`, message({ text: hostileText }));
    const { text } = cardOf().sections[0].widgets[0].textParagraph;
    assert.deepEqual(new Set(text.match(/<[^>]*>?/g)), new Set(["<br>"]));
    assert.match(text, /^@channel .* &#60;users\/all&#62; .*<br>\[click\]\(/);
    assert.match(text, /&#38;amp; &#60;a href='x'&#62;/);
    assert.equal(bodyOf().text, undefined);
    await receiver.deliver(`googlechat://${rest}`, message({ text: "<".repeat(50_000) }));
    assert.ok(Buffer.byteLength(receiver.requests.at(-1)?.body ?? "") < 32_000);
  });

  it("has failed for good if the token is wrong, and for now if there are too many", async () => {
    receiver.answers.push({ status: 400, body: '{"error":{"code":400,"status":"INVALID_ARGUMENT"}}' });
    await assert.rejects(receiver.deliver(`googlechat://${rest}`, message()), { isFinal: true });
    receiver.answers.push({ status: 429, body: '{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}' });
    await assert.rejects(receiver.deliver(`googlechat://${rest}`, message()), { isFinal: false });
  });

  const refused: [url: string, rule: RegExp][] = [
    [
      "googlechat://chat.googleapis.com/v1/spaces/AAAA/messages?key=secret-key",
      /must have token=…; the form is/,
    ],
    ["googlechat://chat.googleapis.com/v1/spaces/AAAA/messages?token=secret-key", /must have key=…/],
    ["googlechat:///v1/spaces/AAAA/messages?key=a&token=secret-key", /must have a host/],
    ["googlechat://chat.googleapis.com/v1/spaces/AAAA?key=a&token=secret-key", /must have the path/],
    ["https://chat.googleapis.com/v1/rooms?key=a&token=secret-key", /must have the path/],
    [`googlechat://${rest}&colour=red`, /only the parameters key, token, threadkey/],
  ];
  itIsRefused(refused, /secret-key|0123456789/);
});
