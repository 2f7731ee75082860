import { cut } from "../text/cut.ts";
import type { Clock } from "../time/clock.ts";
import { withDeadline } from "../time/deadline.ts";
import type { Destination } from "./destination.ts";
import type { Message } from "./message.ts";
import type { Net } from "./service.ts";

/** A service that trickles its answer is no better than a silent one. */
const attemptMs = 10_000;

const shownMaxChars = 300;

/** The world of an attempt. */
export interface AttemptPorts {
  net: Omit<Net, "signal">;
  clock: Clock;
  /** Ends it. */
  signal: AbortSignal;
}

/** Hands the message to the destination, in 10 seconds or not at all. Resolves with the thread, if there is one. */
export async function attempt(
  { name, deliver }: Destination,
  message: Message,
  thread: string | undefined,
  { net, clock, signal }: AttemptPorts,
): Promise<string | undefined> {
  return await withDeadline(clock, attemptMs, signal, name, (inner) =>
    deliver(message, { ...net, signal: inner }, thread),
  );
}

/** The reason of a failed attempt, without the secrets of the destination. */
export function failureText(error: unknown, { secrets }: Pick<Destination, "secrets">): string {
  const { message, code } = error as NodeJS.ErrnoException;
  const text = secrets
    .toSorted((a, b) => b.length - a.length)
    .reduce((left, secret) => left.replaceAll(secret, "***"), message || String(code ?? error));
  return cut(text, shownMaxChars);
}
