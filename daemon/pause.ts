import { reasonIn, wishIn, writeWish } from "./wish.ts";

/** A person's word, on a Node or on the object that carries the lock. */
export const pausedAnnotation = "rebootd.dev/paused";

/** No cycle starts, and none that has started goes as far as the reboot: on that node, or on any. */
export interface Pause {
  /** Milliseconds since the epoch; without it a person ends it. */
  until?: number;
  reason?: string;
}

/** RFC 3339, as the API writes times. */
const time = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})/;
const form = new RegExp(`^(?:until (${time.source}))?(?:(?:^|: )(.+))?$`, "s");

/**
 * "true", or why; with "until TIME" or "until TIME: why" it ends by itself. "false" and nothing are no pause. What is not
 * understood is a reason, so it pauses.
 */
export function parsePause(annotation: string | undefined): Pause | undefined {
  const text = wishIn(annotation);
  if (text === undefined) return undefined;
  const [, until, reason] = form.exec(text) ?? [undefined, undefined, text];
  const end = Date.parse(until ?? "");
  return {
    ...(!Number.isNaN(end) && { until: end }),
    ...reasonIn(reason),
  };
}

/** What {@link parsePause} reads. */
export function writePause({ until, reason }: Pause): string {
  const end = until === undefined ? undefined : `until ${new Date(until).toISOString()}`;
  return writeWish(end, reason);
}

/** Undefined also where it is over. */
export function pauseNow(annotation: string | undefined, now: number): Pause | undefined {
  const pause = parsePause(annotation);
  return pause?.until !== undefined && pause.until <= now ? undefined : pause;
}

/** "paused until TIME: reason". */
export function pausedText({ until, reason }: Pause): string {
  const ends = until === undefined ? "" : ` until ${new Date(until).toISOString()}`;
  return `paused${ends}${reason === undefined ? "" : `: ${reason}`}`;
}
