import { CommanderError } from "commander";
import { type Api, isApiError } from "../cluster/api.ts";
import { daemonSelector } from "../cluster/daemon-sets.ts";
import type { DaemonSet, Pod } from "../cluster/objects.ts";
import { listAll } from "../cluster/pages.ts";
import { paths } from "../cluster/paths.ts";
import { environmentName } from "../config/option.ts";
import { configFileOptions } from "../config/options/config-file.ts";
import { type OptionName, options, type RawOptions } from "../config/settings.ts";
import { CommandRefused } from "./admin.ts";
import { type InstalledFile, installedFile, withConfigFile } from "./installed-file.ts";
import { givenOptions } from "./options.ts";
import { runCommand } from "./run.ts";

/** One DaemonSet of rebootd, and the options with which its daemons run. */
export interface Installed {
  /** "namespace/name". */
  key: string;
  namespace: string;
  /** The image of its container; empty where none is set. */
  image: string;
  /** The options as text, as its daemons read them. The name of the node is "node": each pod has its own. */
  raw: RawOptions;
  /** Options whose value is in another object, such as a Secret, and so is not in `raw`. */
  unknown: readonly OptionName[];
  /**
   * True if there may be more options in objects that the whole environment is taken from (envFrom), or in a
   * configuration file that was not read.
   */
  mayHaveMore: boolean;
  /** The place of its configuration file; absent without one, and once it has been read. */
  configFile?: InstalledFile;
  /** The spec of its pods, for the nodes that they are on. */
  pod: Pod["spec"];
}

const names = Object.keys(options) as OptionName[];
const nodeName = "node";

/** The DaemonSets of rebootd in all namespaces; undefined if they may not be listed. */
export async function readInstalled(api: Api, signal: AbortSignal): Promise<Installed[] | undefined> {
  try {
    const query = { labelSelector: daemonSelector };
    const found = await listAll<DaemonSet>(api, paths.allDaemonSets, { signal, query });
    return await Promise.all(found.flatMap(installedBy).map((one) => withConfigFile(api, one, signal)));
  } catch (error) {
    if (isApiError(error, "forbidden")) return undefined;
    throw error;
  }
}

type Container = NonNullable<NonNullable<DaemonSet["spec"]>["template"]["spec"]>["containers"][number];

/** Pure. A CommandRefused if the arguments are such that no daemon starts with them. */
export function installedBy({ metadata, spec }: DaemonSet): Installed[] {
  const { namespace = "", name = "" } = metadata ?? {};
  const pod = spec?.template.spec;
  const container = (pod?.containers ?? []).find((one) => lineOf(one).includes("run"));
  if (container === undefined) return [];
  const key = `${namespace}/${name}`;
  const { known, hidden } = environmentOf(container, namespace);
  const line = lineOf(container).map((one) => expanded(one, known));
  const { given, file } = argumentsOf(key, line.slice(line.indexOf("run") + 1), known);
  const mayHaveMore = container.envFrom !== undefined && container.envFrom.length > 0;
  const configFile =
    file === undefined ? {} : { configFile: installedFile(file, container, pod, mayHaveMore) };
  const isKnown = (option: OptionName) => {
    const value = given[option];
    if (value === undefined) return !hidden.has(environmentName(option));
    return ![value].flat().some((text) => refersTo(text, hidden, mayHaveMore));
  };
  const unknown = names.filter((option) => !isKnown(option));
  const raw = Object.fromEntries(
    Object.entries(given).filter(([option]) => !unknown.includes(option as OptionName)),
  );
  return [
    {
      key,
      namespace,
      image: container.image ?? "",
      raw,
      unknown,
      mayHaveMore: mayHaveMore || file !== undefined,
      pod,
      ...configFile,
    },
  ];
}

function lineOf({ command = [], args = [] }: Container): string[] {
  return [...command, ...args];
}

/** `known`: the variables with their values. `hidden`: the names of those whose value is in another object. */
export function environmentOf({ env = [] }: Container, namespace: string) {
  const known: Record<string, string | undefined> = {};
  const hidden = new Set<string>();
  for (const { name, value = "", valueFrom } of env) {
    const path = valueFrom?.fieldRef?.fieldPath;
    const field = path === "metadata.namespace" ? namespace : path === "spec.nodeName" ? nodeName : undefined;
    const text = valueFrom === undefined ? value : field;
    const isHidden = text === undefined || refersTo(text, hidden, false);
    // The last one of a name counts.
    known[name] = isHidden ? undefined : expanded(text, known);
    if (isHidden) hidden.add(name);
    else hidden.delete(name);
  }
  return { known, hidden };
}

/** A DaemonSet of another version may have options that are unknown here. */
function argumentsOf(key: string, args: readonly string[], environment: Parameters<typeof runCommand>[0]) {
  const command = runCommand(environment, async () => {});
  command
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .allowUnknownOption()
    .allowExcessArguments();
  try {
    command.parseOptions([...args]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const what = error.message.replace(/^error: /, "");
    throw new CommandRefused(`the DaemonSet ${key} has arguments with which no daemon starts: ${what}`);
  }
  const { config } = givenOptions(command, configFileOptions, environment);
  const given: RawOptions = givenOptions(command, options, environment);
  return { given, file: typeof config === "string" && config !== "" ? config : undefined };
}

const reference = /\$(?:\$|\(([^)]*)\))/g;

/**
 * Expands as Kubernetes does: a reference to an unknown variable stays, and `$$` is a plain `$`.
 * https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
 */
export function expanded(text: string, known: Readonly<Record<string, string | undefined>>): string {
  return text.replace(reference, (all, name?: string) => (name === undefined ? "$" : (known[name] ?? all)));
}

/** `any`: a reference that is still there may be to a variable that another object has. */
export function refersTo(text: string, hidden: ReadonlySet<string>, any: boolean): boolean {
  return [...text.matchAll(reference)].some(([, name]) => name !== undefined && (any || hidden.has(name)));
}
