import assert from "node:assert/strict";
import { parseDestinations } from "../../../daemon/notify/destination.ts";
import { message } from "../builders.ts";
import { receiverForEach } from "../receiver.ts";

/** https://gotify.net/api-docs#/message/createMessage */
describe("gotify", () => {
  const receiver = receiverForEach();

  it("gets the message, with the token in a header", async () => {
    await receiver.deliver("gotify://push.example.com:8443/path/AbCdEf123", message());
    const [request] = receiver.requests;
    assert.equal(request?.method, "POST");
    assert.equal(request?.url, "https://push.example.com:8443/path/message");
    assert.equal(request?.headers["x-gotify-key"], "AbCdEf123");
    assert.deepEqual(JSON.parse(request?.body ?? ""), {
      title: "n1: the drain has failed",
      message: "shop/cart-0 remains: the budget shop/cart allows no disruption",
      priority: 8,
      extras: { "client::notification": { click: { url: "https://example.com/runbooks/drain-failed" } } },
    });
  });

  it("gets it without TLS, with another title and priority, where the URL says so", async () => {
    const url = "gotify://push.example.com/AbCdEf123?disableTLS=yes&priority=-1&title=Nodes";
    await receiver.deliver(url, message({ runbook: undefined }));
    assert.equal(receiver.requests[0]?.url, "http://push.example.com/message");
    const { title, priority, extras } = JSON.parse(receiver.requests[0]?.body ?? "");
    assert.deepEqual([title, priority, extras], ["Nodes", -1, undefined]);
  });

  const refused: [url: string, rule: RegExp][] = [
    [
      "gotify://push.example.com",
      /must have the token of an application after the host; the form is gotify:/,
    ],
    ["gotify:///AbCdEf123", /must have a host after :\/\//],
    ["gotify://push.example.com/AbCdEf123?priority=high", /must have a number as priority/],
    ["gotify://push.example.com/AbCdEf123?colour=red", /only the parameters title, priority, disabletls/],
  ];
  for (const [url, rule] of refused) {
    it(`is refused as ${url}`, () => assert.throws(() => parseDestinations([url]), rule));
  }
});
