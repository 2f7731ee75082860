import { type OptionName, options } from "./settings.ts";

/** The key of an option in the configuration file: that of `reboot-days` is `rebootDays`. */
export function keyOfOption(name: OptionName): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

const byKey = new Map((Object.keys(options) as OptionName[]).map((name) => [keyOfOption(name), name]));

/** The keys of the configuration file, in the order of the help. */
export const keys: readonly string[] = [...byKey.keys()];

/** Undefined for a key of no option. */
export function optionOfKey(key: string): OptionName | undefined {
  return byKey.get(key);
}
