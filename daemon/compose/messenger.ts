import type { Settings } from "../config/settings.ts";
import { createQueue } from "../notify/queue.ts";
import type { Net } from "../notify/service.ts";
import type { Destinations } from "../notify/source.ts";
import type { Log } from "../report/log.ts";
import { createMessages, type Messages } from "../report/messages.ts";
import type { Metrics } from "../report/metrics.ts";
import type { Clock, Random } from "../time/clock.ts";

export interface MessagePorts {
  /** The present destinations; warns once of each reason for which later URLs are refused. */
  destinations: Destinations;
  net: Omit<Net, "signal">;
}

const noWay = () => Promise.reject(new Error("there is no way to send a message"));
const toNobody: MessagePorts = { destinations: () => [], net: { send: noWay, email: noWay } };

/** The way of messages: from events to the destinations. */
export function createMessenger(
  { node, notify, window }: Settings,
  { clock, random, messages: port = toNobody }: { clock: Clock; random: Random; messages?: MessagePorts },
  { log, metrics }: { log: Log; metrics: Metrics },
  signal: AbortSignal,
): Messages {
  const queue = createQueue({
    destinations: () => port.destinations(log.warn),
    net: port.net,
    clock,
    random,
    onOutcome: (channel, outcome) => metrics.notifications.inc({ channel, outcome }),
    onSettled: () => messages.onSettled(),
    report: (level, text) => log[level](text),
    signal,
  });
  const messages = createMessages({
    ...notify,
    queue,
    clock,
    nodeName: node.name,
    waveOf: (now) => nightOf(now, window.zone),
  });
  return messages;
}

const halfDayMs = 12 * 3_600_000;

/** The date on which the night began, in the zone: it lasts from noon to noon. */
export function nightOf(now: number, zone: string): string {
  if (zone === "UTC") return new Date(now - halfDayMs).toISOString().slice(0, 10);
  // The Swedish date is that of ISO 8601.
  return new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short" }).format(now - halfDayMs);
}
