/** Time and chance as ports: the simulation steps the one and seeds the other. */

export interface Timers {
  /** Milliseconds since the epoch. */
  now(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
}

/** A number in [0, 1), as Math.random gives. */
export type Random = () => number;

export const systemTimers: Timers = {
  now: () => Date.now(),
  // A server at rest must not keep the process alive: tests end when their work is done.
  setTimeout: (run, ms) => setTimeout(run, Math.min(ms, 2 ** 31 - 1)).unref(),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
};

/** Resolves after `ms`, or as soon as the signal is aborted. */
export function pause(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      timers.clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = timers.setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
  });
}

export function uuid(random: Random): string {
  const digits = (count: number) =>
    Array.from({ length: count }, () => Math.floor(random() * 16).toString(16)).join("");
  return `${digits(8)}-${digits(4)}-4${digits(3)}-a${digits(3)}-${digits(12)}`;
}

/** Five characters without vowels, as generateName gets them, so that no word comes about by chance. */
export function nameSuffix(random: Random): string {
  const letters = "bcdfghjklmnpqrstvwxz2456789";
  return Array.from({ length: 5 }, () => letters[Math.floor(random() * letters.length)]).join("");
}

/** A moment as `metav1.Time` writes it: RFC 3339, UTC, whole seconds. */
export function timestamp(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
