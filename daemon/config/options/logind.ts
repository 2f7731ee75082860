import type { OptionTable, ValuesOf } from "../option.ts";
import { choice, loggedInUsers, path } from "../values.ts";

export const logindOptions = {
  inhibitors: {
    type: choice("auto", "wait", "ignore"),
    default: "auto",
    placeholder: "auto|wait|ignore",
    help: "Wait while a systemd block inhibitor delays shutdowns; auto does so where there is a D-Bus socket",
  },
  "logged-in-users": {
    type: loggedInUsers,
    default: "ignore",
    placeholder: "ignore|wait:DURATION",
    help: "With wait:10m start no cycle while people are logged in, until the need is that old",
  },
  "dbus-socket": {
    type: path,
    default: "/run/dbus/system_bus_socket",
    placeholder: "FILE",
    help: "The host's D-Bus, over which logind lists inhibitors and users, and reboots",
  },
} as const satisfies OptionTable;

export interface LogindSettings {
  socket: string;
  inhibitors: "auto" | "wait" | "ignore";
  /** How long a reboot waits for people who are logged in; undefined: not at all. */
  usersWaitMs: number | undefined;
}

export function logindSettings(given: ValuesOf<typeof logindOptions>): LogindSettings {
  return {
    socket: given["dbus-socket"],
    inhibitors: given.inhibitors,
    usersWaitMs: given["logged-in-users"].waitMs,
  };
}
