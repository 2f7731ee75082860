/** The command line that kured's chart makes of its values. Pure. */
import { posix } from "node:path";
import { type FlagName, flagNames, rows } from "../../kured/flags.ts";
import type { Path } from "./document.ts";
import { type ChartValues, isDropped, scalarText } from "./kured-values.ts";

/** One argument, and the path of its value. */
export interface ChartArgument {
  text: string;
  path: Path;
}

export interface ChartArguments {
  args: readonly ChartArgument[];
  /** Sentences on values that the chart drops. */
  warnings: readonly string[];
  /** The folder of the host that the pod has at /sentinel; undefined where it has none. */
  sentinelFolder: string | undefined;
}

/** The chart itself sets the flags of the place and the node. */
const flagsOfValues = flagNames.filter((name) => !["node-id", "ds-name", "ds-namespace"].includes(name));

/** By the key in `configuration`: rebootDays is --reboot-days. */
const flagOfKey = new Map<string, FlagName>(
  flagsOfValues.map((name) => [name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()), name]),
);

/** A switch of the chart that is no flag. */
const hostPathKey = "useRebootSentinelHostPath";

/** All keys of `configuration`. */
export const configurationKeys: readonly string[] = [...flagOfKey.keys(), hostPathKey];

/** `place`: namespace and name of the DaemonSet. Throws a ConfigError for a value that is no scalar, or list of them. */
export function chartArguments(
  values: ChartValues,
  { namespace, name }: { namespace: string; name: string },
): ChartArguments {
  const seesHost = values.get("configuration", hostPathKey) !== false;
  const sentinel = values.text("configuration", "rebootSentinel") || rows["reboot-sentinel"].default;
  const inPod = seesHost ? `/sentinel/${posix.basename(sentinel)}` : sentinel;
  const args: ChartArgument[] = [
    { text: `--ds-name=${name}`, path: [] },
    { text: `--ds-namespace=${namespace}`, path: [] },
    { text: `--reboot-sentinel=${inPod}`, path: ["configuration", "rebootSentinel"] },
  ];
  const warnings: string[] = [];
  for (const [key, flag] of flagOfKey) {
    const path = ["configuration", key];
    const value = values.get(...path);
    if (value === undefined || key === "rebootSentinel") continue;
    const dropped = droppedWarning(flag, value, { key, seesHost, sentinel });
    if (dropped !== undefined) warnings.push(`${values.at(...path)}: ${dropped}`);
    else if (!isDropped(value)) args.push(...textsOf(values, flag, path).map((text) => ({ text, path })));
  }
  for (const [key, value] of Object.entries(values.map("extraArgs"))) {
    const text = isDropped(value) ? `--${key}` : `--${key}=${values.text("extraArgs", key)}`;
    args.push({ text, path: ["extraArgs", key] });
  }
  return { args, warnings, sentinelFolder: seesHost ? posix.dirname(sentinel) : undefined };
}

function droppedWarning(
  flag: FlagName,
  value: unknown,
  { key, seesHost, sentinel }: { key: string; seesHost: boolean; sentinel: string },
): string | undefined {
  if (flag === "reboot-sentinel-command" && value !== "" && seesHost)
    return `configuration.${key} does nothing in kured's chart, unless ${hostPathKey} is false; kured runs with the file ${sentinel}`;
  const unset = rows[flag].default;
  if (value !== 0 || ["", "0", "0s"].includes(unset)) return undefined;
  return `kured's chart drops configuration.${key}=0, so kured runs with ${unset}`;
}

/** Selectors are one argument each, other lists are one with commas. */
function textsOf(values: ChartValues, flag: FlagName, path: Path): string[] {
  const value = values.get(...path);
  const items = Array.isArray(value)
    ? values.list(...path).map((_, at) => values.text(...path, at))
    : [values.text(...path)];
  const texts = rows[flag].kind === "stringArray" ? items : [items.join(",")];
  return texts.map((text) => `--${flag}=${scalarText(text)}`);
}
