import type { Api } from "../cluster/api.ts";
import { daemonSelector } from "../cluster/daemon-sets.ts";
import { environmentName, parseTable, type RawValues } from "../config/option.ts";
import { hookKeyOptions } from "../config/options/hooks.ts";
import { lockPlace, placeOptions } from "../config/options/lock.ts";
import { type LockPlace, placeText } from "../lock/lock-object.ts";
import { ConfigError } from "../text/config-error.ts";
import { CommandRefused } from "./admin.ts";
import { type Installed, readInstalled } from "./installed.ts";

export interface FoundPlace {
  place: LockPlace;
  /** The reason why it may not exist, and the remedy. */
  ifMissing: string;
  /** Set if no known daemon has its lock there. */
  warning?: string;
  /** Keys that any of the DaemonSets names as hooks; undefined if that is unknown. */
  hooks: readonly string[] | undefined;
}

/** The part of a DaemonSet of rebootd that is of use here. */
interface Placed {
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
  const installed = (await readInstalled(api, signal))?.map(placed);
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

function hooksOf(installed: readonly Placed[]): readonly string[] | undefined {
  const known = installed.map(({ hooks }) => hooks).filter((hooks) => hooks !== undefined);
  return known.length === 0 || known.length < installed.length ? undefined : known.flat();
}

/** "lease/rebootd in kube-system". */
export function objectText({ kind, name, namespace }: LockPlace): string {
  return `${kind}/${name} in ${namespace}`;
}

/** Reads of its options what names the lock and the hooks. */
function placed({ key, namespace, raw, unknown, mayHaveMore }: Installed): Placed {
  const hidden = unknown.find((name) => Object.hasOwn(placeOptions, name));
  const areHooksUnknown = mayHaveMore || unknown.some((name) => Object.hasOwn(hookKeyOptions, name));
  return {
    key,
    namespace,
    place: lockPlace(parseTable(placeOptions, raw)),
    unknown: hidden && environmentName(hidden),
    hooks: areHooksUnknown ? undefined : hookKeys(raw),
  };
}

/** Undefined for values with which no daemon starts. */
function hookKeys(given: RawValues): readonly string[] | undefined {
  try {
    return Object.values(parseTable(hookKeyOptions, given)).flat(2);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}
