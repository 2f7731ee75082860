import type { Settings } from "../config/settings.ts";
import type { Concurrency } from "../lock/limits.ts";
import { isAlwaysOpen } from "../schedule/openings.ts";

/** The labels of rebootd_config_info: settings with few values each, and no names or texts. */
export function configLabels(settings: Settings, rebootMethod: string | undefined) {
  const { reboot, lock, window, alerts, drain } = settings;
  return {
    reboot_method: rebootMethod ?? reboot.machine.method,
    lock_kind: lock.place.kind,
    concurrency: concurrencyText(lock.concurrency),
    windows: yesOrNo(!isAlwaysOpen(window)),
    alerts: yesOrNo(alerts !== undefined),
    preflight: drain.isPreflightOn ? "on" : "off",
  };
}

function concurrencyText(concurrency: Concurrency): string {
  return "percent" in concurrency ? `${concurrency.percent}%` : String(concurrency.nodes);
}

function yesOrNo(is: boolean): string {
  return is ? "yes" : "no";
}
