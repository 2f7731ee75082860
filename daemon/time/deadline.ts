import type { Clock } from "./clock.ts";
import { linked, over } from "./linked.ts";

/** A wait that has passed its limit. */
export class DeadlineError extends Error {
  readonly code = "deadline";
  override readonly name = "DeadlineError";
  constructor(what: string, ms: number) {
    super(`${what}: timed out after ${ms / 1000} s`);
  }
}

/**
 * Runs `work` with a signal that is aborted when `signal` is, or after `ms` with a {@link DeadlineError}
 * that names `what`. Rejects with that reason at once, also when `work` ignores its signal.
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const inner = linked(signal);
  const ended = new AbortController();
  clock.sleep(ms, ended.signal).then(
    () => inner.end(new DeadlineError(what, ms)),
    () => {},
  );
  const aborted = new Promise<never>((_, reject) => {
    inner.signal.addEventListener("abort", () => reject(inner.signal.reason), { once: true });
  });
  try {
    return await Promise.race([work(inner.signal), aborted]);
  } finally {
    inner.unlink();
    ended.abort(over);
  }
}
