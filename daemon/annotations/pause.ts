import { oneLine } from "../text/one-line.ts";
import { reasonAfter, reasonAlone, requestIn, writeReason } from "./value.ts";

/** No cycle starts, and none that has started goes as far as the reboot: on that node, or on any. */
export interface Pause {
  /** Milliseconds since the epoch; without it a person ends it. */
  until?: number;
  reason?: string;
  /** A part of the value that may have another meaning than its writer intended. */
  fault?: string;
}

/** RFC 3339, as the API writes times. */
const time = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})/;
const form = new RegExp(`^until\\s+(${time.source})\\s*(?::(.*))?$`, "is");
const endless = 'it does not end by itself; an end is written as "until 2026-12-24T06:00:00Z: why"';

/**
 * `true`, or why, or `true: why`; with `until TIME` or `until TIME: why` it ends by itself. A word for no,
 * such as `false`, and nothing are no pause. What is not understood is a reason, so it pauses; where an end
 * seems to be meant, `fault` says that there is none.
 */
export function parsePause(annotation: string | undefined): Pause | undefined {
  const text = requestIn(annotation);
  if (text === undefined) return undefined;
  const [, until, reason] = form.exec(text) ?? [];
  const end = Date.parse(until ?? "");
  if (!Number.isNaN(end)) return { until: end, ...reasonAfter(reason) };
  const seemsToEnd = /\buntil\b/i.test(text) && !/^true\s*:/i.test(text);
  return { ...reasonAlone(text), ...(seemsToEnd && { fault: endless }) };
}

/** The text that {@link parsePause} reads. */
export function writePause({ until, reason }: Pause): string {
  const word = until === undefined ? undefined : `until ${new Date(until).toISOString()}`;
  return writeReason(word, reason, (text, meant) => {
    const read = parsePause(text);
    return read?.reason === meant && read.until === undefined && read.fault === undefined;
  });
}

/** Undefined also where it is over. */
export function pauseNow(annotation: string | undefined, now: number): Pause | undefined {
  const pause = parsePause(annotation);
  return pause?.until !== undefined && pause.until <= now ? undefined : pause;
}

/** "paused until TIME: reason". */
export function pausedText({ until, reason, fault }: Pause): string {
  const ends = until === undefined ? "" : ` until ${new Date(until).toISOString()}`;
  const why = reason === undefined ? "" : `: ${oneLine(reason)}`;
  return `paused${ends}${why}${fault === undefined ? "" : ` (${fault})`}`;
}
