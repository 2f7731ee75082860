import type { Policy } from "../cycle/decision.ts";
import type { WindowSettings } from "../gates/window.ts";
import type { LockSettings } from "./options/lock.ts";
import { policyOf } from "./policy.ts";
import { parseSettings, type RawOptions } from "./settings.ts";

/** All that decides on when a daemon starts a cycle, and how that goes on. */
export interface DecidingSettings {
  policy: Policy;
  window: WindowSettings;
  lock: LockSettings;
}

/** Pure. Throws a ConfigError for options with which no daemon starts. */
export function decidingSettings(raw: RawOptions): DecidingSettings {
  const settings = parseSettings(raw);
  const { lock, window } = settings;
  // Records name the place of the lock; decisions do not depend on it.
  return { policy: policyOf(settings, ""), window, lock };
}
