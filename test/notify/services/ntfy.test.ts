import assert from "node:assert/strict";
import { parseDestinations } from "../../../daemon/notify/destination.ts";
import { DeliveryError } from "../../../daemon/notify/service.ts";
import { message } from "../builders.ts";
import { receiverForEach } from "../receiver.ts";

/** https://docs.ntfy.sh/publish/ */
describe("ntfy", () => {
  const receiver = receiverForEach();

  const headersOf = () => receiver.requests.at(-1)?.headers ?? assert.fail("no request");

  it("gets the text as body, and all else in headers", async () => {
    await receiver.deliver("ntfy://ntfy.sh/node-reboots", message());
    const [request] = receiver.requests;
    assert.equal(request?.method, "POST");
    assert.equal(request?.url, "https://ntfy.sh/node-reboots");
    assert.equal(request?.body, "shop/cart-0 remains: the budget shop/cart allows no disruption");
    const { title, priority, tags, click, authorization, cache, firebase } = headersOf();
    assert.deepEqual(
      { title, priority, tags, click, authorization, cache, firebase },
      {
        title: "n1: the drain has failed",
        priority: "4",
        tags: "rotating_light",
        click: "https://example.com/runbooks/drain-failed",
        authorization: undefined,
        cache: undefined,
        firebase: undefined,
      },
    );
  });

  it("gets a repeat under the same sequence, and another message under another one", async () => {
    for (const id of ["n1/a", "n1/a", "n1/b"]) await receiver.deliver("ntfy://ntfy.sh/t", message({ id }));
    const [first, repeat, other] = receiver.requests.map(({ headers }) => headers["x-sequence-id"]);
    assert.match(String(first), /^[0-9a-f]{32}$/);
    assert.equal(repeat, first);
    assert.notEqual(other, first);
  });

  it("gets what the URL says, in place of what the message says", async () => {
    await receiver.deliver(
      "ntfy://phil:p%40ss@ntfy.example.com:8080/t?Title=Nodes&tags=a,+b&priority=Urgent&click=https://a.example" +
        "&actions=view,+Open,+https://a.example;view,+B,+https://b.example&icon=https://a.example/i.png&in=5m" +
        "&email=me@example.com&attach=https://a.example/f&filename=f&cache=no&firebase=no&scheme=http",
      message(),
    );
    assert.equal(receiver.requests[0]?.url, "http://ntfy.example.com:8080/t");
    const got = headersOf();
    const wanted = {
      authorization: `Basic ${Buffer.from("phil:p@ss").toString("base64")}`,
      title: "Nodes",
      tags: "a,b",
      priority: "5",
      click: "https://a.example",
      actions: "view, Open, https://a.example;view, B, https://b.example",
      "x-icon": "https://a.example/i.png",
      delay: "5m",
      email: "me@example.com",
      attach: "https://a.example/f",
      filename: "f",
      cache: "no",
      firebase: "no",
    };
    assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((name) => [name, got[name]])), wanted);
  });

  it("gets an access token as the password of no user", async () => {
    await receiver.deliver("ntfy://:tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2@ntfy.sh/t", message());
    const token = Buffer.from(":tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2").toString("base64");
    assert.equal(headersOf().authorization, `Basic ${token}`);
  });

  it("is known by its web address", async () => {
    await receiver.deliver("https://ntfy.sh/node-reboots?priority=min", message({ level: "info" }));
    assert.equal(receiver.requests[0]?.url, "https://ntfy.sh/node-reboots");
    assert.equal(headersOf().priority, "1");
  });

  for (const [kind, level, priority, tags] of [
    ["done", "info", "2", "white_check_mark"],
    ["started", "info", "2", undefined],
    ["blocked", "warn", "3", "warning"],
  ] as const) {
    it(`shows ${kind} at level ${level} with priority ${priority}, and tags ${tags}`, async () => {
      await receiver.deliver("ntfy://ntfy.sh/t", message({ kind, level }));
      assert.deepEqual([headersOf().priority, headersOf().tags], [priority, tags]);
    });
  }

  it("gets no header and no attachment from hostile texts", async () => {
    const hostile = message({ title: "n1\r\nEmail: a@b.c ✗", text: "ä".repeat(3000) });
    await receiver.deliver("ntfy://ntfy.sh/t", hostile);
    assert.equal(headersOf()["email"], undefined);
    const [, title = ""] = /^=\?UTF-8\?B\?(.+)\?=$/.exec(String(headersOf().title)) ?? [];
    assert.equal(Buffer.from(title, "base64").toString(), "n1 Email: a@b.c ✗");
    const body = receiver.requests[0]?.body ?? "";
    assert.ok(Buffer.byteLength(body) <= 4096, `${Buffer.byteLength(body)} bytes`);
    assert.match(body, /^ä{2046}…$/);
  });

  const answers: [status: number, headers: Record<string, string>, isFinal: boolean, retryAfterMs: number][] =
    [
      [429, { "retry-after": "7" }, false, 7000],
      [507, {}, false, 0],
      [401, {}, true, 0],
      [403, {}, true, 0],
    ];
  for (const [status, headers, isFinal, retryAfterMs] of answers) {
    it(`is ${isFinal ? "not asked again" : "asked again later"} after ${status}`, async () => {
      receiver.answers.push({ status, headers, body: '{"code":42901,"error":"limit reached"}' });
      await assert.rejects(receiver.deliver("ntfy://ntfy.sh/t", message()), (error: DeliveryError) => {
        assert.ok(error instanceof DeliveryError);
        assert.deepEqual([error.isFinal, error.retryAfterMs], [isFinal, retryAfterMs]);
        return true;
      });
    });
  }

  const refused: [url: string, rule: RegExp][] = [
    ["ntfy://ntfy.sh", /must have one topic after the host: .*; the form is ntfy:/],
    ["ntfy://ntfy.sh/a/b", /must have one topic/],
    ["ntfy://ntfy.sh/a%20b", /must have one topic/],
    ["ntfy:///topic", /must have a host after :\/\//],
    ["ntfy://phil@ntfy.sh/topic", /must have a password after the user, or an access token as :TOKEN@/],
    ["ntfy://ntfy.sh/topic?priority=6", /must have a priority of 1 to 5, or one of min, low/],
    ["ntfy://ntfy.sh/topic?priority=loud", /must have a priority of 1 to 5/],
    ["ntfy://ntfy.sh/topic?scheme=ftp", /must have scheme=https or scheme=http/],
    ["ntfy://ntfy.sh/topic?cache=maybe", /must have cache=yes or cache=no/],
    ["ntfy://ntfy.sh/topic?colour=red", /only the parameters title, tags/],
  ];
  for (const [url, rule] of refused) {
    it(`is refused as ${url}`, () => assert.throws(() => parseDestinations([url]), rule));
  }
});
