import type { Clock } from "../../daemon/clock.ts";
import type { Timers } from "../cluster/api/server.ts";

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
}

/** Time that stands still until a test lets it pass. Hours take milliseconds, and a run repeats itself exactly. */
export function createVirtualTime(start: number): VirtualTime {
  let now = start;
  let order = 0;
  const queue = new Set<Due>();

  function schedule(run: () => void, ms: number): Due {
    order += 1;
    const due = { at: now + Math.max(0, ms), order, run };
    queue.add(due);
    return due;
  }

  function next(): Due | undefined {
    let first: Due | undefined;
    for (const due of queue) {
      if (first === undefined || due.at < first.at || (due.at === first.at && due.order < first.order))
        first = due;
    }
    return first;
  }

  const clock: Clock = {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const onAbort = () => {
          queue.delete(due);
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
    clearTimeout: (handle) => void queue.delete(handle as Due),
  };

  /** Runs what is due up to `end`, one after the other, until `enough`. */
  async function run(end: number, enough: () => boolean): Promise<void> {
    for (;;) {
      await settle();
      if (enough()) return;
      const due = next();
      if (due === undefined || due.at > end) break;
      queue.delete(due);
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

/** All that follows from one event, follows before the next: promises first, then what they have put off. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
