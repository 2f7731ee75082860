import { backoffMs } from "../time/backoff.ts";
import type { Random } from "../time/clock.ts";
import { type AttemptPorts, attempt, failureText } from "./attempt.ts";
import type { Destination } from "./destination.ts";
import type { Message } from "./message.ts";
import { DeliveryError } from "./service.ts";

/** How an attempt to deliver a message went: `dropped` is the last one, and the message does not arrive. */
export type DeliveryOutcome = "sent" | "retried" | "dropped";

export interface LineOptions extends AttemptPorts {
  /** Name of the destination. */
  name: string;
  /** The destination in its present configuration; undefined where that no longer has it. */
  destination: () => Destination | undefined;
  random: Random;
  /** The thread that the destination has for this topic. */
  thread: (topic: string) => string | undefined;
  onThread: (topic: string, thread: string) => void;
  onOutcome: (service: string, outcome: DeliveryOutcome) => void;
  /** Called when the destination has taken a message, or never will. */
  onSettled: () => void;
  /** Called when the destination begins to fail, with each message that is dropped, and when it takes messages again. */
  report: (level: "info" | "warn", message: string) => void;
}

/** The messages for one destination, in their order. */
export interface Line {
  join(message: Message): void;
  waiting(): readonly Waiting[];
}

export interface Waiting {
  message: Message;
  /** By `clock.elapsed()`. */
  since: number;
  tries: number;
}

const retry = { firstMs: 2000, maxMs: 5 * 60_000 };
const retryAfterMaxMs = 30 * 60_000;
/** Later nobody wants to hear of it. */
const ageMaxMs = 24 * 3_600_000;
/** Messages that wait, at most. */
export const waitingMax = 50;
/** A message that is refused so often lets others pass. */
const triesInARow = 3;

export function createLine(options: LineOptions): Line {
  const { name, clock, random, onOutcome, onSettled, report, signal } = options;
  let waiting: readonly Waiting[] = [];
  let isRunning = false;
  let isFailing = false;

  async function run(): Promise<void> {
    isRunning = true;
    for (let first = waiting[0]; first !== undefined && !signal.aborted; first = waiting[0]) {
      const pauseMs = await trySend(first);
      if (pauseMs === undefined) {
        leave(first);
        onSettled();
      } else await clock.sleep(pauseMs, signal).catch(() => {});
    }
    isRunning = false;
  }

  function leave(one: Waiting): void {
    waiting = waiting.filter((other) => other !== one);
  }

  /** The pause before the next attempt; undefined when the message needs none. */
  async function trySend(one: Waiting): Promise<number | undefined> {
    const destination = options.destination();
    if (destination === undefined) {
      onOutcome(serviceOf(name), "dropped");
      return undefined;
    }
    try {
      const { message } = one;
      const thread = await attempt(destination, message, options.thread(message.topic), options);
      if (thread !== undefined) options.onThread(message.topic, thread);
    } catch (error) {
      return signal.aborted ? 0 : failed(one, destination, error);
    }
    onOutcome(destination.service, "sent");
    if (isFailing) report("info", `messages reach ${name} again`);
    isFailing = false;
    return undefined;
  }

  function failed(one: Waiting, destination: Destination, error: unknown): number | undefined {
    one.tries += 1;
    const { isFinal, retryAfterMs } =
      error instanceof DeliveryError ? error : { isFinal: false, retryAfterMs: 0 };
    const isLast = isFinal || clock.elapsed() - one.since > ageMaxMs;
    onOutcome(destination.service, isLast ? "dropped" : "retried");
    if (isLast || !isFailing) {
      const next = isLast ? "it is dropped" : "it is sent again";
      const why = failureText(error, destination);
      report("warn", `the message ${one.message.event} has not reached ${name}, ${next}: ${why}`);
    }
    isFailing = true;
    if (isLast) return undefined;
    if (one.tries % triesInARow === 0) waiting = [...waiting.filter((other) => other !== one), one];
    return Math.max(Math.min(retryAfterMs, retryAfterMaxMs), backoffMs(one.tries, retry, random));
  }

  return {
    join(message) {
      waiting = [...waiting, { message, since: clock.elapsed(), tries: 0 }];
      const least = leastOf(waiting);
      if (least !== undefined) {
        leave(least);
        onOutcome(serviceOf(name), "dropped");
      }
      if (!isRunning) void run();
    },
    waiting: () => waiting,
  };
}

/** The one to drop of too many. The first may be on its way; failures are kept before all else. */
function leastOf(waiting: readonly Waiting[]): Waiting | undefined {
  if (waiting.length <= waitingMax) return undefined;
  const others = waiting.slice(1);
  return others.find(({ message }) => message.level === "info") ?? others[0];
}

/** "slack-2" is of the service slack. */
function serviceOf(name: string): string {
  return name.replace(/-\d+$/, "");
}
