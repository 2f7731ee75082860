import assert from "node:assert/strict";
import { type DeliverTo, toEach } from "../../daemon/notify/each-target.ts";
import { DeliveryError, type Net } from "../../daemon/notify/service.ts";
import { message } from "./builders.ts";

const net: Net = {
  send: () => assert.fail("no request"),
  email: () => assert.fail("no mail"),
  signal: new AbortController().signal,
};

describe("A destination with several targets", () => {
  const asked: string[] = [];
  const failures = new Map<string, unknown>();
  const deliverTo: DeliverTo = async (target, { id }, _net, thread) => {
    asked.push([id, target, thread].filter((part) => part !== undefined).join(" "));
    const failure = failures.get(target);
    if (failure !== undefined) throw failure;
    return `t-${target}`;
  };
  beforeEach(() => {
    asked.length = 0;
    failures.clear();
  });

  it("delivers to each, and answers the threads in their order", async () => {
    const deliver = toEach(["a", "b"], deliverTo);
    assert.equal(await deliver(message({ id: "1" }), net), "t-a t-b");
    assert.equal(await deliver(message({ id: "2" }), net, "t-a t-b"), "t-a t-b");
    assert.deepEqual(asked, ["1 a", "1 b", "2 a t-a", "2 b t-b"]);
  });

  it("delivers to the others if one refuses, and repeats for that one alone", async () => {
    const deliver = toEach(["a", "b", "c"], deliverTo);
    failures.set("b", new DeliveryError("answered 429", { retryAfterMs: 5000 }));
    await assert.rejects(deliver(message(), net), {
      message: "answered 429",
      retryAfterMs: 5000,
      isFinal: false,
    });
    failures.clear();
    asked.length = 0;
    assert.equal(await deliver(message(), net), "t-a t-b t-c");
    assert.equal(asked.length, 1);
    assert.match(asked[0] ?? "", / b$/);
  });

  it("is tried again as long as one target may take the message", async () => {
    const deliver = toEach(["a", "b", "c"], deliverTo);
    failures.set("a", new DeliveryError("answered 403", { isFinal: true }));
    await assert.rejects(deliver(message({ id: "1" }), net), { isFinal: true });
    failures.set("b", new DeliveryError("answered 500", { retryAfterMs: 1000 }));
    failures.set("c", new Error("no answer"));
    await assert.rejects(deliver(message({ id: "2" }), net), {
      message: "answered 500; no answer",
      isFinal: false,
      retryAfterMs: 1000,
    });
  });

  it("asks for targets that only the server knows, and has no thread where their number has changed", async () => {
    const targets = ["a"];
    const deliver = toEach(async () => targets, deliverTo);
    assert.equal(await deliver(message({ id: "1" }), net), "t-a");
    targets.push("b");
    await deliver(message({ id: "2" }), net, "t-a");
    assert.deepEqual(asked, ["1 a", "2 a", "2 b"]);
  });

  it("has no thread where no target gives one, or where they are too long together", async () => {
    assert.equal(await toEach(["a", "b"], async () => undefined)(message(), net), undefined);
    assert.equal(await toEach(["a", "b"], async () => "x".repeat(101))(message(), net), undefined);
    assert.equal(
      await toEach(["a", "b"], async (target) => (target === "b" ? "x" : undefined))(message(), net),
      " x",
    );
  });
});
