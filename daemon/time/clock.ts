/** Time as a port. The simulation and the unit tests pass in a clock that they can step. */
export interface Clock {
  /** Milliseconds since the epoch, for people and windows. It may be set forward and back at any time. */
  wall(): number;
  /**
   * Milliseconds since an arbitrary start, for durations. It is never set, and stands still while the machine
   * is suspended.
   */
  elapsed(): number;
  /** Resolves after `ms`. Rejects with the signal's reason if that is aborted first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** A number in [0, 1), such as Math.random. */
export type Random = () => number;

export const systemClock: Clock = {
  wall: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      // setTimeout accepts at most 2^31-1 ms, and fires at once beyond it.
      const timer = setTimeout(
        () => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        },
        Math.min(Math.max(ms, 0), 2 ** 31 - 1),
      );
      signal.addEventListener("abort", onAbort, { once: true });
    }),
};
