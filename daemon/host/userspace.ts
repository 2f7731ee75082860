import * as z from "zod/mini";
import type { Clock } from "../time/clock.ts";
import { withDeadline } from "../time/deadline.ts";
import { type Ask, askFor, BusRefusal, withBus } from "./logind/bus.ts";

/**
 * The userspace that runs on the machine. A soft reboot replaces it, and the kernel goes on with its boot ID:
 * https://www.freedesktop.org/software/systemd/man/latest/systemd-soft-reboot.service.html
 */
export interface Userspace {
  /** How many soft reboots have succeeded since the kernel has booted. */
  softReboots: number;
  /** For how long systemd has run since the last of them, or since the boot; milliseconds. */
  ageMs: number;
}

const deadlineMs = 5000;
const systemd = "org.freedesktop.systemd1";
const numberAnswer = z.tuple([z.number()]);
const unknownProperty = "org.freedesktop.DBus.Error.UnknownProperty";

/**
 * Asks systemd over the host's D-Bus. Rejects with the reason where it does not answer, as with versions
 * before 256, which do not count. `monotonicMs`: the time of the kernel's monotonic clock.
 */
export function createUserspaceReader(
  socket: string,
  clock: Clock,
  monotonicMs: () => number,
): (signal: AbortSignal) => Promise<Userspace> {
  return (signal) =>
    withDeadline(clock, deadlineMs, signal, `asking systemd over ${socket}`, (inner) =>
      withBus(socket, inner, async (ask) => {
        const softReboots = await property(ask, "SoftRebootsCount").catch((cause) => {
          if (!(cause instanceof BusRefusal) || cause.code !== unknownProperty) throw cause;
          throw new Error("systemd does not count soft reboots; version 256 or newer does", { cause });
        });
        // The start of the units, which no reload of systemd changes; the clock of people may be set.
        const startedUs = await property(ask, "UnitsLoadStartTimestampMonotonic");
        return { softReboots, ageMs: Math.max(0, Math.round(monotonicMs() - startedUs / 1000)) };
      }),
    );
}

/** https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.systemd1.html */
async function property(ask: Ask, name: string): Promise<number> {
  const call = {
    destination: systemd,
    path: "/org/freedesktop/systemd1",
    interface: "org.freedesktop.DBus.Properties",
    member: "Get",
    signature: "ss",
    body: [`${systemd}.Manager`, name],
  };
  const [value] = await askFor(ask, call, numberAnswer);
  return value;
}
