import type { Clock } from "../../daemon/time/clock.ts";

/** The clock of one machine: its wall clock can be set at any time, and all of it stands still while the machine is paused. */
export interface MachineClock extends Clock {
  /** Sets the wall clock forward, or back where negative. */
  step(ms: number): void;
  /** How far the wall clock is off now, and was within the last so many milliseconds. */
  offsetsMs(withinMs: number): readonly number[];
  /** Pauses the machine, as a host does with a virtual one: no wait ends, and `elapsed` stands still. */
  suspend(): void;
  /** Lets it go on. Answers how long it stood still, which its wall clock has yet to be set forward by. */
  resume(): number;
  readonly isSuspended: boolean;
  /** Resolves at once, or when the machine goes on. */
  awake(): Promise<void>;
}

/** A machine whose processes have waited for less than this has no time left to wait for. */
const leastMs = 0.5;

export function createMachineClock(world: Clock, skewMs = 0): MachineClock {
  let offsetMs = skewMs;
  const before: { offsetMs: number; until: number }[] = [];
  let suspendedMs = 0;
  let suspendedAt: number | undefined;
  let goesOn = Promise.withResolvers<void>();

  function step(ms: number): void {
    before.push({ offsetMs, until: world.elapsed() });
    offsetMs += ms;
  }

  const elapsed = () => (suspendedAt ?? world.elapsed()) - suspendedMs;

  return {
    wall: () => world.wall() + offsetMs,
    elapsed,
    async sleep(ms, signal) {
      const until = elapsed() + ms;
      let leftMs = ms;
      do {
        await world.sleep(leftMs, signal);
        while (suspendedAt !== undefined) await goesOn.promise;
        leftMs = until - elapsed();
      } while (leftMs > leastMs);
      signal.throwIfAborted();
    },
    step,
    offsetsMs: (withinMs) => [
      offsetMs,
      ...before.filter(({ until }) => world.elapsed() - until <= withinMs).map((one) => one.offsetMs),
    ],
    suspend() {
      suspendedAt ??= world.elapsed();
    },
    resume() {
      if (suspendedAt === undefined) return 0;
      const stoodMs = world.elapsed() - suspendedAt;
      suspendedAt = undefined;
      suspendedMs += stoodMs;
      step(-stoodMs);
      goesOn.resolve();
      goesOn = Promise.withResolvers();
      return stoodMs;
    },
    get isSuspended() {
      return suspendedAt !== undefined;
    },
    async awake() {
      while (suspendedAt !== undefined) await goesOn.promise;
    },
  };
}
