import assert from "node:assert/strict";
import type { Api } from "../../daemon/cluster/api.ts";
import { eventOf } from "../../daemon/report/events.ts";
import { createNodeEvents } from "../../daemon/report/node-events.ts";
import { noon } from "../cycle/builders.ts";
import { everyRow } from "../rows.ts";

interface Sent {
  metadata: { name: string };
  eventTime: string;
  note: string;
  reportingInstance: string;
}

function emitting(nodeName = "n1", instance = "rebootd-x") {
  const sent: Sent[] = [];
  const api = { create: async (_: string, body: Sent) => void sent.push(body) };
  const clock = { wall: () => made.now, elapsed: () => 0, sleep: async () => {} };
  const { signal } = new AbortController();
  const onError = (error: unknown) => assert.fail(String(error));
  const events = createNodeEvents({
    api: api as unknown as Api,
    clock,
    nodeName,
    instance,
    onError,
    signal,
  });
  const made = { sent, now: noon, emit: (note = "x") => events.emit(eventOf("Rebooting", note)) };
  return made;
}

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
