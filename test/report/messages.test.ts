import assert from "node:assert/strict";
import type { CycleRecord } from "../../daemon/cycle/record.ts";
import type { Letter } from "../../daemon/notify/mail.ts";
import { letterOf, lettersMax } from "../../daemon/notify/mail.ts";
import type { Message, MessageKind } from "../../daemon/notify/message.ts";
import type { Queue } from "../../daemon/notify/queue.ts";
import { eventOf } from "../../daemon/report/events.ts";
import { messageTable } from "../../daemon/report/message-texts.ts";
import { createMessages, type Messages } from "../../daemon/report/messages.ts";
import { idle, iso, noon, record } from "../cycle/builders.ts";

const hour = 3_600_000;

describe("The messages of a node", () => {
  let now: number;
  let offered: { message: Message; to: readonly string[] | undefined }[];
  let letters: Letter[];
  let takers: string[];
  let messages: Messages;
  beforeEach(() => {
    [now, offered, letters, takers] = [noon, [], [], ["slack"]];
    messages = messagesOf();
  });

  function messagesOf(): Messages {
    const queue: Queue = {
      takers: () => takers,
      offer: (message, to) => void offered.push({ message, to }),
      letters: () => letters,
      settled: async () => {},
      threads: () => ({}),
      learnThreads: () => {},
    };
    return createMessages({
      queue,
      clock: { wall: () => now, elapsed: () => now, sleep: async () => {} },
      nodeName: "n1",
      clusterName: "prod",
      templates: { done: ({ node, duration }) => `${node} in ${duration}` },
      blockedAfterMs: 24 * hour,
      timeoutMs: 5000,
      waveOf: () => "2026-11-29",
    });
  }

  const need = { source: "file", reasons: ["linux-image", "libc6"], since: iso(noon) };
  const failed = record({ phase: "Failed", need, bootID: "12345678-9" });
  const sent = () => offered.map(({ message }) => message);
  const [was, failedNow] = [record({ phase: "Restoring", need }), { ...failed, since: iso(noon + 1) }];
  const change = { from: was, to: failedNow, why: "asked twice, and did not go down" };

  it("have the event's name and words, and what belongs to them", () => {
    messages.pass(was, "12345678-9", undefined);
    messages.changed(failedNow);
    messages.notify(eventOf("CycleFailed", change.why));
    assert.deepEqual(sent(), [
      {
        id: `n1/CycleFailed/${failedNow.since}`,
        kind: "failed",
        event: "CycleFailed",
        level: "error",
        node: "n1",
        title: "prod: the reboot of n1 has failed",
        text: "asked twice, and did not go down",
        at: iso(noon),
        topic: "n1 12345678",
        wave: "2026-11-29",
        runbook: "https://rebootd.dev/runbooks/rebootdnodefailed",
      },
    ]);
  });

  it("name the cause of the reboot when a node starts", () => {
    messages.pass(record({ phase: "Draining", need }), "b", undefined);
    messages.notify(eventOf("DrainStarted", "the slot is acquired"));
    assert.equal(sent()[0]?.text, "the slot is acquired\na reboot is needed: linux-image, libc6");
  });

  it("have the text of a template, with the time that the cycle took", () => {
    const tookMs = { wait: hour, drain: 60_000, boot: 90_000, return: 30_000 };
    messages.pass(record({ phase: "Settling", tookMs }), "b", undefined);
    messages.notify(eventOf("Returned", { ...change, to: record({ tookMs }) }));
    assert.equal(sent()[0]?.text, "n1 in 3m");
  });

  it("are not made of events that another one implies, that all nodes see, or that no destination wants", () => {
    messages.pass(failed, "b", undefined);
    messages.notify(eventOf("Restored", "why", { isImplied: true }));
    messages.notify(eventOf("HolderOverdue", { node: "n2", heldSince: iso(0), notReadySince: undefined }));
    messages.notify(eventOf("RebootsHalted", "why"));
    messages.notify(eventOf("Rebooted", change));
    takers = [];
    messages.notify(eventOf("CycleFailed", "why"));
    assert.deepEqual(offered, []);
  });

  it("are kept in the record with the change that makes them a failure, and not with any other write", () => {
    messages.pass(was, "12345678-9", undefined);
    const kept = messages.toKeep(change);
    assert.deepEqual(
      kept?.letters.map(({ id, to }) => [id, to]),
      [[`n1/CycleFailed/${failedNow.since}`, ["slack"]]],
    );
    assert.equal(messages.toKeep({ ...change, from: failedNow }), undefined);
    assert.equal(messages.toKeep(), undefined);
    takers = [];
    assert.equal(messages.toKeep(change), undefined);
  });

  it("are sent where the record carries them although the write of the change had no answer", () => {
    messages.pass(was, "b", undefined);
    const mail = messages.toKeep(change);
    messages.pass(was, "b", undefined);
    assert.deepEqual(sent(), []);
    messages.pass({ ...failedNow, mail }, "b", undefined);
    messages.pass({ ...failedNow, mail }, "b", undefined);
    assert.deepEqual(
      offered.map(({ message, to }) => [message.id, message.node, to]),
      [[`n1/CycleFailed/${failedNow.since}`, "n1", ["slack"]]],
    );
  });

  it("of a change with an answer are not sent again from the record", () => {
    messages.pass(was, "b", undefined);
    const mail = messages.toKeep(change);
    messages.changed({ ...failedNow, mail });
    messages.pass({ ...failedNow, mail }, "b", undefined);
    assert.deepEqual(offered, []);
  });

  it("that somebody else has put into the record of a running daemon are not sent", () => {
    const mail = messages.toKeep(change);
    messages = messagesOf();
    messages.pass(was, "b", undefined);
    messages.pass({ ...failedNow, mail }, "b", undefined);
    assert.deepEqual(offered, []);
  });

  it("are kept until each destination has taken them, failures before all others", () => {
    messages.pass(was, "b", undefined);
    const letter = (at: number, level: Message["level"]) =>
      letterOf({ ...(sentOne() as Message), id: `m${at}`, level }, ["slack"]);
    letters = [0, 1, 2, 3, 4, 5, 6, 7].map((at) => letter(at, at === 7 ? "error" : "info"));
    assert.deepEqual(
      messages.toKeep()?.letters.map(({ id }) => id),
      ["m0", "m1", "m2", "m3", "m4", "m7"],
    );
    assert.equal(lettersMax, 6);
  });

  function sentOne(): Message | undefined {
    messages.notify(eventOf("WriteRefused", { what: "marks", why: "403" }));
    return sent()[0];
  }

  it("of a former process are sent to the destinations that lack them", () => {
    messages.pass(was, "b", undefined);
    const mail = messages.toKeep(change);
    const next = messagesOf();
    next.pass({ ...failedNow, mail }, "b", undefined);
    assert.deepEqual(
      offered.map(({ message, to }) => [message.id, message.runbook, to]),
      [[`n1/CycleFailed/${failedNow.since}`, "https://rebootd.dev/runbooks/rebootdnodefailed", ["slack"]]],
    );
    next.pass({ ...failedNow, mail }, "b", undefined);
    assert.equal(offered.length, 1);
  });

  describe("about a node that waits", () => {
    const waiting = record({ phase: "Waiting", need });
    const waits = "2 gates are closed";
    const kindsAfter = (ms: number, of: CycleRecord = waiting, why: string | null = waits): MessageKind[] => {
      now = noon + ms;
      messages.pass(of, "b", why ?? undefined);
      return sent().map(({ kind }) => kind);
    };

    it("come once, after --notify-blocked-after", () => {
      assert.deepEqual(kindsAfter(23 * hour), []);
      assert.deepEqual(kindsAfter(25 * hour), ["blocked"]);
      assert.deepEqual(kindsAfter(50 * hour), ["blocked"]);
      assert.equal(sent()[0]?.text, "2 gates are closed\na reboot is needed: linux-image, libc6");
    });

    it("do not come a second time when the clock is set, or from another process", () => {
      kindsAfter(25 * hour);
      const shifted = { ...waiting, need: { ...need, since: iso(noon - hour) } };
      assert.deepEqual(kindsAfter(26 * hour, shifted), ["blocked"]);
      messages = messagesOf();
      messages.pass(waiting, "b", undefined);
      kindsAfter(25 * hour);
      const mail = messages.toKeep();
      assert.deepEqual(mail?.once, [`n1/RebootBlocked/${need.since}`]);
      offered = [];
      messages = messagesOf();
      assert.deepEqual(kindsAfter(30 * hour, { ...waiting, mail }), []);
    });

    it("come again for another need", () => {
      kindsAfter(25 * hour);
      kindsAfter(26 * hour, idle(), null);
      const later = { ...waiting, need: { ...need, since: iso(noon + 30 * hour) } };
      assert.deepEqual(kindsAfter(60 * hour, later), ["blocked", "blocked"]);
    });

    it("do not come where nothing holds it back, or in a cycle", () => {
      assert.deepEqual(kindsAfter(25 * hour, waiting, null), []);
      assert.deepEqual(kindsAfter(25 * hour, record({ phase: "Draining", need })), []);
    });
  });

  it("have a title of their own for each event", () => {
    const titles = Object.values(messageTable).map((row) => row?.title("n1"));
    assert.equal(new Set(titles).size, titles.length);
  });
});
