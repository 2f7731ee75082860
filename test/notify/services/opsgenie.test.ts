import assert from "node:assert/strict";
import { parseDestinations } from "../../../daemon/notify/destination.ts";
import type { DeliveryError } from "../../../daemon/notify/service.ts";
import { message } from "../builders.ts";
import { receiverForEach } from "../receiver.ts";
import { itIsRefused } from "../refused.ts";

/** https://docs.opsgenie.com/docs/alert-api */
describe("opsgenie", () => {
  const url = "opsgenie://api.opsgenie.com/eb243592-faa2-4ba2-a551-1afdf565c889";
  const taken = {
    status: 202,
    body: '{"result":"Request will be processed","took":0.3,"requestId":"43a29c5c"}',
  };
  const receiver = receiverForEach();
  beforeEach(() => {
    receiver.answers.push(taken);
  });

  const bodyOf = () => JSON.parse(receiver.requests.at(-1)?.body ?? "");

  it("opens an alert for a failure", async () => {
    await receiver.deliver(url, message());
    const [request] = receiver.requests;
    assert.equal(request?.method, "POST");
    assert.equal(request?.url, "https://api.opsgenie.com/v2/alerts");
    assert.equal(request?.headers.authorization, "GenieKey eb243592-faa2-4ba2-a551-1afdf565c889");
    assert.equal(request?.headers["content-type"], "application/json");
    assert.deepEqual(bodyOf(), {
      alias: "n1 2026-11-29T01:45:00.000Z",
      message: "n1: the drain has failed",
      description:
        "shop/cart-0 remains: the budget shop/cart allows no disruption\n\nhttps://example.com/runbooks/drain-failed",
      entity: "n1",
      source: "rebootd",
      priority: "P2",
      details: {
        kind: "failed",
        event: "DrainFailed",
        node: "n1",
        at: "2026-11-29T02:00:00.000Z",
        wave: "2026-11-29",
        runbook: "https://example.com/runbooks/drain-failed",
      },
    });
  });

  for (const kind of ["done", "restored"] as const) {
    it(`closes the alert with the same topic: ${kind}`, async () => {
      await receiver.deliver(
        `${url}?user=kured`,
        message({ kind, level: "info", text: "back", topic: "a/b c" }),
      );
      const [request] = receiver.requests;
      assert.equal(request?.method, "POST");
      assert.equal(request?.url, "https://api.opsgenie.com/v2/alerts/a%2Fb%20c/close?identifierType=alias");
      assert.equal(request?.headers.authorization, "GenieKey eb243592-faa2-4ba2-a551-1afdf565c889");
      assert.deepEqual(bodyOf(), { source: "rebootd", user: "kured", note: "back" });
    });
  }

  it("gets what the URL says", async () => {
    await receiver.deliver(
      "opsgenie://api.eu.opsgenie.com:8443/key1234?alias=prod&description=By+kured&entity=E&source=S&priority=P1" +
        "&note=N&user=U&title=Nodes&tags=a,b&actions=ping&details=team:infra,env:prod&visibleTo=user:me@example.com" +
        "&responders=team:NOC,schedule:4513b7ea-3b91-438f-b7e4-e3e54af9147c",
      message({ runbook: undefined }),
    );
    assert.equal(receiver.requests[0]?.url, "https://api.eu.opsgenie.com:8443/v2/alerts");
    const { details, ...rest } = bodyOf();
    assert.deepEqual(rest, {
      alias: "prod n1 2026-11-29T01:45:00.000Z",
      message: "Nodes",
      description: "shop/cart-0 remains: the budget shop/cart allows no disruption\n\nBy kured",
      entity: "E",
      source: "S",
      priority: "P1",
      note: "N",
      user: "U",
      tags: ["a", "b"],
      actions: ["ping"],
      visibleTo: [{ type: "user", username: "me@example.com" }],
      responders: [
        { type: "team", name: "NOC" },
        { type: "schedule", id: "4513b7ea-3b91-438f-b7e4-e3e54af9147c" },
      ],
    });
    assert.deepEqual([details.team, details.env, details.event], ["infra", "prod", "DrainFailed"]);
  });

  it("gets the JSON of shoutrrr's documentation", async () => {
    const responders = [{ username: "superuser", type: "user" }];
    const query = new URLSearchParams({
      responders: JSON.stringify(responders),
      tags: '["tag1","tag2"]',
      details: '{"key1":"value1"}',
    });
    await receiver.deliver(`${url}?${query}`, message());
    const body = bodyOf();
    assert.deepEqual(
      [body.responders, body.tags, body.details.key1],
      [responders, ["tag1", "tag2"], "value1"],
    );
  });

  it("gets only what opens or ends an alert, unless the URL says otherwise", () => {
    const [given] = parseDestinations([url]);
    assert.deepEqual([...(given?.kinds ?? [])].sort(), [
      "blocked",
      "done",
      "failed",
      "halted",
      "overdue",
      "restored",
    ]);
  });

  for (const [level, priority] of [
    ["info", "P5"],
    ["warn", "P3"],
  ] as const) {
    it(`gets level ${level} as ${priority}`, async () => {
      await receiver.deliver(url, message({ level }));
      assert.equal(bodyOf().priority, priority);
    });
  }

  it("gets at most what it takes of long texts, and the same alias each time", async () => {
    receiver.answers.push(taken);
    const long = { title: "t".repeat(500), text: "x".repeat(40_000), topic: "n".repeat(600) };
    await receiver.deliver(url, message(long));
    const { message: title, description, alias } = bodyOf();
    assert.deepEqual([title.length, description.length], [130, 15_000]);
    await receiver.deliver(url, message({ ...long, kind: "done" }));
    assert.match(receiver.requests[1]?.url ?? "", new RegExp(`/alerts/${alias}/close`));
    assert.equal(bodyOf().note.length, 25_000);
  });

  const answers: [status: number, isFinal: boolean][] = [
    [401, true],
    [422, true],
    [429, false],
    [503, false],
  ];
  for (const [status, isFinal] of answers) {
    it(`is ${isFinal ? "not asked again" : "asked again later"} after ${status}`, async () => {
      receiver.answers.unshift({ status, body: '{"message":"Key format is not valid!"}' });
      await assert.rejects(receiver.deliver(url, message()), {
        name: "DeliveryError",
        isFinal,
      } satisfies Partial<DeliveryError>);
    });
  }

  const refused: [url: string, rule: RegExp][] = [
    [
      "opsgenie://api.opsgenie.com",
      /must have the key of an API integration after the host; the form is opsgenie:/,
    ],
    ["opsgenie:///key1234", /must have a host after :\/\//],
    ["opsgenie://api.opsgenie.com/v2/key1234", /must have the key of an API integration/],
    [`${url}?priority=high`, /must have a priority of P1 to P5/],
    [`${url}?responders=NOC`, /must have responders=team:NAME, or several with one of team, user/],
    [`${url}?responders=group:NOC`, /must have responders=team:NAME/],
    [`${url}?visibleTo=[{]`, /must have visibleTo=team:NAME/],
    [`${url}?responders=[null]`, /must have responders=team:NAME/],
    [`${url}?tags=[1]`, /must have tags=a,b/],
    [`${url}?details=a`, /must have details=KEY:VALUE/],
    [`${url}?details=a:b:c`, /must have details=KEY:VALUE/],
    [`${url}?details={"a":1}`, /must have details=KEY:VALUE/],
    [`${url}?details={a`, /must have details=KEY:VALUE/],
    [`${url}?team=NOC`, /only the parameters alias, description/],
  ];
  itIsRefused(refused, /key1234|eb243592/);
});
