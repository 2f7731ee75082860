import assert from "node:assert/strict";
import type { DeliveryError } from "../../../daemon/notify/service.ts";
import { message } from "../builders.ts";
import { receiverForEach } from "../receiver.ts";
import { itIsRefused } from "../refused.ts";

/** https://containrrr.dev/shoutrrr/v0.8/services/generic/ */
describe("generic", () => {
  const receiver = receiverForEach();

  const first = () => receiver.requests[0] ?? assert.fail("no request");
  const bodyOf = () => JSON.parse(first().body);

  for (const [url, address] of [
    ["generic://hooks.example.com:8443/in/abc", "https://hooks.example.com:8443/in/abc"],
    ["generic://hooks.example.com/in?disableTLS=yes", "http://hooks.example.com/in"],
    ["generic+https://hooks.example.com/in/abc", "https://hooks.example.com/in/abc"],
    ["generic+http://hooks.example.com/in", "http://hooks.example.com/in"],
    [
      "generic://hooks.example.com/in?foo=bar&foo=baz&__title=w",
      "https://hooks.example.com/in?foo=bar&foo=baz&title=w",
    ],
    [
      "generic+https://hooks.example.com/?template=passed&title=t",
      "https://hooks.example.com/?template=passed&title=t",
    ],
  ] as const) {
    it(`gets the bare text, as kured sends it: ${url}`, async () => {
      await receiver.deliver(url, message());
      const { method, headers, body } = first();
      assert.equal(method, "POST");
      assert.equal(first().url, address);
      assert.equal(body, "shop/cart-0 remains: the budget shop/cart allows no disruption");
      assert.deepEqual([headers["content-type"], headers.accept], ["application/json", "application/json"]);
      assert.equal(headers.authorization, undefined);
    });
  }

  it("gets JSON with other names and more fields where the URL says so", async () => {
    await receiver.deliver(
      "generic://ha.example.com/api?template=JSON&titleKey=subject&messageKey=content&$projection=retroazimuthal&$a=b",
      message(),
    );
    assert.equal(first().url, "https://ha.example.com/api");
    assert.deepEqual(bodyOf(), {
      subject: "n1: the drain has failed",
      content: "shop/cart-0 remains: the budget shop/cart allows no disruption",
      projection: "retroazimuthal",
      a: "b",
    });
  });

  it("gets headers, credentials, a method and a type where the URL says so", async () => {
    await receiver.deliver(
      "generic://me:p%40ss@example.com/?@acceptLanguage=tlh-Piqd&@X-Key=a+b&method=put&contenttype=text/plain&title=T",
      message(),
    );
    const { method, headers, url } = first();
    assert.deepEqual([method, url], ["PUT", "https://example.com/"]);
    assert.deepEqual(
      [headers["accept-language"], headers["x-key"], headers["content-type"], headers.authorization],
      ["tlh-Piqd", "a b", "text/plain", `Basic ${Buffer.from("me:p@ss").toString("base64")}`],
    );
  });

  it("gets a header of the URL in place of its credentials, also in the short form", async () => {
    await receiver.deliver("generic+https://me:pass@example.com/in?@authorization=Bearer+abc", message());
    assert.equal(first().headers.authorization, "Bearer abc");
    assert.equal(first().url, "https://example.com/in");
  });

  for (const method of ["GET", "PATCH", "DELETE"]) {
    it(`gets ${method}`, async () => {
      await receiver.deliver(`generic://example.com/in?method=${method}`, message());
      assert.equal(first().method, method);
    });
  }

  for (const url of ["generic://example.com/in?", "generic+https://example.com/in?a=b&"]) {
    /** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md */
    it(`gets a CloudEvent in structured mode: ${url}template=cloudevents`, async () => {
      await receiver.deliver(`${url}template=cloudevents&$cluster=prod`, message());
      assert.equal(first().headers["content-type"], "application/cloudevents+json");
      assert.equal(new URL(first().url).searchParams.has("template"), false);
      assert.deepEqual(bodyOf(), {
        specversion: "1.0",
        id: "n1/DrainFailed/2026-11-29T02:00:00.000Z",
        source: "/rebootd/nodes/n1",
        type: "dev.rebootd.failed",
        subject: "n1",
        time: "2026-11-29T02:00:00.000Z",
        datacontenttype: "application/json",
        data: {
          kind: "failed",
          event: "DrainFailed",
          level: "error",
          node: "n1",
          title: "n1: the drain has failed",
          text: "shop/cart-0 remains: the budget shop/cart allows no disruption",
          topic: "n1 2026-11-29T01:45:00.000Z",
          wave: "2026-11-29",
          runbook: "https://example.com/runbooks/drain-failed",
          cluster: "prod",
        },
      });
    });
  }

  it("gets hostile texts as texts", async () => {
    const hostile = { title: '","admin":"yes', text: 'line\n"}{\u2028 ✗' };
    await receiver.deliver("generic://example.com/?template=json&$__proto__=x", message(hostile));
    const { title, message: text, admin } = bodyOf();
    assert.deepEqual([title, text, admin], [hostile.title, hostile.text, undefined]);
  });

  const answers: [status: number, headers: Record<string, string>, isFinal: boolean, retryAfterMs: number][] =
    [
      [301, {}, false, 0],
      [404, {}, true, 0],
      [429, { "retry-after": "30" }, false, 30_000],
      [503, {}, false, 0],
    ];
  for (const [status, headers, isFinal, retryAfterMs] of answers) {
    it(`is ${isFinal ? "not asked again" : "asked again later"} after ${status}`, async () => {
      receiver.answers.push({ status, headers });
      await assert.rejects(receiver.deliver("generic://example.com/in", message()), {
        name: "DeliveryError",
        isFinal,
        retryAfterMs,
      } satisfies Partial<DeliveryError>);
    });
  }

  const refused: [url: string, rule: RegExp][] = [
    ["generic:///in/token1", /must have a host after :\/\/; the form is generic:/],
    [
      "generic://example.com/token1?template=news",
      /must have template=json or template=cloudevents, or none/,
    ],
    ["generic://example.com/token1?template=constructor", /must have template=json/],
    ["generic://example.com/token1?method=SEND", /must have a method of GET, POST/],
    ["generic://example.com/token1?disabletls=maybe", /must have disabletls=yes or disabletls=no/],
    ["generic://example.com/token1?title=a&TITLE=b", /must have each parameter once/],
    ["generic://example.com/token1?@=a", /must have the name of a header after @/],
    ["generic://example.com/token1?@a%20b=a", /must have the name of a header after @/],
    ["generic://example.com/token1?@host=a", /must have the name of a header after @/],
    ["generic://example.com/token1?@x=a%0d%0ab", /must have only ASCII characters in the header x/],
    [
      "generic://example.com/token1?contenttype=%E2%9C%97",
      /must have only ASCII characters in the header content-type/,
    ],
    ["generic+https://me:%E0%A4%A@example.com/", /must have each % written as %25/],
  ];
  itIsRefused(refused, /token1/);
});
