import { join } from "node:path";
import { invalidValue, printable } from "../../text/config-error.ts";
import { anyOf } from "../../text/list.ts";
import { shortEnds } from "../../text/one-line.ts";
import type { Clock } from "../../time/clock.ts";
import type { Argv, Exec } from "../exec.ts";
import { anyNeed } from "./any-need.ts";
import { type CommandPorts, commandNeed, sentinelCommand } from "./command-need.ts";
import { readHostFile } from "./host-file.ts";
import { livePatched } from "./live-patched.ts";
import { fileNeed, type NeedSource, type TriedSource } from "./need.ts";
import { isUnsuited, recognise } from "./os-release.ts";
import { type Preset, type PresetName, presets, type UnsuitedName, unsuited } from "./presets.ts";
import { type UpdateUnderWay, updateUnderWay } from "./update-under-way.ts";

/** How the host says that it needs a reboot: by a command, else by a file, else as its system does; and by more. */
export interface NeedSettings {
  os: PresetName | "auto" | UnsuitedName;
  /** The host's /run. */
  runPath: string;
  sentinel: string | undefined;
  sentinelCommand: Argv | undefined;
  /** Beside the one above, each of these may say it too. */
  moreFiles: readonly string[];
  moreCommands: readonly Argv[];
}

/** The world as a source needs it. `onHost` makes a command one that runs on the host. */
export interface NeedPorts {
  exec: Exec;
  onHost: (argv: Argv) => Argv;
  clock: Clock;
  /** An answer of a command is valid for so long. */
  periodMs: number;
  /** The host's root folder; undefined where the daemon may not enter the host. */
  hostRoot?: string | undefined;
}

/** The need, and whether an update is under way on the host, where its system shows that. */
export type ChosenNeed = NeedSource & { updateUnderWay?: UpdateUnderWay };

/** Printing a file takes less. */
const readDeadlineMs = 10_000;
const osReleaseMaxBytes = 16 * 1024;

/**
 * The source that the settings name, which has been tried. Rejects with a ConfigError where the source can
 * never answer.
 */
export async function chooseNeed(
  settings: NeedSettings,
  ports: NeedPorts,
  signal: AbortSignal,
): Promise<ChosenNeed> {
  const { exec, onHost, clock, periodMs } = ports;
  const commandPorts: CommandPorts = { exec, onHost, clock, ageMaxMs: periodMs };
  const first = await named(settings, ports, commandPorts, signal);
  const more = [
    ...settings.moreFiles.map((path) => ofFile("need-file", path, clock)),
    ...settings.moreCommands.map((argv) => ofCommand("need-command", argv, commandPorts)),
  ];
  const all = [first, ...more];
  const failures = await Promise.all(all.map(({ source }) => source.precheck(signal)));
  for (const [index, { option, shown, rule }] of all.entries()) {
    const failure = failures[index];
    if (failure !== undefined) throw invalidValue(option, shown, `${rule}, but ${failure}`);
  }
  const source = more.length === 0 ? first.source : anyNeed(all.map((one) => one.source));
  return first.underWay === undefined ? source : { ...source, updateUnderWay: first.underWay };
}

interface NamedSource {
  source: TriedSource;
  option: string;
  /** Its value, as it may be printed. */
  shown: string;
  rule: string;
  underWay?: UpdateUnderWay;
}

/**
 * A named source goes before the one that is usual on this system, and a command before a file, as with
 * kured.
 */
async function named(
  { os, runPath, sentinel, sentinelCommand: command }: NeedSettings,
  ports: NeedPorts,
  commandPorts: CommandPorts,
  signal: AbortSignal,
): Promise<NamedSource> {
  if (command !== undefined) return ofCommand("reboot-sentinel-command", command, commandPorts);
  if (sentinel !== undefined) return ofFile("reboot-sentinel", sentinel, ports.clock);
  if (isUnsuited(os)) throw unsuitedSystem(os, unsuited[os]);
  const name = os === "auto" ? await recognised(ports, signal) : os;
  const { asks }: Preset = presets[name];
  if ("files" in asks) return ofPresetFiles(asks, runPath, commandPorts);
  return {
    source: commandNeed(asks.commands, asks.meaning, commandPorts),
    option: "os",
    shown: printable(os),
    rule: `${name} requires a host where commands can be run and that has ${asks.needs}`,
  };
}

function ofCommand(option: string, command: Argv, ports: CommandPorts): NamedSource {
  return {
    source: commandNeed([command], sentinelCommand, ports),
    option,
    shown: printable(command.join(" ")),
    rule: "must be a command that can be run on this host, for example '/usr/bin/test -e /run/reboot-required'",
  };
}

function ofFile(option: string, path: string, clock: Clock): NamedSource {
  return {
    source: fileNeed(path, clock),
    option,
    shown: printable(path),
    rule: "must be the path of a file, which need not exist, for example /var/run/reboot-required",
  };
}

function ofPresetFiles(
  { files, busyFiles = [], livePatch }: Extract<Preset["asks"], { files: unknown }>,
  runPath: string,
  ports: CommandPorts,
): NamedSource {
  const { clock } = ports;
  const sources = files.map(({ name, holdsWord = false }) =>
    fileNeed(join(runPath, name), clock, { holdsWord, beside: busyFiles }),
  );
  const source = anyNeed(sources);
  return {
    source: livePatch ? livePatched(source, ports) : source,
    option: "run-path",
    shown: printable(runPath),
    rule: "must be the folder that is /run on the host, for example /var/run",
    ...(busyFiles.length > 0 && {
      underWay: updateUnderWay(
        busyFiles.map((name) => join(runPath, name)),
        clock,
      ),
    }),
  };
}

async function recognised(ports: NeedPorts, signal: AbortSignal): Promise<PresetName> {
  const read = await readOsRelease(ports, signal);
  const found = "text" in read ? recognise(read.text) : read;
  if ("preset" in found) return found.preset;
  throw unsuitedSystem("auto", found.why);
}

function unsuitedSystem(os: string, why: string): Error {
  const names = anyOf(Object.keys(presets));
  return invalidValue("os", printable(os), `must be ${names} on a host of this kind, but ${why}`);
}

/** By the host's own program, which follows its links; a host without one may have the file in one of two places. */
async function readOsRelease(
  { exec, onHost, hostRoot }: NeedPorts,
  signal: AbortSignal,
): Promise<{ text: string } | { why: string }> {
  let why: string;
  try {
    const { code, output } = await exec(onHost(["cat", "/etc/os-release"]), readDeadlineMs, signal);
    if (code === 0) return { text: output };
    why = shortEnds(output, 200);
  } catch (error) {
    signal.throwIfAborted();
    why = (error as Error).message;
  }
  for (const file of hostRoot === undefined ? [] : ["etc/os-release", "usr/lib/os-release"]) {
    const read = await readHostFile(join(hostRoot ?? "", file), osReleaseMaxBytes).catch(() => undefined);
    if (read !== undefined) return read;
  }
  return { why };
}
