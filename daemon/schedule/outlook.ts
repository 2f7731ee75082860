import { createOpenings, type Schedule, type Span } from "./openings.ts";

/** The calendar as of now; times in milliseconds since the epoch. */
export interface Outlook {
  isOpen: boolean;
  /** The start of the next opening, after the one that may be open now; undefined where none is known. */
  opensAt?: number;
  /** The end of the opening that is open now, else of the next one; undefined where it is not known. */
  closesAt?: number;
}

/** An opening that is further away than the calendar is searched for may come nearer. */
const lookAgainMs = 24 * 3_600_000;

/** Looks through the calendar only when the answer may have changed; clocks may be set. */
export function createOutlook(schedule: Schedule): (now: number) => Outlook {
  const { openings } = createOpenings(schedule);
  let known: { outlook: Outlook; from: number; until: number } | undefined;
  return (now) => {
    if (known === undefined || now < known.from || now >= known.until) {
      const outlook = outlookAt(openings(now, 0), now);
      const { opensAt = Number.POSITIVE_INFINITY, closesAt = Number.POSITIVE_INFINITY } = outlook;
      known = { outlook, from: now, until: Math.min(opensAt, closesAt, now + lookAgainMs) };
    }
    return known.outlook;
  };
}

function outlookAt(ahead: Iterator<Span, void>, now: number): Outlook {
  const first = ahead.next().value ?? undefined;
  const isOpen = first !== undefined && first.start <= now;
  const next = isOpen ? (ahead.next().value ?? undefined) : first;
  const closesAt = first?.end ?? Number.POSITIVE_INFINITY;
  return {
    isOpen,
    ...(next !== undefined && { opensAt: next.start }),
    ...(Number.isFinite(closesAt) && { closesAt }),
  };
}
