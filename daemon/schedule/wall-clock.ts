const dayMs = 86_400_000;

/**
 * The wall clock of a zone (an IANA name). A time on it is a number: milliseconds since the clock showed
 * 1970-01-01 00:00, so that days and times of day are plain arithmetic. The function returns the first moment
 * (milliseconds since the epoch) at which the clock shows this time or a later one. For a time that exists
 * twice that is the first of the two; for a skipped time it is the moment at which the clock is put forward.
 */
export function wallClock(zone: string): (time: number) => number {
  // The first use of Intl takes 8 MB of memory.
  if (zone === "UTC") return (time) => time;
  const format = new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "longOffset" });
  let last: { day: number; offset: number | undefined } = { day: Number.NaN, offset: undefined };

  function offsetAt(moment: number): number {
    const [, sign, hours = 0, minutes = 0] = /GMT([+-])(\d+):(\d+)$/.exec(format.format(moment)) ?? [];
    const ms = (Number(hours) * 60 + Number(minutes)) * 60_000;
    return sign === "-" ? -ms : ms;
  }

  /** Undefined near a change of the clock. No zone is a whole day away from UTC. */
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
    // The time is skipped: the clock is put forward between these two moments.
    let [low, high] = [after, before];
    while (high - low > 1000) {
      const middle = Math.floor((low + high) / 2000) * 1000;
      if (middle + offsetAt(middle) < time) low = middle;
      else high = middle;
    }
    return high;
  };
}
