import { join } from "node:path";
import { invalidValue, printable } from "../../text/config-error.ts";
import { shortEnds } from "../../text/one-line.ts";
import type { Clock } from "../../time/clock.ts";
import type { Argv, Exec } from "../exec.ts";
import { anyNeed } from "./any-need.ts";
import { commandNeed, fileNeed, type NeedSource, sentinelCommand, type TriedSource } from "./need.ts";
import { type Preset, type PresetName, presetFor, presets } from "./presets.ts";

/** How the host says that it needs a reboot: by a command, else by a file, else as its system does. */
export interface NeedSettings {
  os: PresetName | "auto";
  /** The host's /run. */
  runPath: string;
  sentinel: string | undefined;
  sentinelCommand: Argv | undefined;
}

/** The world as a source needs it. `onHost` makes a command one that runs on the host. */
export interface NeedPorts {
  exec: Exec;
  onHost: (argv: Argv) => Argv;
  clock: Clock;
  /** A command has so long to end. */
  periodMs: number;
}

/** Printing a file takes less. */
const readDeadlineMs = 10_000;

/**
 * The source that the settings name, which has been tried. Rejects with a ConfigError where the source can
 * never answer.
 */
export async function chooseNeed(
  settings: NeedSettings,
  ports: NeedPorts,
  signal: AbortSignal,
): Promise<NeedSource> {
  const { source, option, shown, rule } = await named(settings, ports, signal);
  const failure = await source.precheck(signal);
  if (failure !== undefined) throw invalidValue(option, shown, `${rule}, but ${failure}`);
  return source;
}

interface NamedSource {
  source: TriedSource;
  option: string;
  /** Its value, as it may be printed. */
  shown: string;
  rule: string;
}

/**
 * A named source goes before the one that is usual on this system, and a command before a file, as with
 * kured.
 */
async function named(
  { os, runPath, sentinel, sentinelCommand: command }: NeedSettings,
  ports: NeedPorts,
  signal: AbortSignal,
): Promise<NamedSource> {
  const { exec, onHost, clock, periodMs } = ports;
  if (command !== undefined) {
    return {
      source: commandNeed(onHost(command), sentinelCommand, exec, clock, periodMs),
      option: "reboot-sentinel-command",
      shown: printable(command.join(" ")),
      rule: "must be a command that can be run on this host, for example '/usr/bin/test -e /run/reboot-required'",
    };
  }
  if (sentinel !== undefined) {
    return {
      source: fileNeed(sentinel, clock),
      option: "reboot-sentinel",
      shown: printable(sentinel),
      rule: "must be the path of a file, which need not exist, for example /var/run/reboot-required",
    };
  }
  const name = os === "auto" ? await recognise(ports, signal) : os;
  const { asks }: Preset = presets[name];
  if ("files" in asks) {
    return {
      source: anyNeed(asks.files.map((file) => fileNeed(join(runPath, file), clock))),
      option: "run-path",
      shown: printable(runPath),
      rule: "must be the folder that is /run on the host, for example /var/run",
    };
  }
  return {
    source: commandNeed(onHost(asks.command), asks.meaning, exec, clock, periodMs),
    option: "os",
    shown: printable(os),
    rule: `${name} requires a host where commands can be run and that has ${asks.from}, for example after dnf install ${asks.from}`,
  };
}

async function recognise({ exec, onHost }: NeedPorts, signal: AbortSignal): Promise<PresetName> {
  let why: string;
  try {
    const { code, output } = await exec(onHost(["cat", "/etc/os-release"]), readDeadlineMs, signal);
    const name = code === 0 ? presetFor(output) : undefined;
    if (name !== undefined) return name;
    why = code === 0 ? "its /etc/os-release names another system" : shortEnds(output, 200);
  } catch (error) {
    signal.throwIfAborted();
    why = (error as Error).message;
  }
  const names = Object.keys(presets).join(" or ");
  throw invalidValue(
    "os",
    printable("auto"),
    `auto requires a host that says that it is ${names}, but ${why}`,
  );
}
