import assert from "node:assert/strict";
import { parseDestinations } from "../../../daemon/notify/destination.ts";
import { DeliveryError } from "../../../daemon/notify/service.ts";
import { message } from "../builders.ts";
import { receiverForEach } from "../receiver.ts";

/** https://pushover.net/api */
describe("pushover", () => {
  const url = "pushover://shoutrrr:azGDORePK8gMaC0QOYAMyEEuzJnyUi@uQiRzpo4DXghDmr9QzzfQu27cmVRsG";
  const taken = { body: '{"status":1,"request":"647d2300-702c-4b38-8b2f-d56326ae460b"}' };
  const receiver = receiverForEach();
  beforeEach(() => {
    receiver.answers.push(taken);
  });

  const formOf = () => Object.fromEntries(new URLSearchParams(receiver.requests[0]?.body));

  it("gets a form, with the case of both keys", async () => {
    await receiver.deliver(url, message());
    const [request] = receiver.requests;
    assert.equal(request?.method, "POST");
    assert.equal(request?.url, "https://api.pushover.net/1/messages.json");
    assert.equal(request?.headers["content-type"], "application/x-www-form-urlencoded");
    assert.deepEqual(formOf(), {
      token: "azGDORePK8gMaC0QOYAMyEEuzJnyUi",
      user: "uQiRzpo4DXghDmr9QzzfQu27cmVRsG",
      title: "n1: the drain has failed",
      message: "shop/cart-0 remains: the budget shop/cart allows no disruption",
      priority: "1",
      timestamp: "1795917600",
      url: "https://example.com/runbooks/drain-failed",
      url_title: "Runbook",
    });
  });

  it("gets devices, title and priority from the URL", async () => {
    await receiver.deliver(`${url}/?devices=phone,+tablet&title=Nodes&priority=-2`, message());
    const { device, title, priority, retry } = formOf();
    assert.deepEqual([device, title, priority, retry], ["phone,tablet", "Nodes", "-2", undefined]);
  });

  it("repeats an emergency each minute for an hour", async () => {
    await receiver.deliver(`${url}?priority=2`, message());
    const { priority, retry, expire } = formOf();
    assert.deepEqual([priority, retry, expire], ["2", "60", "3600"]);
  });

  for (const [level, priority] of [
    ["info", "-1"],
    ["warn", "0"],
  ] as const) {
    it(`gets level ${level} with priority ${priority}`, async () => {
      await receiver.deliver(url, message({ level }));
      assert.equal(formOf()["priority"], priority);
    });
  }

  it("gets at most what it takes of long texts, and no empty one", async () => {
    receiver.answers.push(taken);
    const runbook = `https://example.com/${"r".repeat(500)}`;
    await receiver.deliver(url, message({ title: "t".repeat(300), text: "🔥".repeat(3000), runbook }));
    const form = formOf();
    assert.deepEqual([form["title"]?.length, form["message"]?.length], [250, 1023]);
    assert.match(form["message"] ?? "", /^(🔥)+…$/u);
    assert.equal(form["url"], undefined);
    await receiver.deliver(url, message({ text: "" }));
    assert.equal(new URLSearchParams(receiver.requests[1]?.body).get("message"), "DrainFailed");
  });

  const answers: [status: number, body: string, isFinal: boolean, what: RegExp][] = [
    [
      200,
      '{"status":0,"errors":["user identifier is invalid"]}',
      true,
      /refuses the message: .*user identifier/,
    ],
    [400, '{"status":0,"errors":["application token is invalid"]}', true, /answered 400: .*token is invalid/],
    [200, "<html>", true, /refuses the message/],
    [429, '{"status":0,"errors":["over quota"]}', false, /answered 429/],
    [500, "", false, /answered 500/],
  ];
  for (const [status, body, isFinal, what] of answers) {
    it(`is ${isFinal ? "not asked again" : "asked again later"} after ${status} with ${body}`, async () => {
      receiver.answers.unshift({ status, body });
      await assert.rejects(receiver.deliver(url, message()), (error: DeliveryError) => {
        assert.ok(error instanceof DeliveryError);
        assert.match(error.message, what);
        assert.equal(error.isFinal, isFinal);
        return true;
      });
    });
  }

  const refused: [url: string, rule: RegExp][] = [
    [
      "pushover://uQiRzpo4DXghDmr9",
      /must have the API token of an application before @; the form is pushover:/,
    ],
    ["pushover://shoutrrr@uQiRzpo4DXghDmr9", /must have the API token/],
    ["pushover:///phone", /must have the API token/],
    [`${url}/phone`, /must have nothing after the user key but parameters/],
    [`${url}?priority=3`, /must have a priority of -2 to 2/],
    [`${url}?priority=high`, /must have a priority of -2 to 2/],
    [`${url}?sound=siren`, /only the parameters devices, title, priority/],
  ];
  for (const [bad, rule] of refused) {
    it(`is refused as ${bad}`, () => assert.throws(() => parseDestinations([bad]), rule));
  }
});
