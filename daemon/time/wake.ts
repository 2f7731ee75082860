import type { Clock } from "./clock.ts";
import { linked } from "./linked.ts";

/** Lets many callers end one wait. A ring during a pass ends the next wait at once. */
export function createWake(clock: Clock) {
  let rung = false;
  let endWait: (() => void) | undefined;
  return {
    ring(): void {
      rung = true;
      endWait?.();
    },
    async wait(ms: number, signal: AbortSignal): Promise<void> {
      const mine = linked(signal);
      endWait = mine.end;
      if (!rung && !signal.aborted) await clock.sleep(ms, mine.signal).catch(() => {});
      mine.unlink();
      endWait = undefined;
      rung = false;
    },
  };
}
