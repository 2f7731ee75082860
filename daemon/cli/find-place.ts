import { type Api, isApiError } from "../cluster/api.ts";
import { daemonSelector } from "../cluster/daemon-sets.ts";
import type { DaemonSet } from "../cluster/objects.ts";
import { listAll } from "../cluster/pages.ts";
import { paths } from "../cluster/paths.ts";
import type { Environment } from "../config/environment.ts";
import { environmentName, parseTable, type RawValues } from "../config/option.ts";
import { hookKeyOptions } from "../config/options/hooks.ts";
import { lockPlace, placeOptions } from "../config/options/lock.ts";
import { type LockPlace, placeText } from "../lock/lock-object.ts";
import { ConfigError } from "../text/config-error.ts";
import { CommandRefused } from "./admin.ts";
import { givenOptions } from "./options.ts";
import { runCommand } from "./run.ts";

export interface FoundPlace {
  place: LockPlace;
  /** The reason why it may not exist, and the remedy. */
  ifMissing: string;
  /** Set if no known daemon has its lock there. */
  warning?: string;
  /** Keys that any of the DaemonSets names as hooks; undefined if that is unknown. */
  hooks: readonly string[] | undefined;
}

/** One DaemonSet of rebootd. */
interface Installed {
  /** "namespace/name". */
  key: string;
  namespace: string;
  place: LockPlace;
  /** An option for the place of the lock whose value cannot be read from here. */
  unknown: string | undefined;
  hooks: readonly string[] | undefined;
}

const notInstalled = `no DaemonSet with the label ${daemonSelector} is in any namespace: is rebootd installed?`;
const pass = "pass --namespace=NAMESPACE, or --lock-object=KIND/NAME";

/**
 * Finds the place of the lock: the one that the options name, else that of the DaemonSets of rebootd. It is a
 * CommandRefused if these do not agree. The object itself may be missing.
 */
export async function findPlace(api: Api, given: RawValues, signal: AbortSignal): Promise<FoundPlace> {
  const installed = await listInstalled(api, signal);
  const hooks = hooksOf(installed ?? []);
  const isGiven = Object.keys(given).length > 0;
  const distinct = [...new Map(installed?.map((one) => [placeText(one.place), one])).values()];
  const [only, other] = distinct;
  const unclear = installed?.find(({ unknown }) => unknown !== undefined);
  if (!isGiven && unclear !== undefined) {
    const what = `the DaemonSet ${unclear.key} has ${unclear.unknown} from elsewhere`;
    throw new CommandRefused(`${what}, so its lock cannot be found; ${pass}`);
  }
  if (!isGiven && other !== undefined) {
    const which = distinct.map(({ key, place }) => `DaemonSet ${key} uses ${objectText(place)}`).join(", ");
    throw new CommandRefused(`rebootd runs with more than one lock: ${which}; ${pass}`);
  }
  if (!isGiven && only !== undefined) {
    const ifMissing = `the DaemonSet ${only.key} has its lock there; apply the manifests of rebootd again to create it`;
    return { place: only.place, ifMissing, hooks };
  }
  const place = lockPlace(parseTable(placeOptions, given));
  if (installed === undefined) {
    return {
      place,
      ifMissing: `DaemonSets may not be listed, so rebootd cannot be found by itself; ${pass}`,
      hooks,
    };
  }
  if (only === undefined)
    return { place, ifMissing: `${notInstalled} If it runs without one, ${pass}`, hooks };
  const where = distinct
    .map(
      ({ key, namespace, place }) =>
        `in namespace ${namespace} (DaemonSet ${key}, lock on ${objectText(place)})`,
    )
    .join(" and ");
  const runs = `rebootd runs ${where}`;
  const isTheirs = unclear !== undefined || distinct.some((one) => placeText(one.place) === placeText(place));
  const warning = `${runs}, and does not look at ${objectText(place)}`;
  return { place, ifMissing: runs, hooks, ...(!isTheirs && { warning }) };
}

function hooksOf(installed: readonly Installed[]): readonly string[] | undefined {
  const known = installed.map(({ hooks }) => hooks).filter((hooks) => hooks !== undefined);
  return known.length === 0 || known.length < installed.length ? undefined : known.flat();
}

/** "lease/rebootd in kube-system". */
export function objectText({ kind, name, namespace }: LockPlace): string {
  return `${kind}/${name} in ${namespace}`;
}

/** Undefined if they may not be listed. */
async function listInstalled(api: Api, signal: AbortSignal): Promise<Installed[] | undefined> {
  try {
    const query = { labelSelector: daemonSelector };
    const found = await listAll<DaemonSet>(api, paths.allDaemonSets, { signal, query });
    return found.flatMap(installedBy);
  } catch (error) {
    if (isApiError(error, "forbidden")) return undefined;
    throw error;
  }
}

/** Reads the arguments and the environment of its container, as the daemon itself does. */
function installedBy({ metadata, spec }: DaemonSet): Installed[] {
  const { namespace = "", name = "" } = metadata ?? {};
  const containers = spec?.template.spec?.containers ?? [];
  const container = containers.find(({ args }) => args?.includes("run"));
  if (container === undefined) return [];
  const environment: Record<string, string | undefined> = {};
  let unknown: string | undefined;
  let areHooksUnknown = container.envFrom !== undefined;
  for (const variable of container.env ?? []) {
    const path = variable.valueFrom?.fieldRef?.fieldPath;
    const known = path === "metadata.namespace" ? namespace : path === "spec.nodeName" ? "node" : undefined;
    const text = variable.valueFrom === undefined ? (variable.value ?? "") : known;
    if (text !== undefined) environment[variable.name] = expanded(text, environment);
    else if (placeVariables.includes(variable.name)) unknown = variable.name;
    else if (hookVariables.includes(variable.name)) areHooksUnknown = true;
  }
  const args = (container.args ?? []).map((one) => expanded(one, environment));
  const given = argumentsOf(args.slice(args.indexOf("run") + 1), environment);
  const place = lockPlace(parseTable(placeOptions, given));
  const hooks = areHooksUnknown ? undefined : hookKeys(given);
  return [{ key: `${namespace}/${name}`, namespace, place, unknown, hooks }];
}

const readOptions = { ...placeOptions, ...hookKeyOptions };
const placeVariables = Object.keys(placeOptions).map(environmentName);
const hookVariables = Object.keys(hookKeyOptions).map(environmentName);

/** Undefined for values with which no daemon starts. */
function hookKeys(given: RawValues): readonly string[] | undefined {
  try {
    return Object.values(parseTable(hookKeyOptions, given)).flat(2);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** A DaemonSet of another version may have options that are unknown here. */
function argumentsOf(args: readonly string[], environment: Environment): RawValues {
  const command = runCommand(environment, async () => {});
  command
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .allowUnknownOption()
    .allowExcessArguments();
  command.parseOptions([...args]);
  return givenOptions(command, readOptions, environment);
}

/** https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/ */
function expanded(text: string, environment: Environment): string {
  return text.replace(/\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)/g, (all, name: string) => environment[name] ?? all);
}
