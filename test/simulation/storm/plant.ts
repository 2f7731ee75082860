import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { readImports } from "../../read-imports.ts";
import type { Mutant } from "./mutants.ts";

const root = new URL("../../../", import.meta.url);
const daemon = new URL("daemon/", root);

/** The storms with a bug. */
export function importPlanted(mutant: Mutant): Promise<Pick<typeof import("./play.ts"), "play">> {
  return importWithBug<typeof import("./play.ts")>(mutant, "./play.ts");
}

/**
 * A story with a bug, by its path from here, beside those without it in the same process: only the modules that import it, directly or not, are loaded once
 * more, which takes a fraction of a process of its own. Rejects unless the text that it replaces is there exactly once.
 */
export async function importWithBug<Story>(mutant: Omit<Mutant, "seed">, path: string): Promise<Story> {
  // A name has characters that a URL writes otherwise.
  const mark = `?bug=${Buffer.from(mutant.name).toString("hex")}`;
  const files = mutant.edits.map(([, , where = mutant.file]) => where);
  const edited = new Set(files.map((file) => new URL(file, daemon).href));
  const copied = importersOf(files.map((file) => `daemon/${file}`));
  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      const isInCopy = context.parentURL?.endsWith(mark) === true && copied.has(resolved.url);
      return isInCopy ? { ...resolved, url: resolved.url + mark } : resolved;
    },
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.endsWith(mark)) return loaded;
      const original = url.slice(0, -mark.length);
      edited.delete(original);
      return { ...loaded, source: planted(mutant, original, loaded.source) };
    },
  });
  try {
    const story = (await import(`${path}${mark}`)) as Story;
    if (edited.size > 0)
      throw new Error(`the bug "${mutant.name}": ${path} does not import ${[...edited].join()}`);
    return story;
  } finally {
    hooks.deregister();
  }
}

/** Throws unless each text that the bug replaces is there exactly once. */
export function checkPlaces(mutant: Mutant): void {
  for (const file of new Set(mutant.edits.map(([, , where = mutant.file]) => where))) {
    const { href } = new URL(file, daemon);
    planted(mutant, href, readFileSync(fileURLToPath(href), "utf8"));
  }
}

function planted({ name, file, edits }: Omit<Mutant, "seed">, url: string, before: unknown): string {
  let source = String(before);
  for (const [text, instead, where = file] of edits) {
    if (url !== new URL(where, daemon).href) continue;
    const parts = source.split(text);
    if (parts.length !== 2) {
      const place = fileURLToPath(url);
      throw new Error(`the bug "${name}" has no place: ${place} has ${parts.length - 1} times ${text}`);
    }
    source = parts.join(instead);
  }
  return source;
}

let imports: ReadonlyMap<string, readonly string[]> | undefined;

/** These modules, and all that import them, directly or not; as URLs. */
function importersOf(files: readonly string[]): ReadonlySet<string> {
  imports ??= readImports("values");
  const found = new Set(files);
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const [file, imported] of imports) if (imported.some((one) => found.has(one))) found.add(file);
  }
  return new Set([...found].map((file) => new URL(file, root).href));
}
