import { oneLine } from "../text/one-line.ts";
import { iso } from "../time/iso.ts";
import { reasonAfter, reasonAlone, requestIn, writeReason } from "./value.ts";

/** No cycle starts, and no started cycle reboots: on that node, or on all nodes. */
export interface Pause {
  /** Milliseconds since the epoch; a pause without it is ended by a person. */
  until?: number;
  reason?: string;
  /** A sentence about a text that was perhaps meant otherwise. */
  fault?: string;
}

/** RFC 3339, the format of times in the API. */
const time = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})/;
const form = new RegExp(`^until\\s+(${time.source})\\s*(?::(.*))?$`, "is");
const endless = 'it does not end by itself; an end is written as "until 2026-12-24T06:00:00Z: why"';

/**
 * Reads `true`, a reason, or `true: reason`. A pause with `until TIME` or `until TIME: reason` ends by
 * itself. An empty annotation or a word for no, such as `false`, is no pause. Any other text is a reason, so
 * it pauses. If it seems to mean an end, `fault` says that there is none.
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

/** The text that {@link parsePause} reads back. */
export function writePause({ until, reason }: Pause): string {
  const word = until === undefined ? undefined : `until ${iso(until)}`;
  return writeReason(word, reason, (text, meant) => {
    const read = parsePause(text);
    return read?.reason === meant && read.until === undefined && read.fault === undefined;
  });
}

/** The pause of the annotation; undefined also if it is over. */
export function pauseNow(annotation: string | undefined, now: number): Pause | undefined {
  const pause = parsePause(annotation);
  return pause?.until !== undefined && pause.until <= now ? undefined : pause;
}

/** "paused until TIME: reason". */
export function pausedText({ until, reason, fault }: Pause): string {
  const ends = until === undefined ? "" : ` until ${iso(until)}`;
  const why = reason === undefined ? "" : `: ${oneLine(reason)}`;
  return `paused${ends}${why}${fault === undefined ? "" : ` (${fault})`}`;
}
