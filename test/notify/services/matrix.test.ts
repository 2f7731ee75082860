import assert from "node:assert/strict";
import { parseDestinations } from "../../../daemon/notify/destination.ts";
import { message } from "../builders.ts";
import { hostileText } from "../hostile.ts";
import { receiverForEach } from "../receiver.ts";
import { itIsRefused } from "../refused.ts";

const api = "https://matrix.example.com/_matrix/client/v3";
const byToken = "matrix://:syt_token0123456789@matrix.example.com/?rooms=!room:example.com";
const byPassword = "matrix://bot:pass%40word@matrix.example.com/?rooms=!room:example.com";
const json = (fields: object) => ({ body: JSON.stringify(fields) });
const joined = json({ room_id: "!room:example.com" });

/** https://spec.matrix.org/v1.11/client-server-api/ */
describe("matrix", () => {
  const receiver = receiverForEach();

  const seen = () => receiver.requests.map(({ method, url }) => `${method} ${url.replace(api, "")}`);
  const bodyOf = (at = -1) => JSON.parse(receiver.requests.at(at)?.body ?? "");
  const destinationOf = (url: string) => parseDestinations([url])[0] ?? assert.fail("no destination");

  it("joins the room, sends the message with the token, and answers its event as the thread", async () => {
    receiver.answers.push(joined, json({ event_id: "$root" }));
    assert.equal(await receiver.deliver(byToken, message()), "$root");
    const [join, send] = seen();
    assert.equal(join, "POST /join/!room%3Aexample.com");
    assert.match(send ?? "", /^PUT \/rooms\/!room%3Aexample\.com\/send\/m\.room\.message\/[0-9a-f]{32}$/);
    for (const { headers } of receiver.requests) {
      assert.equal(headers.authorization, "Bearer syt_token0123456789");
      assert.equal(headers["content-type"], "application/json");
    }
    assert.deepEqual(bodyOf(), {
      msgtype: "m.text",
      body:
        "🚨 n1: the drain has failed\n" +
        "shop/cart-0 remains: the budget shop/cart allows no disruption\n" +
        "n1 · DrainFailed\n" +
        "https://example.com/runbooks/drain-failed",
      format: "org.matrix.custom.html",
      formatted_body:
        "<strong>🚨 n1: the drain has failed</strong><br>" +
        "shop/cart-0 remains: the budget shop/cart allows no disruption<br>" +
        "<em>n1 · DrainFailed</em><br>" +
        '<a href="https://example.com/runbooks/drain-failed">Runbook</a>',
      "m.mentions": {},
    });
  });

  it("replies in the thread", async () => {
    receiver.answers.push(joined, json({ event_id: "$reply" }));
    assert.equal(await receiver.deliver(byToken, message(), "$root"), "$root");
    assert.deepEqual(bodyOf()["m.relates_to"], {
      rel_type: "m.thread",
      event_id: "$root",
      is_falling_back: true,
      "m.in_reply_to": { event_id: "$root" },
    });
  });

  it("sends a repeat in the same transaction, and another message or room in another one", async () => {
    const { deliver } = destinationOf(`${byToken},!other:example.com`);
    receiver.answers.push(joined, json({ event_id: "$1" }), json({ room_id: "!other:example.com" }), {
      status: 500,
    });
    await assert.rejects(deliver(message(), receiver.net));
    receiver.answers.push(json({ room_id: "!other:example.com" }), json({ event_id: "$2" }));
    assert.equal(await deliver(message(), receiver.net), "$1 $2");
    receiver.answers.push(json({ event_id: "$3" }), json({ event_id: "$4" }));
    await deliver(message({ id: "another" }), receiver.net);
    const sends = seen().filter((one) => one.startsWith("PUT"));
    assert.equal(sends.length, 5);
    const [first, failed, repeat, , other] = sends.map((one) => one.split("/").at(-1));
    assert.equal(repeat, failed);
    assert.equal(new Set([first, failed, other]).size, 3);
    assert.equal(seen().filter((one) => one.includes("/join/")).length, 3);
  });

  it("finds rooms by their aliases, without TLS where the URL says so", async () => {
    for (const room of ["ops:example.com", "%23ops:example.com"]) {
      receiver.answers.push(joined, json({ event_id: "$1" }));
      await receiver.deliver(
        `matrix://:token@matrix.example.com:8008?room=${room}&disableTLS=yes`,
        message(),
      );
      assert.equal(
        receiver.requests.at(-2)?.url,
        "http://matrix.example.com:8008/_matrix/client/v3/join/%23ops%3Aexample.com",
      );
    }
  });

  it("sends to all rooms of the user if the URL names none", async () => {
    receiver.answers.push(
      json({ joined_rooms: ["!b:x", "!a:x"] }),
      json({ event_id: "$1" }),
      json({ event_id: "$2" }),
    );
    assert.equal(await receiver.deliver("matrix://:token@matrix.example.com", message()), "$1 $2");
    assert.deepEqual(
      seen().map((one) => one.split("/").slice(0, 3).join("/")),
      ["GET /joined_rooms", "PUT /rooms/!a%3Ax", "PUT /rooms/!b%3Ax"],
    );
    receiver.answers.push(json({ joined_rooms: [] }));
    const attempt = receiver.deliver("matrix://:token@matrix.example.com", message());
    await assert.rejects(attempt, { message: /in no room/, isFinal: true });
  });

  it("logs in with a password once, as a device of the node, and again when the token is void", async () => {
    const { deliver } = destinationOf(byPassword);
    receiver.answers.push(json({ access_token: "first" }), joined, json({ event_id: "$1" }));
    await deliver(message({ id: "1" }), receiver.net);
    assert.equal(seen()[0], "POST /login");
    assert.equal(receiver.requests[0]?.headers.authorization, undefined);
    assert.deepEqual(bodyOf(0), {
      type: "m.login.password",
      identifier: { type: "m.id.user", user: "bot" },
      password: "pass@word",
      device_id: "rebootd-n1",
      initial_device_display_name: "rebootd on n1",
    });
    const void_ = { status: 401, ...json({ errcode: "M_UNKNOWN_TOKEN" }) };
    receiver.answers.push(void_, json({ access_token: "second" }), json({ event_id: "$2" }));
    await deliver(message({ id: "2" }), receiver.net);
    const tokens = receiver.requests.map(({ headers }) => headers.authorization);
    assert.deepEqual(tokens.slice(1), [
      "Bearer first",
      "Bearer first",
      "Bearer first",
      undefined,
      "Bearer second",
    ]);
    receiver.answers.push(void_, json({ access_token: "third" }), void_);
    await assert.rejects(deliver(message({ id: "3" }), receiver.net), { isFinal: true });
  });

  it("shows hostile texts as they are, as escaped HTML of a bounded size", async () => {
    receiver.answers.push(joined, json({ event_id: "$1" }), joined, json({ event_id: "$2" }));
    await receiver.deliver(byToken, message({ title: "@room <b>", text: hostileText }));
    const { body, formatted_body: html } = bodyOf();
    assert.ok(body.includes(hostileText));
    assert.deepEqual(
      new Set(html.match(/<[^>]*>/g)),
      new Set([
        ...["<strong>", "</strong>", "<br>", "<em>", "</em>", "</a>"],
        '<a href="https://example.com/runbooks/drain-failed">',
      ]),
    );
    assert.deepEqual(bodyOf()["m.mentions"], {});
    await receiver.deliver(byToken, message({ text: "<".repeat(50_000) }));
    assert.ok(Buffer.byteLength(receiver.requests.at(-1)?.body ?? "") < 60_000);
  });

  const answers: [status: number, fields: object, isFinal: boolean, retryAfterMs: number][] = [
    [429, { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 2000 }, false, 2000],
    [403, { errcode: "M_FORBIDDEN" }, true, 0],
    [401, { errcode: "M_UNKNOWN_TOKEN" }, true, 0],
    [502, {}, false, 0],
  ];
  for (const [status, fields, isFinal, retryAfterMs] of answers) {
    it(`has failed ${isFinal ? "for good" : "for now"} after ${status} ${JSON.stringify(fields)}`, async () => {
      receiver.answers.push(joined, { status, ...json(fields) });
      await assert.rejects(receiver.deliver(byToken, message()), {
        name: "DeliveryError",
        isFinal,
        retryAfterMs,
      });
    });
  }

  const refused: [url: string, rule: RegExp][] = [
    ["matrix://matrix.example.com/?rooms=!a:b", /must have a password after the user, .*the form is matrix:/],
    ["matrix://secret-token@matrix.example.com/?rooms=!a:b", /must have a password after the user/],
    [
      "matrix://:secret-token@matrix.example.com/?rooms=ops",
      /must have in rooms only !ROOM-ID or ALIAS:SERVER/,
    ],
    ["matrix://:secret-token@matrix.example.com/?rooms=#ops:b", /must have each # written as %23/],
    ["matrix://:secret-token@matrix.example.com/!a:b", /must have nothing after the host/],
    ["matrix://:secret-token@matrix.example.com/?colour=red", /only the parameters rooms, room/],
    ["matrix://:secret-token@matrix.example.com/?disabletls=maybe", /must have disabletls=yes/],
  ];
  itIsRefused(refused, /secret-token/);
});
