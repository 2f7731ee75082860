import assert from "node:assert/strict";
import { parseDestinations } from "../../../daemon/notify/destination.ts";
import type { DeliveryError } from "../../../daemon/notify/service.ts";
import { message } from "../builders.ts";
import { receiverForEach } from "../receiver.ts";
import { itIsRefused } from "../refused.ts";

/** https://github.com/PagerDuty/api-schema/blob/main/reference/events-v2/openapiv3.json */
describe("pagerduty", () => {
  const url = "pagerduty://R0Uting1keYe93facc04764012d7bfb0";
  const taken = { status: 202, body: '{"status":"success","message":"Event processed","dedup_key":"n1"}' };
  const receiver = receiverForEach();
  beforeEach(() => {
    receiver.answers.push(taken);
  });

  const bodyOf = () => JSON.parse(receiver.requests.at(-1)?.body ?? "");

  it("opens an incident for a failure", async () => {
    await receiver.deliver(`${url}?group=prod`, message());
    const [request] = receiver.requests;
    assert.equal(request?.method, "POST");
    assert.equal(request?.url, "https://events.pagerduty.com/v2/enqueue");
    assert.equal(request?.headers["content-type"], "application/json");
    assert.deepEqual(bodyOf(), {
      routing_key: "R0Uting1keYe93facc04764012d7bfb0",
      event_action: "trigger",
      dedup_key: "n1 2026-11-29T01:45:00.000Z",
      client: "rebootd",
      payload: {
        summary: "n1: the drain has failed",
        source: "n1",
        severity: "error",
        timestamp: "2026-11-29T02:00:00.000Z",
        component: "rebootd",
        group: "prod",
        class: "DrainFailed",
        custom_details: {
          text: "shop/cart-0 remains: the budget shop/cart allows no disruption",
          kind: "failed",
          wave: "2026-11-29",
        },
      },
      links: [{ href: "https://example.com/runbooks/drain-failed", text: "Runbook" }],
    });
  });

  for (const kind of ["done", "restored"] as const) {
    it(`resolves the incident with the same topic: ${kind}`, async () => {
      await receiver.deliver(url, message({ kind, level: "info" }));
      assert.deepEqual(bodyOf(), {
        routing_key: "R0Uting1keYe93facc04764012d7bfb0",
        event_action: "resolve",
        dedup_key: "n1 2026-11-29T01:45:00.000Z",
      });
    });
  }

  it("gets only what opens or ends an incident, unless the URL says otherwise", () => {
    const [given] = parseDestinations([url]);
    assert.deepEqual([...(given?.kinds ?? [])].sort(), [
      "blocked",
      "done",
      "failed",
      "halted",
      "overdue",
      "restored",
    ]);
    const [all] = parseDestinations([`${url}?rebootd.on=started`]);
    assert.deepEqual([...(all?.kinds ?? [])], ["started"]);
  });

  it("is in Europe where the URL says so", async () => {
    await receiver.deliver("pagerduty://R0Uting1keY@events.eu.pagerduty.com", message());
    assert.equal(receiver.requests[0]?.url, "https://events.eu.pagerduty.com/v2/enqueue");
    assert.equal(bodyOf().routing_key, "R0Uting1keY");
  });

  for (const [level, severity] of [
    ["info", "info"],
    ["warn", "warning"],
  ] as const) {
    it(`gets level ${level} as ${severity}`, async () => {
      await receiver.deliver(url, message({ level, runbook: undefined }));
      assert.equal(bodyOf().payload.severity, severity);
      assert.deepEqual(bodyOf().links, []);
    });
  }

  it("gets a long topic as a short key, the same each time, and a long title cut", async () => {
    receiver.answers.push(taken);
    const topic = "n".repeat(300);
    await receiver.deliver(url, message({ topic, title: "t".repeat(2000) }));
    const { dedup_key: key, payload } = bodyOf();
    assert.match(key, /^[0-9a-f]{32}$/);
    assert.equal(payload.summary.length, 1024);
    await receiver.deliver(url, message({ topic, kind: "done" }));
    assert.equal(bodyOf().dedup_key, key);
  });

  const answers: [status: number, body: string, isFinal: boolean][] = [
    [400, '{"status":"invalid event","message":"Event object is invalid"}', true],
    [429, "", false],
    [500, "", false],
  ];
  for (const [status, body, isFinal] of answers) {
    it(`is ${isFinal ? "not asked again" : "asked again later"} after ${status}`, async () => {
      receiver.answers.unshift({ status, body });
      await assert.rejects(receiver.deliver(url, message()), {
        name: "DeliveryError",
        isFinal,
      } satisfies Partial<DeliveryError>);
    });
  }

  const refused: [url: string, rule: RegExp][] = [
    ["pagerduty://", /must have an integration key after :\/\/.*; the form is pagerduty:/],
    ["pagerduty://events.eu.pagerduty.com", /must have an integration key/],
    ["pagerduty://events.eu.pagerduty.com/R0Uting1keY", /must have an integration key/],
    ["pagerduty://R0Uting1keY:secret@events.pagerduty.com", /must have an integration key/],
    ["pagerduty://R0Uting1keY/more", /must have nothing after the host but parameters/],
    ["pagerduty://R0Uting1keY?severity=info", /only the parameters group/],
  ];
  itIsRefused(refused, /R0Uting1keY|secret/);
});
