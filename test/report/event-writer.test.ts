import assert from "node:assert/strict";
import type { Api } from "../../daemon/cluster/api.ts";
import { createEventWriter } from "../../daemon/report/event-writer.ts";
import { type Event, eventOf } from "../../daemon/report/events.ts";
import { createMetrics } from "../../daemon/report/metrics.ts";
import { noon } from "../cycle/builders.ts";
import { everyRow } from "../rows.ts";

interface Sent {
  metadata: { name: string; namespace: string };
  regarding: object;
  related?: object;
  eventTime: string;
  note: string;
  reportingInstance: string;
}

function emitting(nodeName = "n1", instance = "rebootd-x") {
  const sent: Sent[] = [];
  const paths: string[] = [];
  const failures: unknown[] = [];
  const made = { fails: false, now: noon, elapsed: 0 };
  const api = {
    async create(path: string, body: Sent) {
      if (made.fails) throw new Error("no");
      paths.push(path);
      sent.push(body);
    },
  };
  const metrics = createMetrics("n1", "1.2.3");
  const clock = { wall: () => made.now, elapsed: () => made.elapsed, sleep: async () => {} };
  const { signal } = new AbortController();
  const onError = (error: unknown) => void failures.push(error);
  const events = createEventWriter({
    api: api as unknown as Api,
    clock,
    metrics,
    nodeName,
    instance,
    onError,
    signal,
  });
  let number = 0;
  const totalOf = async (counter: "events" | "eventsDropped") =>
    (await metrics[counter].get()).values.reduce((sum, { value }) => sum + value, 0);
  return Object.assign(made, {
    sent,
    paths,
    failures,
    /** Each with another topic, as repeats are held back. */
    emit: (note = "x", more: Parameters<typeof eventOf>[2] = { topic: `${++number}` }) =>
      events.emit(eventOf("Rebooting", note, more)),
    write: (event: Event) => events.emit(event),
    counts: async () => [await totalOf("events"), await totalOf("eventsDropped")],
  });
}

const pod = { kind: "Pod", namespace: "shop", name: "cart-0", uid: "u1" } as const;
const budget = { kind: "PodDisruptionBudget", namespace: "shop", name: "cart", uid: "u2" } as const;

describe("Events on pods and budgets", () => {
  it("are in the namespace of the object, which is named with its UID, and name the node", () => {
    const { sent, paths, emit } = emitting();
    for (const about of [pod, budget]) emit("x", { about });
    assert.deepEqual(paths, Array(2).fill("/apis/events.k8s.io/v1/namespaces/shop/events"));
    const node = { apiVersion: "v1", kind: "Node", name: "n1", uid: "n1" };
    assert.deepEqual(
      sent.map(({ metadata, regarding, related }) => [metadata.namespace, regarding, related]),
      [
        ["shop", { apiVersion: "v1", ...pod }, node],
        ["shop", { apiVersion: "policy/v1", ...budget }, node],
      ],
    );
    assert.match(sent[0]?.metadata.name ?? "", /^cart-0\.[0-9a-f]+$/);
  });

  it("lead to no other path, whatever the server says that the namespace is", async () => {
    const { sent, failures, emit } = emitting();
    for (const namespace of ["..", "a/b", "../../nodes", ""]) emit("x", { about: { ...pod, namespace } });
    await new Promise(setImmediate);
    assert.deepEqual(sent, []);
    assert.equal(failures.length, 4);
  });
});

