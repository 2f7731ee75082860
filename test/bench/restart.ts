/** The watches of thousands of idle nodes come back after a restart of the API server; in virtual time. */
import { type Api, ApiError, type WatchEvent } from "../../daemon/cluster/api.ts";
import { restartSpreadMs, watchObject } from "../../daemon/cluster/informer.ts";
import type { PartialObjectMetadata } from "../../daemon/cluster/objects.ts";
import { createVirtualTime } from "../kubernetes/virtual-time.ts";
import { seeded } from "../simulation/seeded.ts";
import { type Figure, figure } from "./figures.ts";

const bench = "restart";
const minute = 60_000;

export interface Restart {
  watches: number;
  /** How long the server is away. */
  downMs: number;
  /** It ends its watches in order before it goes. */
  isOrderly: boolean;
}

export interface Reconnects {
  /** Requests in the busiest second after the server has ended the watches, whether it answers or not. */
  mostASecond: number;
  /** From the start of the server until all watches are open, in seconds. */
  allBackAfter: number;
}

/** Each has the pauses of the own Node's watch between two cycles. */
export async function reconnectsAfter({ watches, downMs, isOrderly }: Restart): Promise<Reconnects> {
  const time = createVirtualTime(0);
  const { clock } = time;
  const stop = new AbortController();
  const random = seeded(1);
  const restartAt = 10 * minute;
  const ends = Promise.withResolvers<void>();
  const asked = new Map<number, number>();
  let lastOpenAt = 0;
  let isAway = false;
  const api = {
    async *watch(): AsyncIterable<WatchEvent<PartialObjectMetadata>> {
      const second = Math.floor(clock.elapsed() / 1000);
      if (clock.elapsed() >= restartAt) asked.set(second, (asked.get(second) ?? 0) + 1);
      if (isAway) throw new ApiError("away", { code: "unreachable" });
      lastOpenAt = clock.elapsed();
      yield { type: "ADDED", object: {} };
      if (clock.elapsed() >= restartAt) return await new Promise(() => {});
      await ends.promise;
      if (!isOrderly) throw new ApiError("cut", { code: "unreachable" });
    },
  } as unknown as Api;
  const nothing = () => {};
  for (let number = 0; number < watches; number += 1) {
    const watched = { api, clock, random, collection: "/nodes", name: `n${number}` };
    const spreadMs = () => restartSpreadMs;
    void watchObject({ ...watched, spreadMs, onChange: nothing, onBreak: nothing }, stop.signal);
  }
  await time.pass(restartAt);
  isAway = true;
  ends.resolve();
  await time.pass(downMs);
  isAway = false;
  await time.pass(5 * minute);
  stop.abort();
  await time.pass(0);
  return {
    mostASecond: Math.max(...asked.values()),
    allBackAfter: (lastOpenAt - restartAt - downMs) / 1000,
  };
}

export async function benchRestart(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [downMs, isOrderly] of [
    [5000, true],
    [5000, false],
    [minute, false],
  ] as const) {
    const { mostASecond, allBackAfter } = await reconnectsAfter({ watches: 5000, downMs, isOrderly });
    const what = `5,000 idle nodes, ${isOrderly ? "orderly " : ""}restart of ${downMs / 1000} s`;
    figures.push(
      figure(bench, `${what}: requests in the busiest second`, mostASecond, "requests", 200),
      figure(bench, `${what}: all watches open again`, allBackAfter, "s", 90),
    );
  }
  return figures;
}
