/** Time as a port: the simulation and the unit tests pass in one they can step. */
export interface Clock {
  /** Milliseconds since the epoch, as people and windows have them. It may be set forward and back at any time. */
  wall(): number;
  /** Milliseconds since some moment before; never set, so for durations. It stands still while the machine is suspended. */
  elapsed(): number;
  /** Resolves after `ms`; rejects with the signal's reason if that is aborted first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** A number in [0, 1), as Math.random gives. */
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
      // setTimeout takes at most 2^31-1 ms and fires at once beyond it.
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
