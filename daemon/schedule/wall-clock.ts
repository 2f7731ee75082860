const dayMs = 86_400_000;

/**
 * The clock on the wall of a zone (an IANA name). What it shows is a number too: milliseconds since it showed
 * 1970-01-01 00:00, so that days and times of day are plain arithmetic. Answers with the first moment
 * (milliseconds since the epoch) at which the clock shows this time or a later one: of a time that exists
 * twice the first, and for one that is skipped the moment at which the clock is put forward.
 */
export function wallClock(zone: string): (time: number) => number {
  const format = new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "longOffset" });
  let last: { day: number; offset: number | undefined } = { day: Number.NaN, offset: undefined };

  function offsetAt(moment: number): number {
    const [, sign, hours = 0, minutes = 0] = /GMT([+-])(\d+):(\d+)$/.exec(format.format(moment)) ?? [];
    const ms = (Number(hours) * 60 + Number(minutes)) * 60_000;
    return sign === "-" ? -ms : ms;
  }

  /** Undefined near a change. No clock is a day away from UTC's. */
  function steadyOffset(day: number): number | undefined {
    if (day !== last.day) {
      const offset = offsetAt((day - 1) * dayMs);
      last = { day, offset: offset === offsetAt((day + 2) * dayMs) ? offset : undefined };
    }
    return last.offset;
  }

  return (time) => {
    const offset = steadyOffset(Math.floor(time / dayMs));
    if (offset !== undefined) return time - offset;
    const [before, after] = [time - offsetAt(time - dayMs), time - offsetAt(time + dayMs)];
    if (before + offsetAt(before) === time) return before;
    if (after + offsetAt(after) === time) return after;
    // Skipped: between the two the clock is put forward.
    let [low, high] = [after, before];
    while (high - low > 1000) {
      const middle = Math.floor((low + high) / 2000) * 1000;
      if (middle + offsetAt(middle) < time) low = middle;
      else high = middle;
    }
    return high;
  };
}
