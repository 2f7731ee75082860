import { dirname } from "node:path";
import { type Config, ConfigError } from "../config/options.ts";
import type { Clock } from "../time/clock.ts";
import { readBootID } from "./boot-id.ts";
import { type Argv, createExec, onHost } from "./exec.ts";
import { exposureText, lookAtExposure } from "./exposure.ts";
import { createLogind, type Logind } from "./logind/logind.ts";
import { chooseNeed } from "./need/choose-need.ts";
import type { NeedSource } from "./need/need.ts";
import { choosingRebooter } from "./reboot/choice.ts";
import { commandRebooter } from "./reboot/command.ts";
import { logindRebooter } from "./reboot/logind.ts";
import type { Rebooter } from "./reboot/rebooter.ts";
import { type Kill, signalRebooter } from "./reboot/signal.ts";

/** The machine under the node. */
export interface Host {
  need: NeedSource;
  readBootID: () => Promise<string>;
  rebooter: Rebooter;
  logind: Pick<Logind, "listInhibitors" | "listSessions" | "isShuttingDown">;
  /** What of it somebody could use who has broken into the daemon, in words. */
  exposure?(signal: AbortSignal): Promise<string>;
}

/** The real machine, as the settings describe it. Rejects where they do not fit to it. */
export async function createHost(
  config: Config,
  clock: Clock,
  kill: Kill,
  signal: AbortSignal,
): Promise<Host> {
  const exec = createExec(clock);
  const logind = createLogind(config["dbus-socket"], clock);
  const hostArgv = config["enter-host"] ? onHost : (argv: Argv) => argv;
  return {
    need: await chooseNeed(config, { exec, onHost: hostArgv, clock }, signal),
    readBootID: () => readBootID(config["boot-id-path"]),
    rebooter: choosingRebooter(
      [
        logindRebooter(logind, { skipInhibitors: config.inhibitors === "ignore" }),
        signalRebooter(config["reboot-signal"], kill),
        commandRebooter(config["reboot-command"], hostArgv, exec),
      ],
      config["reboot-method"],
    ),
    logind,
    async exposure(inner) {
      const places = { runPath: config["run-path"], folders: [dirname(config["dbus-socket"])] };
      return exposureText(await lookAtExposure(places, clock, inner));
    },
  };
}

/** What can be asked of this host, for the log. A method of rebooting that was asked for and cannot work ends the process. */
export async function lookAtHost(
  config: Config,
  { rebooter, logind, exposure }: Host,
  signal: AbortSignal,
): Promise<Record<string, string | undefined>> {
  const asked = config["reboot-method"];
  const { method, cannot } = (await rebooter.choose?.(signal)) ?? { method: asked, cannot: {} };
  const obstacles = Object.entries(cannot).map(([name, obstacle]) => `${name}: ${obstacle}`);
  if (method === undefined) {
    throw new ConfigError(
      `--reboot-method="${asked}": allowed is a method that works on this node, such as auto, but ${obstacles.join("; ")}`,
    );
  }
  return {
    rebootMethod: method,
    passedOver: obstacles.join("; ") || undefined,
    inhibitors: config.inhibitors === "auto" ? await reachOf(logind, signal) : config.inhibitors,
    open: await exposure?.(signal).catch((error: Error) => `cannot tell: ${error.message}`),
  };
}

async function reachOf(logind: Host["logind"], signal: AbortSignal): Promise<string> {
  try {
    await logind.listInhibitors(signal);
    return "wait";
  } catch (error) {
    signal.throwIfAborted();
    const { code, message } = error as Error & { code?: unknown };
    return code === "no-bus" ? `none are known: ${message}` : "wait";
  }
}