describe("The number of events", () => {
  it("has no repeat within 2 minutes, by object, reason and topic", async () => {
    const made = emitting();
    const about = (minutes: number) => {
      made.elapsed = minutes * 60_000;
      made.emit("3 pods", { topic: "a" });
      made.emit("2 pods", { topic: "a" });
      made.emit("2 pods", { topic: "a", about: pod });
      made.write(eventOf("DrainHeldUp", "2 pods", { topic: "a" }));
      made.emit("2 pods", { topic: "b" });
      return made.sent.splice(0).map(({ note }) => note);
    };
    assert.deepEqual(about(0), ["3 pods", "2 pods", "2 pods", "2 pods"]);
    assert.deepEqual(about(1.9), []);
    assert.deepEqual(about(2), ["3 pods", "2 pods", "2 pods", "2 pods"]);
    assert.deepEqual(await made.counts(), [15, 7]);
  });

  it("is bounded by a burst and a rate, apart for the Node and for others, and what is dropped is counted", async () => {
    const made = emitting();
    const sentOf = (times: number, more: { about?: typeof pod } = {}) => {
      for (let n = 0; n < times; n += 1) made.emit(`${made.elapsed} ${n}`, more);
      return made.sent.splice(0).length;
    };
    assert.deepEqual([sentOf(50), sentOf(50, { about: pod }), sentOf(1)], [15, 15, 0]);
    made.elapsed = 3 * 60_000;
    assert.deepEqual([sentOf(50), sentOf(50, { about: pod })], [6, 3]);
    made.elapsed = 24 * 3_600_000;
    assert.deepEqual([sentOf(50), sentOf(50, { about: pod })], [15, 15]);
    assert.deepEqual(await made.counts(), [301, 301 - 69]);
  });

  it("counts what the API server refuses as dropped", async () => {
    const made = emitting();
    made.fails = true;
    made.emit();
    await new Promise(setImmediate);
    assert.equal(made.failures.length, 1);
    assert.deepEqual(await made.counts(), [1, 1]);
  });
});

describe("Events on a Node", () => {
  it("are listed in order, also within a millisecond and after the clock was set back", () => {
    const { sent, emit } = emitting();
    for (let n = 0; n < 3; n += 1) emit();
    const made = emitting();
    made.emit();
    made.now += 0.25;
    made.emit();
    made.now -= 5000;
    made.emit();
    for (const list of [sent, made.sent]) {
      const names = list.map(({ metadata }) => metadata.name);
      assert.deepEqual([...new Set(names)].sort(), names);
    }
  });

  it("have names as in client-go: the node, and the time in nanoseconds", () => {
    const { sent, emit } = emitting("ip-10-0-1-23.eu-west-1.compute.internal");
    emit();
    const hex = (BigInt(noon) * 1_000_000n).toString(16);
    assert.equal(sent[0]?.metadata.name, `ip-10-0-1-23.eu-west-1.compute.internal.${hex}`);
    assert.match(sent[0]?.eventTime ?? "", /^2026-11-24T12:00:00\.000000Z$/);
  });

  it("have a valid name for a node with a name of any length", () => {
    const { sent, emit } = emitting(`${"a".repeat(60)}.`.repeat(4).slice(0, 240).replace(/\.$/, ""));
    emit();
    const { name } = sent[0]?.metadata ?? assert.fail();
    assert.ok(name.length <= 253, String(name.length));
    assert.match(name, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
  });

  const notes: [what: string, note: string][] = [
    ["of ASCII", "x".repeat(1024)],
    ["with accents", "\u00e9".repeat(512)],
    ["in Chinese", `${"\u8282\u70b9".repeat(170)}abcd`],
    ["with emoji", "\u{1f680}".repeat(256)],
  ];
  it("have a note within the bytes of the API, cut between two characters of any script", () =>
    everyRow(notes, (note) => {
      const { sent, emit } = emitting();
      for (const more of ["", "a", "\u00e9", "\u8282", "\u{1f680}"]) emit(note + more);
      for (const more of ["b", "\u00e9", "\u8282", "\u{1f680}"]) emit(more + note);
      for (const { note: cut } of sent) {
        assert.ok(Buffer.byteLength(cut) <= 1024);
        assert.ok(Buffer.byteLength(cut) > 1020, String(Buffer.byteLength(cut)));
        assert.ok(!cut.includes("\ufffd"));
      }
      assert.deepEqual(
        sent.slice(0, 5).map(({ note: cut }) => cut),
        Array(5).fill(note),
      );
    }));

  it("have no control characters of a terminal in their note", () => {
    const { sent, emit } = emitting();
    emit("1 alert is active: a\u001b[2J\r\nnode/n2 Normal Rebooted\u009b1A\u202e\u2066\u200b.");
    assert.equal(sent[0]?.note, "1 alert is active: a [2J node/n2 Normal Rebooted 1A .");
  });

  it("have a reporting instance within the bytes of the API", () => {
    const { sent, emit } = emitting("n1", "p".repeat(200));
    emit();
    assert.equal(sent[0]?.reportingInstance.length, 128);
  });
});
