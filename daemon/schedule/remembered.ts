import type { Calendar, Span } from "./openings.ts";

/** Openings that are further away than the calendar is searched for come nearer. */
const rememberedMs = 24 * 3_600_000;

/**
 * The same calendar for many questions about a time that goes on: each opening is looked up once a day. The answers are
 * those of the day's first question, so an opening that was too far away then is found a day later.
 */
export function rememberOpenings({ openings, blackouts }: Calendar): Calendar {
  let known: { from: number; backMs: number; spans: Span[]; rest: Iterator<Span, void> } | undefined;

  function* remembered(from: number, backMs: number): Generator<Span, void> {
    const isOld = known === undefined || from < known.from || from >= known.from + rememberedMs;
    if (known === undefined || isOld || known.backMs !== backMs)
      known = { from, backMs, spans: [], rest: openings(from, backMs) };
    const { spans, rest } = known;
    for (let index = 0; ; index += 1) {
      const span = spans[index] ?? (rest.next().value || undefined);
      if (span === undefined) return;
      spans[index] = span;
      if (span.end > from) yield span;
    }
  }

  return { openings: remembered, blackouts };
}
