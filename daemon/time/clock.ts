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

/** A wait that has passed its limit. */
export class DeadlineError extends Error {
  readonly code = "deadline";
  override readonly name = "DeadlineError";
  constructor(what: string, ms: number) {
    super(`${what}: no end after ${ms / 1000} s`);
  }
}

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

/** A reason that nobody reads, for what is aborted at its end; without one each end would make an error, and its stack. */
export const over = "over";

/** A signal that is aborted when the outer one is, or by `end`; from then on nothing of it is left with the outer one, which may live for long. */
export function endableWithin(outer: AbortSignal): {
  signal: AbortSignal;
  end: (reason?: unknown) => void;
} {
  const inner = new AbortController();
  const passOn = () => inner.abort(outer.reason);
  outer.addEventListener("abort", passOn, { once: true });
  if (outer.aborted) passOn();
  return {
    signal: inner.signal,
    end(reason = over) {
      outer.removeEventListener("abort", passOn);
      inner.abort(reason);
    },
  };
}

/**
 * Runs `work` with a signal that is aborted when `signal` is, or after `ms` with a {@link DeadlineError}
 * that names `what`. Rejects with that reason at once, also when `work` does not heed its signal.
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const inner = new AbortController();
  const ended = new AbortController();
  const passOn = () => inner.abort(signal.reason);
  signal.addEventListener("abort", passOn, { once: true });
  clock.sleep(ms, ended.signal).then(
    () => inner.abort(new DeadlineError(what, ms)),
    () => {},
  );
  const aborted = new Promise<never>((_, reject) => {
    inner.signal.addEventListener("abort", () => reject(inner.signal.reason), { once: true });
  });
  try {
    return await Promise.race([work(inner.signal), aborted]);
  } finally {
    signal.removeEventListener("abort", passOn);
    ended.abort(over);
  }
}
