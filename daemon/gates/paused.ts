import type { Gate } from "./gate.ts";

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

/** On the Node itself, so that nobody is asked. */
export const pausedGate: Gate = {
  name: "paused",
  stages: ["start", "drain", "reboot"],
  asks: "here",
  async check({ paused, now }) {
    const pause = parsePause(paused);
    if (pause === undefined || isOver(pause, now)) return { open: true };
    return {
      open: false,
      code: "node",
      message: `this node is ${pausedText(pause)}`,
      changesAt: pause.until,
    };
  },
};

export function isOver({ until }: Pause, now: number): boolean {
  return until !== undefined && until <= now;
}

/** "paused until TIME: reason". */
export function pausedText({ until, reason }: Pause): string {
  const ends = until === undefined ? "" : ` until ${new Date(until).toISOString()}`;
  return `paused${ends}${reason === undefined ? "" : `: ${reason}`}`;
}
