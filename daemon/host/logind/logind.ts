import * as z from "zod/mini";
import type { Clock } from "../../time/clock.ts";
import { withDeadline } from "../../time/deadline.ts";
import type { RebootKind } from "../reboot/rebooter.ts";
import { type Ask, askFor, BusRefusal, parseAnswer, withBus } from "./bus.ts";
import type { BusCall } from "./bus-message.ts";

/**
 * The host's login manager, over its D-Bus
 * (https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.login1.html). Each call has a
 * connection of its own and a deadline, and rejects with the reason of a failure. The code `no-bus` means
 * that the host has no such bus.
 */
export interface Logind {
  listInhibitors(signal: AbortSignal): Promise<Inhibitor[]>;
  /** All sessions but closing ones, also those that belong to no person. */
  listSessions(signal: AbortSignal): Promise<Session[]>;
  /** The answer of logind, such as `yes`. */
  canReboot(signal: AbortSignal): Promise<string>;
  /** Whether a shutdown or reboot is in progress, requested by any program. */
  isShuttingDown(signal: AbortSignal): Promise<boolean>;
  /**
   * The text that logind shows with the next reboot, on the terminals of those who are logged in and in its
   * journal; "" for none, and nothing on terminals. It gives up sooner than the other calls, because the reboot waits for
   * it.
   */
  setWallMessage(text: string, signal: AbortSignal): Promise<void>;
  /**
   * Resolves when logind has accepted the request. With block inhibitors, systemd 257 and later refuses it
   * without `skipInhibitors`. A version that does not know the kind refuses it.
   */
  reboot(options: { skipInhibitors: boolean; kind?: RebootKind }, signal: AbortSignal): Promise<void>;
}

/** The texts come from the process that holds the inhibitor. */
export interface Inhibitor {
  /** Words separated by colons, such as `shutdown:sleep`. */
  what: string;
  who: string;
  why: string;
  /** `block`, `block-weak` or `delay`. */
  mode: string;
  uid: number;
  pid: number;
}

/**
 * Since systemd 257, `block-weak` is the name of the former `block` (https://systemd.io/INHIBITOR_LOCKS/).
 */
export function blocksShutdown({ what, mode }: Inhibitor): boolean {
  return (mode === "block" || mode === "block-weak") && what.split(":").includes("shutdown");
}

export interface Session {
  user: string;
  /** `user` or a similar class for people; else `greeter`, `manager`, `background`, ... */
  class: string;
  /** `tty`, `x11`, `wayland`, ... */
  type: string;
  /** `active` in the foreground, else `online`. */
  state: string;
  idle: boolean;
}

const deadlineMs = 5000;
const wallDeadlineMs = 1000;
const sessionsMax = 500;

const manager = {
  destination: "org.freedesktop.login1",
  path: "/org/freedesktop/login1",
  interface: "org.freedesktop.login1.Manager",
};

/** https://github.com/systemd/systemd/blob/main/src/basic/login-util.h */
const skipInhibitorsFlag = 1 << 4;
const flagsByKind: Readonly<Record<RebootKind, number>> = { full: 0, kexec: 1 << 1, soft: 1 << 2 };
const unknownToThisVersion = new Set([
  "org.freedesktop.DBus.Error.InvalidArgs",
  "org.freedesktop.DBus.Error.UnknownMethod",
]);

