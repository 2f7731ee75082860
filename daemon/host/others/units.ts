import * as z from "zod/mini";
import type { Clock } from "../../time/clock.ts";
import { withDeadline } from "../../time/deadline.ts";
import { type Ask, askFor, BusRefusal, withBus } from "../logind/bus.ts";

const deadlineMs = 5000;

const systemd = "org.freedesktop.systemd1";
const pathAnswer = z.tuple([z.string()]);
const stateAnswer = z.tuple([z.string()]);

/**
 * The units among these that are active, by systemd over the host's D-Bus. A unit that is not loaded is not active.
 * https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.systemd1.html
 */
export async function activeUnits(
  socket: string,
  names: readonly string[],
  clock: Clock,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  return await withDeadline(clock, deadlineMs, signal, `asking systemd over ${socket}`, (inner) =>
    withBus(socket, inner, async (ask) => {
      const areActive = await Promise.all(names.map((name) => isActive(ask, name)));
      return new Set(names.filter((_, index) => areActive[index]));
    }),
  );
}

async function isActive(ask: Ask, name: string): Promise<boolean> {
  try {
    const [path] = await askFor(
      ask,
      {
        destination: systemd,
        path: "/org/freedesktop/systemd1",
        interface: `${systemd}.Manager`,
        member: "GetUnit",
        signature: "s",
        body: [name],
      },
      pathAnswer,
    );
    const [state] = await askFor(
      ask,
      {
        destination: systemd,
        path,
        interface: "org.freedesktop.DBus.Properties",
        member: "Get",
        signature: "ss",
        body: [`${systemd}.Unit`, "ActiveState"],
      },
      stateAnswer,
    );
    return state === "active";
  } catch (error) {
    if (error instanceof BusRefusal && error.code === `${systemd}.NoSuchUnit`) return false;
    throw error;
  }
}
