import type { Timers } from "./timing.ts";

/** Timers whose time moves only when it is told to. */
export interface SteppedTimers extends Timers {
  /** Lets `ms` pass: what falls due runs in its order, each at its own time. */
  pass(ms: number): Promise<void>;
}

interface Entry {
  due: number;
  run: () => void;
}

export function createSteppedTimers(start = Date.parse("2026-01-01T00:00:00Z")): SteppedTimers {
  const entries = new Set<Entry>();
  let now = start;
  return {
    now: () => now,
    setTimeout(run, ms) {
      const entry = { due: now + ms, run };
      entries.add(entry);
      return entry;
    },
    clearTimeout: (handle) => entries.delete(handle as Entry),
    async pass(ms) {
      const end = now + ms;
      await settled();
      for (;;) {
        const next = [...entries].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
        if (!next) break;
        entries.delete(next);
        now = Math.max(now, next.due);
        next.run();
        await settled();
      }
      now = end;
      await settled();
    },
  };
}

/** All promises that can go on have gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
