/** When what went on in a storm kept a node's daemon from seeing or saying something. */
export interface Disturbances {
  /** Of one node's daemon, or of all; until the answer is called. */
  begin(node?: string): () => void;
  /** All that has begun ends now. */
  endAll(): void;
  isUndisturbed(node: string, forMs: number): boolean;
  /** For how long it was disturbed since then; what overlaps counts twice, which is in favour of the daemon. */
  disturbedMs(node: string, since: number): number;
}

interface Span {
  node: string | undefined;
  start: number;
  end: number;
}

export function createDisturbances(now: () => number): Disturbances {
  const spans: Span[] = [];
  const of = (name: string) => spans.filter(({ node }) => node === undefined || node === name);
  return {
    begin(node) {
      const span = { node, start: now(), end: Number.POSITIVE_INFINITY };
      spans.push(span);
      return () => {
        span.end = Math.min(span.end, now());
      };
    },
    endAll() {
      for (const span of spans) span.end = Math.min(span.end, now());
    },
    isUndisturbed: (node, forMs) => of(node).every(({ end }) => end < now() - forMs),
    disturbedMs: (node, since) =>
      of(node)
        .map(({ start, end }) => Math.min(end, now()) - Math.max(start, since))
        .reduce((sum, ms) => sum + Math.max(0, ms), 0),
  };
}