export function createLogind(socket: string, clock: Clock): Logind {
  const asking = <T>(
    signal: AbortSignal,
    work: (ask: Ask) => Promise<T>,
    ms: number = deadlineMs,
  ): Promise<T> =>
    withDeadline(clock, ms, signal, `asking logind over ${socket}`, (inner) => withBus(socket, inner, work));
  return {
    listInhibitors: (signal) => asking(signal, listInhibitors),
    listSessions: (signal) => asking(signal, listSessions),
    canReboot: (signal) =>
      asking(signal, async (ask) => {
        const [answer] = await askFor(ask, { ...manager, member: "CanReboot" }, wordAnswer);
        return answer;
      }),
    isShuttingDown: (signal) =>
      asking(signal, async (ask) => {
        const [isPreparing] = await askFor(ask, preparingForShutdown, flagAnswer);
        return isPreparing;
      }),
    setWallMessage: (text, signal) =>
      asking(
        signal,
        async (ask) => {
          await ask({ ...manager, member: "SetWallMessage", signature: "sb", body: [text, text !== ""] });
        },
        wallDeadlineMs,
      ),
    reboot: ({ skipInhibitors, kind = "full" }, signal) =>
      asking(signal, async (ask) => {
        const flags = flagsByKind[kind];
        if (skipInhibitors && (await rebootWithFlags(ask, flags | skipInhibitorsFlag))) return;
        if (flags > 0) await ask(withFlags(flags));
        else await ask({ ...manager, member: "Reboot", signature: "b", body: [false] });
      }),
  };
}

/** False if this version of systemd has no flags; it does not need them either. */
async function rebootWithFlags(ask: Ask, flags: number): Promise<boolean> {
  try {
    await ask(withFlags(flags));
    return true;
  } catch (error) {
    if (error instanceof BusRefusal && unknownToThisVersion.has(error.code)) return false;
    throw error;
  }
}

function withFlags(flags: number): BusCall {
  return { ...manager, member: "RebootWithFlags", signature: "t", body: [flags] };
}

/** True from the request on, also while logind waits for delay inhibitors such as the kubelet's. */
const preparingForShutdown = {
  destination: manager.destination,
  path: manager.path,
  interface: "org.freedesktop.DBus.Properties",
  member: "Get",
  signature: "ss",
  body: [manager.interface, "PreparingForShutdown"],
};

const flagAnswer = z.tuple([z.boolean()]);

const wordAnswer = z.tuple([z.string()]);

const inhibitorsAnswer = z.tuple([
  z.array(z.tuple([z.string(), z.string(), z.string(), z.string(), z.number(), z.number()])),
]);

async function listInhibitors(ask: Ask): Promise<Inhibitor[]> {
  const [list] = await askFor(ask, { ...manager, member: "ListInhibitors" }, inhibitorsAnswer);
  return list.map(([what, who, why, mode, uid, pid]) => ({ what, who, why, mode, uid, pid }));
}

/** Session ID, user ID, user name, seat, and object path. */
const sessionsAnswer = z.tuple([
  z.array(z.tuple([z.string(), z.number(), z.string(), z.string(), z.string()])),
]);

/** A property is a pair of name and value. */
const propertiesAnswer = z.tuple([z.array(z.tuple([z.string(), z.unknown()]))]);

const sessionProperties = z.object({
  Class: z.string(),
  Type: z.string(),
  State: z.string(),
  IdleHint: z.boolean(),
});

async function listSessions(ask: Ask): Promise<Session[]> {
  const [list] = await askFor(ask, { ...manager, member: "ListSessions" }, sessionsAnswer);
  if (list.length > sessionsMax)
    throw new Error(`logind lists ${list.length} sessions, more than ${sessionsMax}`);
  const sessions = await Promise.all(list.map(([, , user, , path]) => readSession(ask, user, path)));
  return sessions.filter((one) => one !== undefined && one.state !== "closing") as Session[];
}

/** Undefined if the session has ended since the list. */
async function readSession(ask: Ask, user: string, path: string): Promise<Session | undefined> {
  const call = {
    destination: manager.destination,
    path,
    interface: "org.freedesktop.DBus.Properties",
    member: "GetAll",
    signature: "s",
    body: ["org.freedesktop.login1.Session"],
  };
  try {
    const [properties] = await askFor(ask, call, propertiesAnswer);
    const { Class, Type, State, IdleHint } = parseAnswer(
      sessionProperties,
      Object.fromEntries(properties),
      call,
    );
    return { user, class: Class, type: Type, state: State, idle: IdleHint };
  } catch (error) {
    if (error instanceof BusRefusal && error.code === "org.freedesktop.DBus.Error.UnknownObject")
      return undefined;
    throw error;
  }
}
