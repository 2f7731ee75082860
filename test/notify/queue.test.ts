import assert from "node:assert/strict";
import type { Destination } from "../../daemon/notify/destination.ts";
import { type DeliveryOutcome, waitingMax } from "../../daemon/notify/line.ts";
import { type Message, messageKindNames } from "../../daemon/notify/message.ts";
import { createQueue, type Queue } from "../../daemon/notify/queue.ts";
import { type Deliver, DeliveryError } from "../../daemon/notify/service.ts";
import { createVirtualTime, type VirtualTime } from "../kubernetes/virtual-time.ts";
import { message } from "./builders.ts";

describe("The queue of messages", () => {
  let time: VirtualTime;
  let stop: AbortController;
  let outcomes: [service: string, outcome: DeliveryOutcome][];
  let reports: string[];
  let taken: string[];
  let settledCount: number;
  beforeEach(() => {
    time = createVirtualTime(Date.parse("2026-11-29T00:00:00Z"));
    stop = new AbortController();
    [outcomes, reports, taken, settledCount] = [[], [], [], 0];
  });
  afterEach(() => stop.abort());

  const takes: Deliver = async ({ id }) => {
    taken.push(id);
    return undefined;
  };
  const fails =
    (facts = {}): Deliver =>
    async () => {
      throw new DeliveryError("answered 500: the token-123456 is wrong", facts);
    };
  const noNetwork = () => Promise.reject(new Error("no network"));
  const hangs: Deliver = () => new Promise(() => {});

  function destination(name: string, deliver: Deliver, kinds = messageKindNames): Destination {
    const service = name.replace(/-\d+$/, "");
    return { name, service, kinds: new Set(kinds), deliver, secrets: ["token-123456"] };
  }

  function queueTo(...destinations: Destination[]): Queue {
    return createQueue({
      destinations: () => destinations,
      net: { send: noNetwork, email: noNetwork },
      clock: time.clock,
      random: () => 0.5,
      onOutcome: (...outcome) => outcomes.push(outcome),
      onSettled: () => {
        settledCount += 1;
      },
      report: (level, text) => reports.push(`${level}: ${text}`),
      signal: stop.signal,
    });
  }

  const numbered = (at: number, changes: Partial<Message> = {}) => message({ id: `m${at}`, ...changes });

  it("delivers a message to each destination that wants its kind", async () => {
    const other = destination("gotify", async () => assert.fail("unwanted"), ["halted"]);
    queueTo(destination("slack", takes), destination("slack-2", takes), other).offer(numbered(1));
    await time.pass(0);
    assert.deepEqual(taken, ["m1", "m1"]);
    assert.deepEqual(outcomes, [
      ["slack", "sent"],
      ["slack", "sent"],
    ]);
    assert.deepEqual(reports, []);
  });

  it("delivers a message once, however often it is offered", async () => {
    const queue = queueTo(destination("slack", takes));
    queue.offer(numbered(1));
    await time.pass(0);
    queue.offer(numbered(1));
    await time.pass(0);
    assert.deepEqual(taken, ["m1"]);
  });

  it("backs off while a destination fails, says so once, and says when it takes messages again", async () => {
    let deliver = fails();
    const queue = queueTo(destination("slack", (...all) => deliver(...all)));
    queue.offer(numbered(1));
    await time.pass(10 * 60_000);
    const tries = outcomes.length;
    assert.ok(tries > 5 && tries < 12, `${tries} attempts in 10 minutes`);
    deliver = takes;
    await time.pass(10 * 60_000);
    assert.deepEqual(taken, ["m1"]);
    assert.deepEqual(reports, [
      "warn: the message DrainFailed has not reached slack, it is sent again: answered 500: the *** is wrong",
      "info: messages reach slack again",
    ]);
  });

  it("waits for as long as the service asks, but half an hour at most", async () => {
    const queue = queueTo(destination("slack", fails({ retryAfterMs: 3600_000 })));
    queue.offer(numbered(1));
    await time.pass(29 * 60_000);
    assert.equal(outcomes.length, 1);
    await time.pass(2 * 60_000);
    assert.equal(outcomes.length, 2);
  });

  it("drops what the service will never take, and says so each time", async () => {
    const queue = queueTo(destination("slack", fails({ isFinal: true })));
    for (const at of [1, 2]) queue.offer(numbered(at));
    await time.pass(0);
    assert.deepEqual(outcomes, [
      ["slack", "dropped"],
      ["slack", "dropped"],
    ]);
    assert.equal(reports.length, 2);
    assert.deepEqual(queue.letters(0), []);
    assert.equal(settledCount, 2);
  });

  it("drops a message after a day", async () => {
    const queue = queueTo(destination("slack", fails()));
    queue.offer(numbered(1));
    await time.pass(23 * 3_600_000);
    assert.equal(queue.letters(0).length, 1);
    await time.pass(2 * 3_600_000);
    assert.deepEqual(queue.letters(0), []);
    assert.deepEqual(outcomes.at(-1), ["slack", "dropped"]);
  });

  it("ends an attempt that has no answer after 10 s", async () => {
    const queue = queueTo(destination("slack", hangs));
    queue.offer(numbered(1));
    await time.pass(11_000);
    assert.deepEqual(reports, [
      "warn: the message DrainFailed has not reached slack, it is sent again: slack: timed out after 10 s",
    ]);
  });

  it("delivers to others while one destination fails", async () => {
    const queue = queueTo(destination("slack", hangs), destination("gotify", takes));
    for (const at of [1, 2, 3]) queue.offer(numbered(at));
    await time.pass(0);
    assert.deepEqual(taken, ["m1", "m2", "m3"]);
    assert.deepEqual(
      queue.letters(0).map(({ id, to }) => [id, to]),
      [1, 2, 3].map((at) => [`m${at}`, ["slack"]]),
    );
  });

  it("lets others pass a message that is refused again and again", async () => {
    const picky: Deliver = async (one, ...rest) => await (one.id === "m1" ? fails() : takes)(one, ...rest);
    const queue = queueTo(destination("slack", picky));
    for (const at of [1, 2, 3]) queue.offer(numbered(at));
    await time.pass(60_000);
    assert.deepEqual(taken, ["m2", "m3"]);
  });

  it("keeps the latest failures of 10,000 messages that nobody takes", async () => {
    const queue = queueTo(destination("slack", hangs), destination("gotify", fails()));
    for (let at = 0; at < 10_000; at += 1) {
      const level = at % 100 === 0 ? "error" : "info";
      const text = "x".repeat(5000);
      queue.offer(numbered(at, { level, text, at: new Date(at * 1000).toISOString() }));
      if (at % 500 === 0) await time.pass(1000);
    }
    const letters = queue.letters(0);
    assert.ok(letters.length <= 2 * waitingMax);
    assert.ok(JSON.stringify(letters).length < 200_000);
    for (const name of ["slack", "gotify"]) {
      const errors = letters.filter(({ level, to }) => level === "error" && to.includes(name));
      assert.ok(errors.length >= waitingMax - 2, `${errors.length} failures for ${name}`);
    }
    assert.ok(reports.length < 10, `${reports.length} lines`);
  });

  it("tells when all has arrived, or that the time is over", async () => {
    const queue = queueTo(destination("slack", takes), destination("gotify", hangs));
    const done: string[] = [];
    void queue.settled(5000, stop.signal).then(() => done.push("nothing was there"));
    await time.pass(0);
    queue.offer(numbered(1));
    void queue.settled(5000, stop.signal).then(() => done.push("time is over"));
    await time.pass(4999);
    assert.deepEqual(done, ["nothing was there"]);
    await time.pass(1);
    assert.deepEqual(done, ["nothing was there", "time is over"]);
  });

  it("is settled as soon as the last destination has taken the message", async () => {
    const slow: Deliver = async (one, net, thread) => {
      await time.clock.sleep(300, net.signal);
      return await takes(one, net, thread);
    };
    const queue = queueTo(destination("slack", slow));
    queue.offer(numbered(1));
    let isDone = false;
    void queue.settled(5000, stop.signal).then(() => {
      isDone = true;
    });
    await time.pass(299);
    assert.equal(isDone, false);
    await time.pass(1);
    assert.equal(isDone, true);
  });

  it("gives later messages of a topic the thread of the first, also that of a former process", async () => {
    const threads: unknown[] = [];
    const named: Deliver = async ({ id }, _net, thread) => {
      threads.push([id, thread]);
      return `thread of ${id}`;
    };
    const queue = queueTo(destination("slack", named));
    queue.learnThreads("t0", { slack: "known" });
    queue.offer(numbered(1, { topic: "t0" }));
    queue.offer(numbered(2, { topic: "t1" }));
    queue.offer(numbered(3, { topic: "t1" }));
    await time.pass(0);
    assert.deepEqual(threads, [
      ["m1", "known"],
      ["m2", undefined],
      ["m3", "thread of m2"],
    ]);
    assert.deepEqual(queue.threads("t1"), { slack: "thread of m2" });
    assert.deepEqual(queue.threads("t0"), {});
  });

  it("sends what a former process has left to the destinations that lack it", async () => {
    const queue = queueTo(destination("slack", takes), destination("gotify", takes));
    queue.offer(numbered(1), ["gotify", "gone"]);
    await time.pass(0);
    assert.deepEqual(outcomes, [["gotify", "sent"]]);
  });
});
