import { join } from "node:path";
import { type Config, ConfigError, printable } from "../../config/options.ts";
import { shortEnds } from "../../text/one-line.ts";
import type { Clock } from "../../time/clock.ts";
import type { Argv, Exec } from "../exec.ts";
import {
  anyNeed,
  commandNeed,
  fileNeed,
  type NeedSource,
  sentinelCommand,
  type TriedSource,
} from "./need.ts";
import { type Preset, type PresetName, presetFor, presets } from "./presets.ts";

export type NeedOptions = Pick<
  Config,
  "os" | "run-path" | "reboot-sentinel" | "reboot-sentinel-command" | "period"
>;

/** What a source stands on. `onHost` makes a command one that runs on the host. */
export interface NeedPorts {
  exec: Exec;
  onHost: (argv: Argv) => Argv;
  clock: Clock;
}

/** As long as it takes to print a file. */
const readDeadlineMs = 10_000;

/** The source that the options name, which has been tried: one that can never answer is a ConfigError. */
export async function chooseNeed(
  config: NeedOptions,
  ports: NeedPorts,
  signal: AbortSignal,
): Promise<NeedSource> {
  const { source, option, allowed } = await named(config, ports, signal);
  const obstacle = await source.precheck(signal);
  if (obstacle !== undefined) throw new ConfigError(`${option}: allowed is ${allowed}, but ${obstacle}`);
  return source;
}

/** What is asked for by name goes before what is usual on this system, and a command before a file, as with kured. */
async function named(
  config: NeedOptions,
  ports: NeedPorts,
  signal: AbortSignal,
): Promise<{ source: TriedSource; option: string; allowed: string }> {
  const { exec, onHost, clock } = ports;
  const command = config["reboot-sentinel-command"];
  if (command !== undefined) {
    return {
      source: commandNeed(onHost(command), sentinelCommand, exec, clock, config.period),
      option: `--reboot-sentinel-command=${printable(command.join(" "))}`,
      allowed: "a command that can be run on this host, such as '/usr/bin/test -e /run/reboot-required'",
    };
  }
  const sentinel = config["reboot-sentinel"];
  if (sentinel !== undefined) {
    return {
      source: fileNeed(sentinel, clock),
      option: `--reboot-sentinel=${printable(sentinel)}`,
      allowed: "the path of a file, which need not be there, such as /var/run/reboot-required",
    };
  }
  const name = config.os === "auto" ? await recognise(ports, signal) : config.os;
  const { asks }: Preset = presets[name];
  if ("files" in asks) {
    return {
      source: anyNeed(asks.files.map((file) => fileNeed(join(config["run-path"], file), clock))),
      option: `--run-path=${printable(config["run-path"])}`,
      allowed: "the folder that is /run on the host, such as /var/run",
    };
  }
  return {
    source: commandNeed(onHost(asks.command), asks.meaning, exec, clock, config.period),
    option: `--os="${config.os}"`,
    allowed: `${name} where commands run on the host and it has ${asks.from}, such as after dnf install ${asks.from}`,
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
  throw new ConfigError(`--os="auto": allowed is this where the host says that it is ${names}, but ${why}`);
}
