/** Writes the name of an option as the place has it from which the option was read. */
export type Naming = (option: string) => string;

/** The form of the command line. */
const asFlag: Naming = (option) => `--${option}`;

/**
 * Input that a person gave and that is invalid: the process ends with exit code 2. The message is one line,
 * names the option, and says what its value must be. It has the form of kubectl's and cobra's messages.
 */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly #words: ((named: Naming) => string) | undefined;

  /** A message that is a function can name its options otherwise; the first one that it names is at fault. */
  constructor(message: string | ((named: Naming) => string), options?: ErrorOptions) {
    super(typeof message === "string" ? message : message(asFlag), options);
    this.#words = typeof message === "string" ? undefined : message;
  }

  /** The message with these names of its options. */
  worded(named: Naming): string {
    return this.#words?.(named) ?? this.message;
  }
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
  return new ConfigError(
    (named) => `invalid value${value} for ${named(option)}: ${renamed(rule, named)}`,
    // An error without a cause has no such property.
    cause === undefined ? undefined : { cause },
  );
}

/** `required`: the name of an option, perhaps with others, as in "a or --b". */
export function missingOption(option: string, required: string): ConfigError {
  return new ConfigError((named) => `${named(option)} requires ${renamed(`--${required}`, named)}`);
}

/** Each is an option as on the command line, perhaps in a few words. */
export function exclusiveOptions(one: string, other: string): ConfigError {
  return new ConfigError(
    (named) => `${renamed(one, named)} and ${renamed(other, named)} are mutually exclusive`,
  );
}

function renamed(text: string, named: Naming): string {
  return text.replace(/--([a-z][a-z-]*[a-z])/g, (_, option: string) => named(option));
}

/** A value in quotes, on one line and at most 80 characters long, without the user and password of a URL. */
export function printable(given: string): string {
  const shown = withoutUsers(given);
  return JSON.stringify(shown.length > 80 ? `${shown.slice(0, 80)}…` : shown);
}

/** The text without the users and passwords of URLs in it. */
export function withoutUsers(text: string): string {
  return text.replace(/(\w+:\/\/)?\S+@/g, "$1…@");
}
