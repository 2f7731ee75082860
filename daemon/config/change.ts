/** A new configuration file against the one before. Pure. */
import { keyOfOption } from "./keys.ts";
import type { Option } from "./option.ts";
import { type OptionName, options, type RawOptions } from "./settings.ts";

export interface Change {
  /** The options that a daemon that runs takes on. */
  raw: RawOptions;
  /** The keys of those that differ from what it has. */
  changed: readonly string[];
  /** The keys of those that count from the next start only. */
  kept: readonly string[];
}

const names = Object.keys(options) as OptionName[];

/** Options with which a running daemon cannot go on: the node, the cluster, the lock's place, the port. */
export const restartOptions: readonly OptionName[] = names.filter(
  (name) => (options[name] as Option<unknown>).needsRestart,
);

/** `has`: the options with which the daemon runs. */
export function changeTo(has: RawOptions, given: RawOptions): Change {
  const differing = names.filter((name) => !isSame(name, has[name], given[name]));
  const kept = differing.filter((name) => restartOptions.includes(name));
  const raw: Partial<RawOptions> = { ...given };
  for (const name of kept) {
    if (has[name] === undefined) delete raw[name];
    else Object.assign(raw, { [name]: has[name] });
  }
  const changed = differing.filter((name) => !kept.includes(name));
  return { raw, changed: changed.map(keyOfOption), kept: kept.map(keyOfOption) };
}

/** The default counts as the option that is not given. */
function isSame(name: OptionName, one: RawOptions[OptionName], other: RawOptions[OptionName]): boolean {
  const { default: usual } = options[name] as Option<unknown>;
  const plain = (given: RawOptions[OptionName]) => JSON.stringify([given ?? usual ?? []].flat());
  return plain(one) === plain(other);
}
