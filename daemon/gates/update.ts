import type { UpdateUnderWay } from "../host/need/update-under-way.ts";
import type { Gate } from "./gate.ts";

/** An update takes minutes. A program that was killed leaves its file behind, until the next update or the reboot. */
const ageMaxMs = 6 * 3_600_000;

/**
 * Closed while an update is under way on the host: a reboot would break it off. The need may show before its end, and a
 * request may come at any time.
 */
export function updateGate(underWay: UpdateUnderWay): Gate<"update"> {
  return {
    name: "update",
    stages: ["start", "reboot"],
    cost: "local",
    isTransient: true,
    async check({ now }, signal) {
      const found = await underWay(signal);
      // A time from the future is no better than an old one: the clock was set.
      if (found === undefined || Math.abs(now - found.since) >= ageMaxMs) return { open: true };
      const message = `an update of the host is under way: ${found.file} exists`;
      return { open: false, code: "under-way", message };
    },
  };
}
