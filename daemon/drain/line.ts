import { backoffMs } from "../backoff.ts";
import type { Clock, Random } from "../clock.ts";
import { createLimit } from "./limit.ts";

const rest = { firstMs: 1000, maxMs: 2 * 60_000 };

/**
 * Where pods wait that the server has failed for: however many they are, one is asked for at a time, after 1 s, doubling to 2 min,
 * and the first for which the server works again lets all others go on.
 */
export interface Line {
  /** Resolves when the pod is to be asked for again, or at that moment of `clock.elapsed()`; rejects when the signal is aborted. */
  wait(times: { atLeastMs: number; until: number }, signal: AbortSignal): Promise<void>;
  /** The server has failed, for a pod that has waited or for another one. */
  failed(hasWaited: boolean): void;
  /** The server has answered for a pod that has waited. */
  mended(): void;
}

export function createLine({ clock, random }: { clock: Clock; random: Random }): Line {
  const oneAtATime = createLimit(1);
  let failures = 0;
  let mended = new AbortController();

  async function restInTurn(atLeastMs: number, left: AbortSignal): Promise<void> {
    if (failures === 0) return;
    const ms = Math.max(atLeastMs, backoffMs(failures, rest, random));
    await clock.sleep(ms, AbortSignal.any([left, mended.signal])).catch(() => {});
  }

  return {
    async wait({ atLeastMs, until }, signal) {
      const leave = new AbortController();
      const left = AbortSignal.any([signal, leave.signal]);
      const turn = oneAtATime(() => restInTurn(atLeastMs, left));
      const end = clock.sleep(Math.max(0, until - clock.elapsed()), left).catch(() => {});
      await Promise.race(Number.isFinite(until) ? [turn, end] : [turn]);
      leave.abort();
      signal.throwIfAborted();
    },
    failed(hasWaited) {
      failures = hasWaited ? failures + 1 : Math.max(failures, 1);
    },
    mended() {
      failures = 0;
      mended.abort();
      mended = new AbortController();
    },
  };
}
