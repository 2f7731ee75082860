import * as z from "zod/mini";
import { forms } from "./form.ts";
import { keyOfOption } from "./keys.ts";
import type { Option } from "./option.ts";
import { type OptionName, options } from "./settings.ts";
import { writtenType } from "./written.ts";

/** The part of a JSON Schema (draft 2020-12) that readers of it use. */
export interface JsonSchema {
  [word: string]: unknown;
  properties?: Readonly<Record<string, JsonSchema>>;
}

/**
 * The JSON Schema of the configuration file, made from the table of the options: each with its help, its rule
 * and its default. It refuses unknown keys, values of another type, and texts of another form; only the daemon
 * can say whether a text of the right form is valid, and whether options fit each other.
 */
export function optionsSchema(): JsonSchema {
  const all = Object.entries<Option<unknown>>(options).map(([name, option]) => [
    keyOfOption(name as OptionName),
    z.optional(writtenType(option)).register(z.globalRegistry, wordsOf(name as OptionName, option)),
  ]);
  const file = z.strictObject(Object.fromEntries(all)).register(z.globalRegistry, {
    title: "Configuration of rebootd",
    description: "The file that rebootd run --config reads; each key is an option of rebootd run",
  });
  return z.toJSONSchema(file, { io: "input", target: "draft-2020-12" }) as JsonSchema;
}

function wordsOf(name: OptionName, option: Option<unknown>) {
  const rule = forms.get(option.type)?.rule ?? "";
  return {
    title: `--${name}`,
    description: `${option.help}. Each value ${rule}`.replace("Each value", option.repeat ? "Each" : "It"),
    ...(option.default !== undefined && { default: writtenDefault(option) }),
    ...(option.secret && { writeOnly: true }),
  };
}

/** The default as a person would write it in the file. */
function writtenDefault({ type, default: text = "" }: Option<unknown>): string | number | boolean {
  const form = forms.get(type)?.form;
  if (form?.boolean) return text === "true";
  return form?.integer && /^-?\d+$/.test(text) ? Number(text) : text;
}
