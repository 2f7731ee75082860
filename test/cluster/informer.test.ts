import assert from "node:assert/strict";
import { type Api, ApiError, type WatchEvent } from "../../daemon/cluster/api.ts";
import { type InformerOptions, runInformer, watchObject } from "../../daemon/cluster/informer.ts";
import type { Metadata } from "../../daemon/cluster/objects.ts";
import { createVirtualTime } from "../kubernetes/virtual-time.ts";

interface Thing {
  metadata?: Metadata;
}
type Answer = ApiError | "ends" | "stays";

/** Follows things whose watches end so, one after the other; the seconds at which each list and watch was asked for. */
async function follow(
  answers: Answer[],
  seconds: number,
  more: Partial<InformerOptions<Thing, Thing>> = {},
  time = createVirtualTime(0),
): Promise<string[]> {
  const stop = new AbortController();
  const asked: string[] = [];
  const note = (what: string) => asked.push(`${what} ${time.clock.elapsed() / 1000}`);
  const api = {
    async list() {
      note("list");
      return { metadata: { resourceVersion: "1" }, items: [] };
    },
    async *watch(): AsyncIterable<WatchEvent<Thing>> {
      note("watch");
      const answer = answers.shift() ?? "stays";
      if (answer instanceof ApiError) throw answer;
      if (answer === "stays") await new Promise(() => {});
    },
  } as unknown as Api;
  const options = {
    api,
    clock: time.clock,
    random: () => 0,
    collection: "/things",
    query: {},
    keep: (thing: Thing) => thing,
    list: {
      trustMs: 3_600_000,
      async onPages(pages: AsyncIterable<unknown>) {
        for await (const _ of pages);
      },
    },
    onEvent() {},
    onBreak() {},
    ...more,
  };
  void runInformer<Thing, Thing>(options, stop.signal);
  await time.pass(seconds * 1000);
  stop.abort();
  return asked;
}

const away = new ApiError("away", { code: "unreachable" });
const expired = new ApiError("too old", { code: "expired" });

describe("A watch", () => {
  it("that the server has forgotten after a restart is opened again soon, however long that took", async () => {
    const asked = await follow([away, away, away, away, expired], 60);
    assert.deepEqual(asked.slice(-3), ["watch 30", "list 32", "watch 32"]);
  });

  it("whose server forgets again and again is opened less and less often", async () => {
    const asked = await follow([expired, expired, expired, expired], 60);
    const lists = asked.filter((one) => one.startsWith("list"));
    assert.deepEqual(lists, ["list 0", "list 2", "list 6", "list 14", "list 30"]);
  });

  it("comes back with others at a moment of its own, where the server has ended all of them", async () => {
    const spread = { spreadMs: () => 60_000, random: () => 0.5 };
    const late = await follow(["ends", away, away], 120, spread);
    assert.deepEqual(
      late.filter((one) => one.startsWith("watch")),
      ["watch 0", "watch 30", "watch 75", "watch 120"],
    );
  });

  it("comes back at once from an end of its own, half an hour after its start", async () => {
    const time = createVirtualTime(0);
    const half = 30 * 60_000;
    const asked: number[] = [];
    const api = {
      async *watch() {
        asked.push(time.clock.elapsed());
        yield { type: "ADDED", object: {} };
        await time.clock.sleep(half, new AbortController().signal);
      },
    } as unknown as Api;
    const ports = { api, clock: time.clock, random: () => 0.5, collection: "/things", name: "one" };
    const quiet = { onChange() {}, onBreak() {}, spreadMs: () => 60_000 };
    const stop = new AbortController();
    void watchObject({ ...ports, ...quiet }, stop.signal);
    await time.pass(half + 1000);
    stop.abort();
    assert.deepEqual(asked, [0, half + 375]);
  });

  it("is opened at once when another request shows that the server answers again", async () => {
    const time = createVirtualTime(0);
    const mended = (signal: AbortSignal) => time.clock.sleep(20_000 - time.clock.elapsed(), signal);
    const asked = await follow([away, away, away, away], 25, { mended }, time);
    assert.deepEqual(asked.slice(-1), ["watch 20"]);
  });
});
