/** A reason that nobody reads, for what is aborted at its end; without one each end would make an error, and its stack. */
export const over = "over";

/**
 * A signal that is aborted when the outer one is, or by `end`. `unlink` leaves it as it is. After either nothing of it is left with the
 * outer one, which may live for long.
 */
export function linked(outer: AbortSignal): {
  signal: AbortSignal;
  end: (reason?: unknown) => void;
  unlink: () => void;
} {
  const inner = new AbortController();
  const passOn = () => inner.abort(outer.reason);
  outer.addEventListener("abort", passOn, { once: true });
  if (outer.aborted) passOn();
  const unlink = () => outer.removeEventListener("abort", passOn);
  return {
    signal: inner.signal,
    unlink,
    end(reason = over) {
      unlink();
      inner.abort(reason);
    },
  };
}
