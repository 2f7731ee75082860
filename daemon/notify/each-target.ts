import type { Message } from "./message.ts";
import { type Deliver, DeliveryError, type Net } from "./service.ts";

/** Delivers to one of the targets of a URL, such as a room. */
export type DeliverTo = (
  target: string,
  message: Message,
  net: Net,
  thread: string | undefined,
) => Promise<string | undefined>;

/** The targets, which may be known only to the server. */
export type Targets = readonly string[] | ((message: Message, net: Net) => Promise<readonly string[]>);

/**
 * Delivers to each target, also after one has refused. A repeat of the message goes only to the targets that have
 * not taken it. The thread has those of the targets, in their order.
 */
export function toEach(given: Targets, deliverTo: DeliverTo): Deliver {
  const taken = new Map<string, Map<string, string>>();
  return async (message, net, thread) => {
    const targets = typeof given === "function" ? await given(message, net) : given;
    const roots = thread?.split(separator) ?? [];
    // Targets that have changed are in another order.
    const rootOf = (at: number) => (roots.length === targets.length ? roots[at] || undefined : undefined);
    const done = taken.get(message.id) ?? new Map<string, string>();
    taken.set(message.id, done);
    for (const id of [...taken.keys()].slice(0, -rememberedMax)) taken.delete(id);
    const errors: unknown[] = [];
    for (const [at, target] of targets.entries()) {
      if (done.has(target)) continue;
      try {
        done.set(target, (await deliverTo(target, message, net, rootOf(at))) ?? "");
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw worstOf(errors);
    taken.delete(message.id);
    const next = targets.map((target) => done.get(target) ?? "").join(separator);
    return next.length > threadMaxChars || next.replaceAll(separator, "") === "" ? undefined : next;
  };
}

/** Neither part of a message's number nor of an event's ID. */
const separator = " ";
const threadMaxChars = 200;

/** Messages that a target has refused, and that may be tried again. */
const rememberedMax = 100;

/** The error that decides about another attempt: one is worthwhile as long as one target may take the message. */
function worstOf(errors: readonly unknown[]): unknown {
  const passing = errors.filter((error) => !(error instanceof DeliveryError && error.isFinal));
  if (passing.length < 2) return passing[0] ?? errors[0];
  const pauses = passing.map((error) => (error instanceof DeliveryError ? error.retryAfterMs : 0));
  const texts = passing.map((error) => (error instanceof Error ? error.message : String(error)));
  return new DeliveryError([...new Set(texts)].join("; "), {
    retryAfterMs: Math.max(...pauses),
    cause: passing[0],
  });
}
