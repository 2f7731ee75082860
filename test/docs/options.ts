/** Options of the daemon in blocks and code spans of the pages, as they would be given to it. Pure. */
import { loadAllYaml } from "@kubernetes/client-node";
import { options } from "../../daemon/config/settings.ts";
import { shellWords } from "../../daemon/config/shell-words.ts";
import { type Block, blocksIn, type Page, spansIn } from "./pages.ts";

/** Options that belong together, as words such as "--os=rhel", and their place. */
export interface Given {
  place: string;
  words: readonly string[];
}

/** Blocks of lines of options, options and variables in YAML, and code spans that begin with an option and its value. */
export function givenOptionsIn(page: Page): Given[] {
  const spans = spansIn(page)
    .filter(({ code }) => Object.hasOwn(options, /^--([a-z-]+)=\S/.exec(code)?.[1] ?? ""))
    .filter(({ code }) => !/…|[A-Z]{3,}|[<{]/.test(code))
    .map(({ line, code }) => ({ place: `${page.file}:${line}`, words: [unquoted(code)] }));
  const blocks = blocksIn(page).map((block) => ({
    place: `${block.file}:${block.line}`,
    words: block.language === "yaml" ? wordsOfYaml(block) : wordsOfLines(block),
  }));
  return [...blocks.filter(({ words }) => words.length > 0), ...spans];
}

/** The quotes are the shell's. */
const unquoted = (code: string) => code.replaceAll(/(?<==)'(.*)'$|(?<==)"(.*)"$/g, "$1$2");

function wordsOfLines({ language, text }: Block): string[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (language !== "" || !lines.every((line) => line.startsWith("--"))) return [];
  // A value has quotes where a shell needs them, and only there.
  return lines.flatMap((line) => (/=[a-z]+=~?"/.test(line) ? [line] : shellWords(line)));
}

function wordsOfYaml({ text }: Block): string[] {
  const words: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value === "string") {
      // A patch is a document in a string.
      if (value.includes("\n")) visit(loadAllYaml(value));
      else if (/^--[a-z]/.test(value)) words.push(value);
    } else if (Array.isArray(value)) for (const one of value) visit(one);
    else if (typeof value === "object" && value !== null) {
      const { name, value: given } = value as { name?: unknown; value?: unknown };
      if (typeof name === "string" && name.startsWith("REBOOTD_") && typeof given === "string")
        words.push(`--${name.slice("REBOOTD_".length).toLowerCase().replaceAll("_", "-")}=${given}`);
      for (const one of Object.values(value)) visit(one);
    }
  };
  visit(loadAllYaml(text));
  return words;
}

/** As the daemon gets them; throws for a word that is no option with a value. */
export function rawOf(words: readonly string[]): Record<string, string | string[]> {
  const raw: Record<string, string | string[]> = {};
  for (const word of words) {
    const { name, value } = /^--(?<name>[a-z-]+)(?:=(?<value>.*))?$/s.exec(word)?.groups ?? {};
    if (name === undefined) throw new Error(`${word} is no option`);
    const before = raw[name];
    raw[name] = before === undefined ? (value ?? "true") : [before, value ?? ""].flat();
  }
  return raw;
}
