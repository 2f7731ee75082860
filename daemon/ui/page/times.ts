/** Times and durations for people. Pure: the zone of the person comes with the formats. */
import { durationText } from "../../time/duration.ts";

/** Milliseconds of the text; undefined for a text that is no time. */
export function timeOf(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? "");
  return Number.isNaN(time) ? undefined : time;
}

/** Such as `3m` or `2h`; clocks that differ a little make no negative durations. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return seconds >= 600 || seconds < 60 ? durationText(seconds) : `${Math.floor(seconds / 60)}m`;
}

/** With seconds up to ten minutes, for parts of a cycle. */
export function exactSpan(ms: number): string {
  return durationText(Math.max(0, Math.round(ms / 1000)));
}

export interface TimeTexts {
  /** Such as "14:05". */
  clock(ms: number): string;
  /** Such as "14:05:09". */
  seconds(ms: number): string;
  /** Such as "Tue 3 Mar". */
  day(ms: number): string;
  /** The exact time, with its zone. */
  exact(ms: number): string;
}

/** In the zone and the language of the person, with 24 hours. `timeZone`: for tests. */
export function timeTexts(language: string | undefined, timeZone?: string): TimeTexts {
  const format = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(language, {
      hourCycle: "h23",
      ...(timeZone !== undefined && { timeZone }),
      ...options,
    });
  const clock = format({ hour: "2-digit", minute: "2-digit" });
  const seconds = format({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const day = format({ weekday: "short", day: "numeric", month: "short" });
  const exact = format({ dateStyle: "full", timeStyle: "long" });
  return {
    clock: (ms) => clock.format(ms),
    seconds: (ms) => seconds.format(ms),
    day: (ms) => day.format(ms),
    exact: (ms) => exact.format(ms),
  };
}
