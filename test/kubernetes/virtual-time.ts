import type { Clock } from "../../daemon/time/clock.ts";
import type { Timers } from "./api/server.ts";

export interface VirtualTime {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Lets this much time pass: everything that falls due happens in its order, and what follows from it. */
  pass(ms: number): Promise<void>;
  /** Lets time pass until the predicate holds; an error that names `what` when it does not within `ms`. */
  until(what: string, predicate: () => boolean, ms: number): Promise<void>;
}

interface Due {
  at: number;
  order: number;
  run: () => void;
  isCancelled: boolean;
}

/** Time that stands still until a test lets it pass. Hours take milliseconds, and a run repeats itself exactly. */
export function createVirtualTime(start: number): VirtualTime {
  let now = start;
  let order = 0;
  const queue = createQueue();

  function schedule(run: () => void, ms: number): Due {
    order += 1;
    const due = { at: now + Math.max(0, ms), order, run, isCancelled: false };
    queue.add(due);
    return due;
  }

  const clock: Clock = {
    wall: () => now,
    elapsed: () => now - start,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const onAbort = () => {
          due.isCancelled = true;
          reject(signal.reason);
        };
        const due = schedule(() => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        }, ms);
        signal.addEventListener("abort", onAbort, { once: true });
      }),
  };

  const timers: Timers = {
    now: () => now,
    setTimeout: schedule,
    clearTimeout: (handle) => {
      if (handle !== undefined) (handle as Due).isCancelled = true;
    },
  };

  /** Runs what is due up to `end`, one after the other, until `enough`. */
  async function run(end: number, enough: () => boolean): Promise<void> {
    for (;;) {
      await settle();
      if (enough()) return;
      const due = queue.first();
      if (due === undefined || due.at > end) break;
      queue.removeFirst();
      now = due.at;
      due.run();
    }
    now = end;
  }

  return {
    clock,
    timers,
    pass: (ms) => run(now + ms, () => false),
    async until(what, predicate, ms) {
      await run(now + ms, predicate);
      if (!predicate()) throw new Error(`${what}: not within ${ms / 1000} s of virtual time`);
    },
  };
}

/** A binary heap, the earliest on top; what is cancelled is dropped when it gets there. */
function createQueue() {
  const heap: Due[] = [];
  const isBefore = (a: Due | undefined, b: Due | undefined) =>
    a !== undefined && b !== undefined && (a.at < b.at || (a.at === b.at && a.order < b.order));
  const swap = (i: number, j: number) => {
    [heap[i], heap[j]] = [heap[j] as Due, heap[i] as Due];
  };

  function add(due: Due): void {
    heap.push(due);
    for (let i = heap.length - 1; i > 0 && isBefore(heap[i], heap[(i - 1) >> 1]); i = (i - 1) >> 1)
      swap(i, (i - 1) >> 1);
  }

  function removeFirst(): void {
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    for (let i = 0; ; ) {
      const left = 2 * i + 1;
      const child = isBefore(heap[left + 1], heap[left]) ? left + 1 : left;
      if (!isBefore(heap[child], heap[i])) return;
      swap(i, child);
      i = child;
    }
  }

  function first(): Due | undefined {
    while (heap[0]?.isCancelled) removeFirst();
    return heap[0];
  }

  return { add, first, removeFirst };
}

/** All that follows from one event, follows before the next: promises first, then what they have put off. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
