/**
 * The reason for an abort that nothing reads. Without a reason each abort would create an error with a stack.
 */
export const over = "over";

/**
 * A signal that is aborted with the outer one, or by `end`. `unlink` detaches it without an abort. After
 * either call the outer signal, which may live for long, keeps no listener.
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
