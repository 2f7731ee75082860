/**
 * Input that a person gave and that is invalid: the process ends with exit code 2. The message is one line,
 * names the option, and says what its value must be. It has the form of kubectl's and cobra's messages.
 */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * `shown`: the value as it may be printed, see {@link printable}; undefined for a secret. `rule` is a
 * sentence such as "must be a file".
 */
export function invalidValue(
  option: string,
  shown: string | undefined,
  rule: string,
  cause?: unknown,
): ConfigError {
  const value = shown === undefined ? "" : ` ${shown}`;
  return new ConfigError(`invalid value${value} for --${option}: ${rule}`, { cause });
}

export function missingOption(option: string, required: string): ConfigError {
  return new ConfigError(`--${option} requires --${required}`);
}

export function exclusiveOptions(one: string, other: string): ConfigError {
  return new ConfigError(`${one} and ${other} are mutually exclusive`);
}

/** A value in quotes, on one line and at most 80 characters long, without the user and password of a URL. */
export function printable(given: string): string {
  const shown = given.replace(/(\w+:\/\/)?\S+@/g, "$1…@");
  return JSON.stringify(shown.length > 80 ? `${shown.slice(0, 80)}…` : shown);
}
