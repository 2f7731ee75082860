import { globSync, readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import type { Mutant } from "./mutants.ts";

const root = new URL("../../../", import.meta.url);
const daemon = new URL("daemon/", root);

/** Plants a bug into what is imported from now on. A text that is not there exactly once is an error. */
export function plant(mutant: Mutant): void {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      return url.startsWith(daemon.href)
        ? { ...loaded, source: planted(mutant, url, loaded.source) }
        : loaded;
    },
  });
}

/**
 * The storms with a bug, beside those without it in the same process: only the modules that import it, directly or not, are loaded once
 * more, which takes a fraction of a process of its own.
 */
export async function importPlanted(mutant: Mutant): Promise<Pick<typeof import("./play.ts"), "play">> {
  // A name has characters that a URL writes otherwise.
  const mark = `?bug=${Buffer.from(mutant.name).toString("hex")}`;
  const edited = new Set(mutant.edits.map(([, , where = mutant.file]) => new URL(where, daemon).href));
  const copied = importersOf([...edited]);
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
    const storms = (await import(`./play.ts${mark}`)) as typeof import("./play.ts");
    if (edited.size > 0)
      throw new Error(`the bug "${mutant.name}": storms do not import ${[...edited].join()}`);
    return storms;
  } finally {
    hooks.deregister();
  }
}

function planted({ name, file, edits }: Mutant, url: string, before: unknown): string {
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

/** Each module of daemon/ and test/ with those that it imports, as URLs. */
const imports: ReadonlyMap<string, readonly string[]> = new Map(
  globSync(["daemon/**/*.ts", "test/**/*.ts"], { cwd: fileURLToPath(root) }).map((path) => {
    const url = new URL(path, root);
    const specifiers = readFileSync(url, "utf8").matchAll(
      /^(?:import|export) (?!type )[^;]*?from "(\.[^"]+)"/gm,
    );
    return [url.href, [...specifiers].map(([, specifier = ""]) => new URL(specifier, url).href)];
  }),
);

/** These modules, and all that import them, directly or not. */
function importersOf(modules: readonly string[]): ReadonlySet<string> {
  const found = new Set(modules);
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const [module, imported] of imports) if (imported.some((one) => found.has(one))) found.add(module);
  }
  return found;
}
