import type { Clock } from "../time/clock.ts";

/** Lets many callers end one wait. A ring during a pass ends the next wait at once. */
export function createWake(clock: Clock) {
  let rung = false;
  let waiting: AbortController | undefined;
  return {
    ring(): void {
      rung = true;
      waiting?.abort();
    },
    async wait(ms: number, signal: AbortSignal): Promise<void> {
      const mine = new AbortController();
      waiting = mine;
      const passOn = () => mine.abort();
      signal.addEventListener("abort", passOn, { once: true });
      if (!rung && !signal.aborted) await clock.sleep(ms, mine.signal).catch(() => {});
      signal.removeEventListener("abort", passOn);
      waiting = undefined;
      rung = false;
    },
  };
}
