/**
 * The parts of a cycle, and how long each took. Pure.
 */
import * as z from "zod/mini";

/**
 * The parts of a cycle. `wait`: from the need, or the opening of the window, to the slot; `drain`: from the
 * cordon until drained; `boot`: from the request to reboot to the new boot; `return`: from the new boot to
 * the uncordon.
 */
export const partNames = ["wait", "drain", "boot", "return"] as const;
export type Part = (typeof partNames)[number];

/** The longest that is believed; clocks can be set. */
export const dayMs = 86_400_000;

/** A duration of a part in milliseconds; undefined where it cannot be one. */
export const partMsSchema = z.catch(z.optional(z.int().check(z.minimum(0), z.maximum(dayMs))), undefined);
/** The durations of the parts of one cycle that are over, in milliseconds; at most a day each. */
export const tookSchema = z.object({
  wait: partMsSchema,
  drain: partMsSchema,
  boot: partMsSchema,
  return: partMsSchema,
});
export type Took = z.output<typeof tookSchema>;

/**
 * The durations with one more. A part that comes again in a cycle, as a drain before another attempt, counts
 * as one. Clocks can be set, so no duration is negative, or longer than a day.
 */
export function tookAlso(took: Took | undefined, part: Part, since: number, now: number): Took {
  const ms = (took?.[part] ?? 0) + Math.max(0, Math.round(now - since));
  return { ...took, [part]: Math.min(dayMs, ms) };
}
