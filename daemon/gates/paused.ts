import type { ClosedGate, GateAnswers } from "../cycle/seen.ts";

/** By a person, on the Node: no cycle starts there, and none that has started goes as far as the reboot. */
export interface Pause {
  /** Milliseconds since the epoch; without it a person ends it. */
  until?: number;
  reason?: string;
}

const reasonMaxChars = 200;
/** RFC 3339, as the API writes times. */
const time = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})/;
const form = new RegExp(`^(?:until (${time.source}))?(?:(?:^|: )(.+))?$`, "s");

/**
 * "true", or why; with "until TIME" or "until TIME: why" it ends by itself. "false" and nothing are no pause. What is not
 * understood is a reason, so it pauses.
 */
export function parsePause(annotation: string | undefined): Pause | undefined {
  const text = annotation?.trim() ?? "";
  if (text === "" || text === "false") return undefined;
  const [, until, reason] = form.exec(text) ?? [undefined, undefined, text];
  const end = Date.parse(until ?? "");
  return {
    ...(!Number.isNaN(end) && { until: end }),
    ...(reason !== undefined && reason !== "true" && { reason: reason.slice(0, reasonMaxChars) }),
  };
}

/** What {@link parsePause} reads. */
export function writePause({ until, reason }: Pause): string {
  const end = until === undefined ? undefined : `until ${new Date(until).toISOString()}`;
  return [end, reason].filter((part) => part !== undefined).join(": ") || "true";
}

/** The gate is on the Node itself, so nobody is asked: the answers of the others, and this one. */
export function withPause(answers: GateAnswers, annotation: string | undefined, now: number): GateAnswers {
  const pause = parsePause(annotation);
  if (pause === undefined || (pause.until !== undefined && pause.until <= now)) return answers;
  const { until, reason } = pause;
  const ends = until === undefined ? "" : ` until ${new Date(until).toISOString()}`;
  const why = reason === undefined ? "" : `: ${reason}`;
  const closed: ClosedGate = { gate: "paused", code: "node", message: `this node is paused${ends}${why}` };
  const times = [answers.changesAt, until].filter((one) => one !== undefined);
  return {
    closed: [...answers.closed, closed],
    changesAt: times.length > 0 ? Math.min(...times) : undefined,
  };
}
