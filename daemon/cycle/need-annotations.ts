/** kured's annotations of a Node that is to reboot, for programs that look for them. Pure. */
import { contract } from "../annotations/names.ts";
import { toTheSecond } from "../time/iso.ts";
import type { CycleRecord } from "./record.ts";

/**
 * The change that goes with the record: both annotations name the time of the need, and the first one is gone once the
 * reboot is proved or the need is. kured writes them when the window is open, whatever else it waits for; what is there
 * while the window is closed stays. It leaves the first one for ever where the need goes away without a reboot.
 */
export function needAnnotations({ phase, need, reasons }: CycleRecord): Record<string, string | null> {
  if (need === undefined || phase === "Idle" || phase === "Settling") {
    return { [contract.kuredInProgress.key]: null };
  }
  if (phase === "Waiting" && reasons.some(({ gate }) => gate === "window")) return {};
  const since = toTheSecond(Date.parse(need.since));
  return { [contract.kuredInProgress.key]: since, [contract.kuredMostRecentNeed.key]: since };
}
