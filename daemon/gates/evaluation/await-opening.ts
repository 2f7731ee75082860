import type { Clock, Random } from "../../time/clock.ts";
import { linked } from "../../time/linked.ts";
import type { WatchOpening } from "../gate.ts";

export interface Opening {
  clock: Clock;
  random: Random;
  watch: WatchOpening;
  /** In milliseconds of `clock.elapsed()`: no notification before it. */
  notBefore: number;
  /** The end of the watch, on the same clock. */
  until: number;
}

/**
 * Several nodes may wait for the same opening, and all but the first will find the slot taken. The logarithm
 * makes the first of them come early, and few within the second that it needs, however many they are.
 */
const scaleMs = 400;

/**
 * Waits until a gate would be open. `opened`: it stayed open while this node let others go first. `blind`: it
 * cannot be watched. `over`: neither until the end.
 */
export async function awaitOpening(
  { clock, random, watch, notBefore, until }: Opening,
  outer: AbortSignal,
): Promise<"opened" | "blind" | "over"> {
  const { signal, end } = linked(outer);
  let isOpen = false;
  let isWaiting = false;
  const { promise, resolve } = Promise.withResolvers<"opened" | "blind" | "over">();

  const notify = (open: boolean) => {
    isOpen = open;
    if (open && !isWaiting) void letOthersGo();
  };

  async function letOthersGo(): Promise<void> {
    isWaiting = true;
    const at = Math.max(clock.elapsed() + scaleMs * Math.log1p(watch.nodesMost * random()), notBefore);
    await clock.sleep(Math.ceil(at - clock.elapsed()), signal).catch(() => {});
    isWaiting = false;
    if (isOpen && !signal.aborted) resolve("opened");
  }

  signal.addEventListener("abort", () => resolve("over"), { once: true });
  clock.sleep(until - clock.elapsed(), signal).then(
    () => resolve("over"),
    () => {},
  );
  watch.follow(notify, signal).then(
    () => resolve("blind"),
    () => resolve("blind"),
  );
  try {
    return await promise;
  } finally {
    end();
  }
}
