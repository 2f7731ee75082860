import { ConfigError, invalidValue } from "./config-error.ts";

/** Resolves with the text of a file; of a file without an end with its beginning. */
export type ReadText = (file: string) => Promise<string>;

/**
 * Reads and parses a file that an option names. Rejects with a ConfigError where the file cannot be read or
 * `parse` throws.
 */
export async function parseOptionFile<T>(
  option: string,
  file: string,
  parse: (text: string) => T,
  readText: ReadText,
): Promise<T> {
  try {
    return parse(await readText(file));
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw invalidValue(option, JSON.stringify(file), (cause as Error).message, cause);
  }
}

/** The token in the text of a file. Throws unless the text is one word that a header may hold. */
export function parseToken(text: string): string {
  const token = text.trim();
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Error("must be a file with a token on one line");
  return token;
}
