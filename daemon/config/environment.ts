import { environmentName, isGivenEmpty } from "./option.ts";
import { configFileOptions } from "./options/config-file.ts";
import { deadOptions } from "./options/notify.ts";
import { type OptionName, options, type RawOptions } from "./settings.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

const known = new Set(Object.keys({ ...options, ...configFileOptions }).map(environmentName));

/**
 * Whether Kubernetes has set the variable, as it does for each Service of the pod's namespace. A Service that
 * is called rebootd, or rebootd-metrics, gives them names like those of options.
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
export function isServiceLink(name: string, value: string): boolean {
  if (/_SERVICE_(HOST|PORT|PORT_[A-Z0-9_]+)$/.test(name)) return true;
  if (/_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name)) return true;
  return name.endsWith("_PORT") && /^(tcp|udp|sctp):\/\//.test(value);
}

/**
 * Input without effect, as people would type it: variables of kured, variables of no option, empty values, and
 * options that have no effect in kured either.
 */
export function ignoredInputs(environment: Environment, raw: RawOptions): string[] {
  const variables = Object.entries(environment)
    .filter(([name, value = ""]) => /^(REBOOTD|KURED)_/.test(name) && !isServiceLink(name, value))
    .map(([name]) => name)
    .filter((name) => !known.has(name));
  const empty = (Object.keys(raw) as OptionName[]).filter((name) => isGivenEmpty(options[name], raw[name]));
  const dead = deadOptions.filter((name) => raw[name] !== undefined).map((name) => `--${name}`);
  return [...variables.sort(), ...empty.map((name) => `--${name} without a value`), ...dead];
}
