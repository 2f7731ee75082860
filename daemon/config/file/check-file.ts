import { ConfigError } from "../../text/config-error.ts";
import { type Given, located, merged, optionsNamed, type TypedOptions } from "../given.ts";
import { type OptionName, parseSettings, type RawOptions } from "../settings.ts";
import { parseFile } from "./parse-file.ts";
import { problemText } from "./problem.ts";

/** All that was given with a file, and all that is wrong with it, each as one line that begins with the place. */
export interface CheckedFile {
  given: Given;
  problems: readonly string[];
}

/**
 * Checks a configuration file: each value by itself, also one that something else overrides, and whether the
 * options that count fit each other. `typed` is what goes before the file. Pure.
 */
export function checkFile(file: string, text: string, typed: TypedOptions): CheckedFile {
  const parsed = parseFile(file, text);
  const given = merged(typed, parsed);
  const contradictory = contradictions(given.raw, parsed.refused);
  return {
    given,
    problems: [
      ...parsed.problems.map((problem) => problemText(file, problem)),
      ...contradictory.map((error) => (located(error, given) as ConfigError).message),
    ],
  };
}

/**
 * Every contradiction. After each the option at fault is left out; what is found only because an option is
 * missing that was left out or refused is no contradiction.
 */
function contradictions(raw: RawOptions, refused: ReadonlySet<OptionName>): ConfigError[] {
  const left: Partial<RawOptions> = { "node-id": "node", ...raw };
  const gone = new Set<string>(refused);
  const found: ConfigError[] = [];
  for (;;) {
    try {
      parseSettings(left);
      return found;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const named = optionsNamed(error);
      if (!named.some((name) => gone.has(name))) found.push(error);
      const culprit = named.find((name) => Object.hasOwn(left, name));
      if (culprit === undefined) return found;
      gone.add(culprit);
      delete left[culprit];
    }
  }
}
