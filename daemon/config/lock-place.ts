import type { LockPlace } from "../lock/lock-object.ts";
import { lockKinds } from "./lock-kinds.ts";
import { type Config, ConfigError, type OptionName } from "./options.ts";

/** The options that say where the lock is. */
export const lockPlaceOptions = [
  "namespace",
  "lock-object",
  "ds-name",
  "ds-namespace",
  "lock-annotation",
] as const satisfies OptionName[];

/** Where the lock is, from the options that say so; two that say different things are a ConfigError. */
export function lockPlaceOf(config: Pick<Config, (typeof lockPlaceOptions)[number]>): LockPlace {
  const object = config["lock-object"];
  const daemonSet = config["ds-name"];
  if (object !== undefined && daemonSet !== undefined) {
    throw new ConfigError(
      `--ds-name="${daemonSet}": there is --lock-object="${object.kind}/${object.name}" too; allowed is one of them`,
    );
  }
  const { kind, name } =
    daemonSet === undefined
      ? (object ?? ({ kind: "lease", name: "rebootd" } as const))
      : ({ kind: "daemonset", name: daemonSet } as const);
  const defaults = lockKinds[kind];
  return {
    kind,
    name,
    namespace: config[defaults.namespace],
    annotation: config["lock-annotation"] ?? defaults.annotation,
  };
}
