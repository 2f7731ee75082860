import type { Schedule } from "../schedule/openings.ts";
import { createOutlook } from "../schedule/outlook.ts";

export interface ScrapedWorld {
  schedule: Schedule;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Undefined where it is not known. */
  uptimeSeconds: (() => number) | undefined;
  isPaused: (now: number) => boolean;
  silenceCount: () => number;
  pendingCount: () => number;
}

/** Gauges that time alone changes, so that they are made when the metrics are read. */
export function scrapedGauges({
  schedule,
  now,
  uptimeSeconds,
  isPaused,
  silenceCount,
  pendingCount,
}: ScrapedWorld) {
  const outlookAt = createOutlook(schedule);
  const outlook = () => outlookAt(now());
  return {
    windowOpen: () => (outlook().isOpen ? 1 : 0),
    windowNextOpen: () => (outlook().opensAt ?? 0) / 1000,
    windowNextClose: () => (outlook().closesAt ?? 0) / 1000,
    nodeBoot: uptimeSeconds === undefined ? () => Number.NaN : steadyBoot(now, uptimeSeconds),
    paused: () => (isPaused(now()) ? 1 : 0),
    silencesActive: silenceCount,
    notificationsPending: pendingCount,
  };
}

/**
 * Whole seconds, which do not change with the fractions of the two clocks: a change is to mean that the machine
 * has rebooted, or that its clock was set.
 */
function steadyBoot(now: () => number, uptimeSeconds: () => number): () => number {
  let shown = Number.NaN;
  return () => {
    const seconds = now() / 1000 - uptimeSeconds();
    if (!(Math.abs(seconds - shown) < 2)) shown = Math.round(seconds);
    return shown;
  };
}
