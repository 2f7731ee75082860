import { ConfigError, invalidValue } from "../../text/config-error.ts";
import type { ReadText } from "../../text/option-file.ts";
import type { Given, TypedOptions } from "../given.ts";
import { checkFile } from "./check-file.ts";

/** Rejects with a ConfigError for a file that cannot be read. */
export async function readConfigText(file: string, readText: ReadText): Promise<string> {
  try {
    return await readText(file);
  } catch (cause) {
    const why = (cause as Error).message;
    throw invalidValue(
      "config",
      JSON.stringify(file),
      `must be a file that can be read, for example /etc/rebootd/config.yaml, but ${why}`,
    );
  }
}

/** All that was given, with a file of this text. Throws a ConfigError with the first mistake in it. */
export function givenWithFile(file: string, text: string, typed: TypedOptions): Given {
  const { given, problems } = checkFile(file, text, typed);
  const [first, ...more] = problems;
  if (first === undefined) return given;
  const others = more.length === 0 ? "" : ` (and ${more.length} more: rebootd config --check ${file})`;
  throw new ConfigError(`${first}${others}`);
}
