import type { WindowSettings } from "../gates/window.ts";
import { createOpenings, type Schedule } from "../schedule/openings.ts";
import { escalationOf, escalationOptions } from "./escalation.ts";
import { type Config, ConfigError, type OptionName } from "./options.ts";

/** The options that say when a cycle may start, and how long it may take. */
export const windowOptions = [
  "reboot-days",
  "start-time",
  "end-time",
  "time-zone",
  "window",
  "blackout",
  "window-margin",
  "window-end",
  "drain-delay",
  "reboot-delay",
  ...escalationOptions,
] as const satisfies OptionName[];

type WindowConfig = Pick<Config, (typeof windowOptions)[number]>;

/** A margin that no window of the year from `now` on is longer than is a ConfigError. */
export function windowSettingsOf(config: WindowConfig, now: number): WindowSettings {
  const schedule = scheduleOf(config);
  const marginMs = config["window-margin"];
  if (marginMs !== undefined) refuseLongMargin(schedule, marginMs, now);
  const cycleMaxMs = config["drain-delay"] + escalationOf(config).drainTimeoutMs + config["reboot-delay"];
  return {
    ...schedule,
    margin: marginMs === undefined ? { cycleMaxMs } : { ms: marginMs },
    atEnd: config["window-end"],
  };
}

/** kured's window counts unless it is the whole week, as it is by default: then it would make --window void. */
function scheduleOf(config: WindowConfig): Schedule {
  const zone = config["time-zone"];
  const days = [...new Set(config["reboot-days"].flat())];
  const [start, end] = [config["start-time"], config["end-time"]];
  const isWholeWeek = days.length === 7 && start === 0 && end === 86_399;
  return {
    windows: [
      ...(isWholeWeek ? [] : [{ days, start, end, zone }]),
      ...config.window.map((window) => ({ ...window, zone: window.zone ?? zone })),
    ],
    blackouts: config.blackout,
    zone,
  };
}

function refuseLongMargin({ windows, zone }: Schedule, marginMs: number, now: number): void {
  // A blackout may make all windows of this year short, but not those of the years after it.
  const { openings } = createOpenings({ windows, blackouts: [], zone });
  let longestMs = 0;
  for (const { start, end } of openings(now, marginMs)) {
    longestMs = Math.max(longestMs, end - start);
    if (longestMs > marginMs) return;
  }
  if (longestMs === 0) return;
  throw new ConfigError(
    `--window-margin="${marginMs / 1000}s": allowed is a duration that is shorter than the longest window, which lasts ${longestMs / 1000}s`,
  );
}
