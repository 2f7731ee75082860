import type { Escalation } from "../drain/escalation.ts";
import { type Config, ConfigError, type OptionName } from "./options.ts";

/** The options that say how long a drain takes, and what follows when it does not succeed. */
export const escalationOptions = [
  "drain-timeout",
  "drain-escalation",
  "disable-eviction",
  "force-reboot",
] as const satisfies OptionName[];

/**
 * A step without a duration takes what the others leave of --drain-timeout. --disable-eviction is `delete` alone,
 * --force-reboot adds `reboot`; either beside --drain-escalation is a ConfigError.
 */
export function escalationOf(config: Pick<Config, (typeof escalationOptions)[number]>): Escalation {
  const given = config["drain-escalation"];
  const drainTimeoutMs = config["drain-timeout"];
  for (const shorthand of ["disable-eviction", "force-reboot"] as const) {
    if (given !== undefined && config[shorthand]) {
      throw new ConfigError(
        `--${shorthand}: there is --drain-escalation="${given.text}" too; allowed is one of them`,
      );
    }
  }
  if (given === undefined) {
    return {
      drainTimeoutMs,
      drainDeleteAfterMs: config["disable-eviction"] ? 0 : Number.POSITIVE_INFINITY,
      rebootAnyway: config["force-reboot"],
    };
  }
  const { evictMs = 0, deleteMs = 0, rest, text } = given;
  const restMs = rest === undefined ? 0 : drainTimeoutMs - evictMs - deleteMs;
  if (rest !== undefined && restMs < 1000) {
    throw new ConfigError(
      `--drain-escalation="${text}": allowed are steps that leave at least 1s of --drain-timeout for ${rest}`,
    );
  }
  const evicts = evictMs + (rest === "evict" ? restMs : 0);
  const hasDelete = deleteMs > 0 || rest === "delete";
  return {
    drainTimeoutMs: evictMs + deleteMs + restMs,
    drainDeleteAfterMs: hasDelete ? evicts : Number.POSITIVE_INFINITY,
    rebootAnyway: given.reboot,
  };
}
