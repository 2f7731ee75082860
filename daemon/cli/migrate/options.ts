/** The options of rebootd that mean what kured is given. Pure. */
import { contract } from "../../annotations/names.ts";
import { environmentName, type Option } from "../../config/option.ts";
import { type OptionName, options, parseSettings, type RawOptions } from "../../config/settings.ts";
import { type Translation, translateKured } from "../../kured/translate.ts";
import { ConfigError } from "../../text/config-error.ts";
import type { FoundKured, HiddenSetting, Variable } from "./found.ts";

/** One option of rebootd with its value. */
export interface ChosenOption {
  option: OptionName;
  /** Undefined for a secret, which is not repeated. */
  values: readonly string[] | undefined;
  /** The entry of the environment that has the value, where it is a secret or in another object. */
  variable: Variable | undefined;
}

export interface Chosen extends Pick<Translation, "warnings" | "differences"> {
  options: readonly ChosenOption[];
  /** The texts for the daemon, secrets among them; for reading single ones, not for output. */
  raw: RawOptions;
}

/** The Secret for values that were in plain text in kured's settings. */
export const secretName = "rebootd-options";

/**
 * Throws a ConfigError with the place of the setting that kured refuses, or that has no safe meaning. Settings whose value
 * is in another object are left to {@link hiddenOptions}.
 */
export function chosenOptions(found: FoundKured): Chosen {
  const { "node-id": _, ...raw } = translated(found).raw;
  const { warnings, differences } = translated(found);
  const given = needed(withoutHidden(raw, found.hidden), found.hidden);
  checked(found, given);
  const chosen = (Object.keys(given) as OptionName[]).map((option) => {
    const values = [given[option] ?? []].flat();
    if (!isSecret(option, values)) return { option, values, variable: undefined };
    const secretKeyRef = { name: secretName, key: option };
    return {
      option,
      values: undefined,
      variable: { name: environmentName(option), valueFrom: { secretKeyRef } },
    };
  });
  return { options: chosen, raw: given, warnings, differences };
}

/** The variables by which rebootd reads the same values from the same objects. */
export function hiddenOptions(hidden: readonly HiddenSetting[]): ChosenOption[] {
  return hidden.flatMap(({ flag, variable }) =>
    variable?.valueFrom === undefined || !isOption(flag)
      ? []
      : [
          {
            option: flag,
            values: undefined,
            variable: { name: environmentName(flag), valueFrom: variable.valueFrom },
          },
        ],
  );
}

function translated(found: FoundKured): Translation {
  return located(found, (args, environment) => translateKured(args, environment));
}

/** rebootd has rules between options that kured does not have. */
function checked(found: FoundKured, raw: RawOptions): void {
  try {
    parseSettings({ "node-id": "node", ...raw });
  } catch (error) {
    throw error instanceof ConfigError ? new ConfigError(`${found.at}: ${error.message}`) : error;
  }
}

type Translate<T> = (args: readonly string[], environment: Record<string, string>) => T;

/**
 * The answer for all of it. The place of a fault is that of the first setting from which on no beginning of the whole
 * is right any more: a flag alone may lack the value that follows it.
 */
function located<T>({ at, args, environment }: FoundKured, translate: Translate<T>): T {
  const all = [...args.map(({ at }) => ({ at })), ...environment.map(({ at }) => ({ at }))];
  const beginning = (length: number) => {
    const variables = environment.slice(0, Math.max(0, length - args.length));
    // The node's own name comes from the pod; without it nothing is right.
    const node = environment.filter(({ name }) => name === "KURED_NODE_ID");
    return translate(
      args.slice(0, length).map(({ text }) => text),
      Object.fromEntries([...node, ...variables].map(({ name, text }) => [name, text])),
    );
  };
  try {
    return beginning(all.length);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const isRight = (length: number) => {
      try {
        beginning(length);
        return true;
      } catch {
        return false;
      }
    };
    let right = all.length - 1;
    while (right > 0 && !isRight(right)) right--;
    throw new ConfigError(`${all[right]?.at ?? at}: ${error.message}`);
  }
}

/** A value in another object goes before an argument, as the environment does in kured. */
function withoutHidden(raw: RawOptions, hidden: readonly HiddenSetting[]): RawOptions {
  const flags = new Set(hidden.map(({ flag }) => flag));
  return Object.fromEntries(Object.entries(raw).filter(([option]) => !flags.has(option)));
}

/** Without the usual annotation of the lock, and without texts of messages that nobody gets. */
function needed(raw: RawOptions, hidden: readonly HiddenSetting[]): RawOptions {
  const sendsMessages =
    raw["notify-url"] !== undefined || hidden.some(({ flag }) => /^(?:notify|slack-hook)-url$/.test(flag));
  return Object.fromEntries(
    Object.entries(raw).filter(([option, value]) => {
      // kured asks the command in its place.
      if (option === "reboot-sentinel") return raw["reboot-sentinel-command"] === undefined;
      if (option === "lock-annotation") return value !== contract.kuredLock.key;
      return sendsMessages || !option.startsWith("message-template-");
    }),
  );
}

/** A URL may have a user and a password. */
function isSecret(option: OptionName, values: readonly string[]): boolean {
  const { secret }: Option<unknown> = options[option];
  return secret === true || values.some((value) => /:\/\/[^/\s]*@/.test(value));
}

function isOption(flag: string): flag is OptionName {
  return Object.hasOwn(options, flag);
}
