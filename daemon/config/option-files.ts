import { createReadStream } from "node:fs";
import { text as textOf } from "node:stream/consumers";
import { ConfigError, type OptionName } from "./options.ts";

/** A bundle of all usual authorities is a quarter of that. */
const fileMaxBytes = 1024 * 1024;

/** Parses a file that an option names. Rejects with a ConfigError where the file cannot be read or `parse` throws. */
export async function readOptionFile<T>(
  name: OptionName,
  file: string,
  parse: (text: string) => T,
): Promise<T> {
  try {
    return parse(await textOf(createReadStream(file, { end: fileMaxBytes })));
  } catch (cause) {
    throw new ConfigError(`--${name}=${JSON.stringify(file)}: ${(cause as Error).message}`, { cause });
  }
}

/** The token in the text of a file. Throws unless that is one word that a header may hold. */
export function parseToken(text: string): string {
  const token = text.trim();
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Error("allowed is a file with a token on one line");
  return token;
}
