import type { OptionName } from "../config/settings.ts";
import type { Become } from "./become.ts";
import type { FlagKind } from "./flag-kinds.ts";

/** A flag of kured. Its variable is `KURED_` and the name in upper case. */
export interface Flag<K extends FlagKind = FlagKind> {
  /** Its type in pflag. */
  readonly kind: K;
  /** The text that kured would take for it; empty for none. */
  readonly default: string;
  /** The meaning for kured: one sentence. */
  readonly means: string;
  /** The difference in rebootd, and its reason. Absent: it does the same. */
  readonly differs?: string;
  /** The difference is there also where the flag is not given. */
  readonly differsUngiven?: true;
  /** Not shown where it is refused. */
  readonly secret?: true;
  /** The options of rebootd that it may become; empty where it has no effect. */
  readonly options: readonly OptionName[];
  readonly become: Become<K>;
}

/** Infers the kind, so that each row's function takes the value of its kind. */
export function flag<const K extends FlagKind>(row: Flag<K>): Flag<K> {
  return row;
}

/** The variable of a flag: KURED_REBOOT_DAYS. */
export function variableOf(name: string): string {
  return `KURED_${name.toUpperCase().replaceAll("-", "_")}`;
}
