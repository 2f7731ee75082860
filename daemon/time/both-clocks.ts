/**
 * One moment by both clocks, in milliseconds: `elapsed` of `clock.elapsed()`, `wall` since the epoch. Pure
 * but for {@link momentsOf}.
 */
import type { Clock } from "./clock.ts";

export interface Moments {
  elapsed: number;
  wall: number;
}

export function momentsOf(clock: Clock): Moments {
  return { elapsed: clock.elapsed(), wall: clock.wall() };
}

/**
 * The time since then by the clock that shows more: a machine that was suspended may not know of it by one
 * of them.
 */
export function ageMs(past: Moments, now: Moments): number {
  return Math.max(now.elapsed - past.elapsed, Math.abs(now.wall - past.wall));
}

/** A moment of `clock.elapsed()` as decisions have their times: milliseconds since the epoch. */
export function onTheWall(moment: number, now: Moments): number {
  return now.wall - (now.elapsed - moment);
}

/** The other way round. */
export function onElapsed(time: number, now: Moments): number {
  return now.elapsed + (time - now.wall);
}
