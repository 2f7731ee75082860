import { linked } from "../time/linked.ts";
import type { Destination } from "./destination.ts";
import { createLine, type Line, type LineOptions } from "./line.ts";
import { type Letter, letterOf } from "./mail.ts";
import type { Message, MessageKind } from "./message.ts";

export interface QueueOptions
  extends Pick<LineOptions, "net" | "clock" | "random" | "onOutcome" | "onSettled" | "report" | "signal"> {
  /** The destinations in the present configuration. */
  destinations: () => readonly Destination[];
}

/** All messages on their way, with a line for each destination: one that fails delays no other. */
export interface Queue {
  /** Sends a message to every destination that wants its kind, or to those that are named. A known ID is sent once. */
  offer(message: Message, to?: readonly string[]): void;
  /** The names of the destinations that want this kind. */
  takers(kind: MessageKind): string[];
  /** Messages that not every destination has taken, the oldest first; those of the level info only after `infoMs`. */
  letters(infoMs: number): readonly Letter[];
  /** Resolves when every message has arrived or is dropped, and at the latest after `ms`; never rejects. */
  settled(ms: number, signal: AbortSignal): Promise<void>;
  /** The threads of this topic by the names of the destinations. */
  threads(topic: string): Readonly<Record<string, string>>;
  /** Threads of a former process. */
  learnThreads(topic: string, threads: Readonly<Record<string, string>>): void;
}

/** A process remembers so many IDs. */
const idsMax = 500;

export function createQueue(options: QueueOptions): Queue {
  const { clock, destinations } = options;
  const lines = new Map<string, Line>();
  const known = new Set<string>();
  let threads: { topic: string; by: Readonly<Record<string, string>> } = { topic: "", by: {} };
  let waiters: (() => void)[] = [];

  const threadsOf = (topic: string) => (threads.topic === topic ? threads.by : {});
  const isSettled = () => [...lines.values()].every((line) => line.waiting().length === 0);

  function lineTo(name: string): Line {
    const line =
      lines.get(name) ??
      createLine({
        ...options,
        name,
        destination: () => destinations().find((one) => one.name === name),
        thread: (topic) => threadsOf(topic)[name],
        onThread(topic, thread) {
          const by = threadsOf(topic);
          threads = { topic, by: { ...by, [name]: by[name] ?? thread } };
        },
        onSettled() {
          options.onSettled();
          if (!isSettled()) return;
          for (const done of waiters) done();
          waiters = [];
        },
      });
    lines.set(name, line);
    return line;
  }

  return {
    offer(message, to) {
      if (known.has(message.id)) return;
      known.add(message.id);
      for (const id of known) if (known.size > idsMax) known.delete(id);
      for (const { name, kinds } of destinations()) {
        if (to === undefined ? kinds.has(message.kind) : to.includes(name)) lineTo(name).join(message);
      }
    },
    takers: (kind) =>
      destinations()
        .filter(({ kinds }) => kinds.has(kind))
        .map(({ name }) => name),
    letters(infoMs) {
      const pairs = [...lines].flatMap(([name, line]) =>
        line
          .waiting()
          .filter(({ message, since }) => message.level !== "info" || clock.elapsed() - since >= infoMs)
          .map(({ message }) => ({ name, message })),
      );
      return [...Map.groupBy(pairs, ({ message }) => message)]
        .map(([message, of]) =>
          letterOf(
            message,
            of.map(({ name }) => name),
          ),
        )
        .sort((a, b) => a.at.localeCompare(b.at));
    },
    async settled(ms, signal) {
      if (isSettled()) return;
      const inner = linked(signal);
      waiters.push(inner.end);
      await clock.sleep(ms, inner.signal).catch(() => {});
      inner.unlink();
      waiters = waiters.filter((one) => one !== inner.end);
    },
    threads: threadsOf,
    learnThreads(topic, by) {
      threads = { topic, by: { ...by } };
    },
  };
}
