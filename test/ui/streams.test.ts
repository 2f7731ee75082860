import assert from "node:assert/strict";
import { Writable } from "node:stream";
import type { Snapshot } from "../../daemon/ui/snapshot.ts";
import { createStreams, type Streams } from "../../daemon/ui/streams.ts";
import { createVirtualTime, type VirtualTime } from "../kubernetes/virtual-time.ts";

/** A fleet with a phase for each node. */
const snapshot = (nodes: Record<string, string>): Snapshot => ({
  at: "2026-11-02T02:30:00.000Z",
  head: '{"cluster":"c"}',
  tiles: new Map(Object.entries(nodes).map(([name, phase]) => [name, JSON.stringify({ name, phase })])),
});

/** A page that reads, until `isReading` is false. */
class Reader extends Writable {
  text = "";
  isReading = true;
  #held: (() => void) | undefined;
  constructor() {
    super({ highWaterMark: 1 });
  }
  override _write(part: Buffer, _: string, done: () => void) {
    this.text += part;
    if (this.isReading) done();
    else this.#held = done;
  }
  read() {
    this.isReading = true;
    this.#held?.();
  }
  /** The events since the last call. */
  events(): {
    name: string;
    data: { nodes?: { name: string; phase: string }[]; gone?: string[]; message?: string };
  }[] {
    const found = [...this.text.matchAll(/event: (\w+)\ndata: (.*)\n/g)];
    this.text = "";
    return found.map(([, name = "", data = ""]) => ({ name, data: JSON.parse(data) }));
  }
}

describe("The event streams of the page", () => {
  let time: VirtualTime;
  let streams: Streams;
  let ended: AbortController;
  const settle = () => time.pass(0);
  const opened = async () => {
    const reader = new Reader();
    streams.add(reader);
    await settle();
    return reader;
  };

  beforeEach(() => {
    time = createVirtualTime(Date.parse("2026-11-02T02:30:00Z"));
    streams = createStreams(time.clock);
    ended = new AbortController();
    void streams.run(ended.signal);
  });
  afterEach(() => ended.abort());

  it("begin with the whole fleet, and go on with what has changed alone", async () => {
    streams.publish(snapshot({ n1: "Idle", n2: "Idle", n3: "Idle" }));
    const reader = await opened();
    assert.match(reader.text, /^retry: \d+\n\nid: 1\nevent: fleet\n/);
    assert.deepEqual(
      reader.events().map(({ name, data }) => [name, data.nodes?.length]),
      [["fleet", 3]],
    );
    streams.publish(snapshot({ n1: "Idle", n2: "Waiting" }));
    await settle();
    const [{ name, data } = assert.fail()] = reader.events();
    assert.deepEqual([name, data.nodes, data.gone], ["change", [{ name: "n2", phase: "Waiting" }], ["n3"]]);
  });

  it("say nothing where nothing has changed", async () => {
    streams.publish(snapshot({ n1: "Idle" }));
    const reader = await opened();
    reader.events();
    streams.publish({ ...snapshot({ n1: "Idle" }), at: "2026-11-02T02:40:00.000Z" });
    await settle();
    assert.equal(reader.text, "");
  });

  it("give a reader that opens late what the others have", async () => {
    const early = await opened();
    streams.publish(snapshot({ n1: "Idle" }));
    await settle();
    assert.deepEqual((await opened()).events(), early.events());
  });

  it("give a slow reader the newest state alone, and keep nothing else for it", async () => {
    streams.publish(snapshot({ n1: "Idle", n2: "Idle" }));
    const slow = await opened();
    const fast = await opened();
    slow.events();
    fast.events();
    slow.isReading = false;
    for (const phase of ["Waiting", "Draining", "Rebooting", "Returning"]) {
      streams.publish(snapshot({ n1: phase, n2: "Idle" }));
      await settle();
    }
    assert.ok(slow.writableLength < 300, `${slow.writableLength}`);
    assert.equal(fast.events().length, 4);
    slow.read();
    await settle();
    assert.deepEqual(
      slow.events().map(({ data }) => data.nodes),
      [[{ name: "n1", phase: "Waiting" }], [{ name: "n1", phase: "Returning" }]],
    );
  });

  it("end for a reader that takes nothing for a minute, and not for one that has nothing to take", async () => {
    streams.publish(snapshot({ n1: "Idle" }));
    const slow = await opened();
    const quiet = await opened();
    slow.isReading = false;
    streams.publish(snapshot({ n1: "Waiting" }));
    await time.pass(50_000);
    assert.ok(!slow.destroyed);
    await time.pass(30_000);
    assert.ok(slow.destroyed);
    assert.ok(!quiet.destroyed);
  });

  it("show a sign of life every 15 seconds", async () => {
    const reader = await opened();
    await time.pass(61_000);
    assert.equal(reader.text.split(": alive\n\n").length - 1, 4);
  });

  it("tell of a trouble, also a page that is opened in it, and of its end", async () => {
    const early = await opened();
    streams.publishTrouble("the server does not answer");
    const late = await opened();
    for (const reader of [early, late])
      assert.deepEqual(
        reader.events().map(({ name, data }) => [name, data.message]),
        [["trouble", "the server does not answer"]],
      );
    streams.publishTrouble(undefined);
    await settle();
    assert.deepEqual(
      late.events().map(({ name, data }) => [name, data.message]),
      [["trouble", undefined]],
    );
  });

  it("end with the command", async () => {
    const reader = await opened();
    ended.abort();
    await settle();
    assert.ok(reader.writableEnded);
  });
});
