import type { LockPlace } from "../lock/lock-object.ts";
import { type Config, ConfigError, type OptionName } from "./options.ts";

/** The options that say where the lock is. */
export const lockPlaceOptions = [
  "namespace",
  "lock-object",
  "ds-name",
  "ds-namespace",
  "lock-annotation",
] as const satisfies OptionName[];

/** kured's own annotation, so that both can stand side by side on its DaemonSet. */
const kuredAnnotation = "weave.works/kured-node-lock";

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
  return {
    kind,
    name,
    namespace: kind === "lease" ? config.namespace : config["ds-namespace"],
    annotation: config["lock-annotation"] ?? (kind === "lease" ? "rebootd.dev/lock" : kuredAnnotation),
  };
}
