import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import type { Mutant } from "./mutants.ts";

const daemon = new URL("../../../daemon/", import.meta.url);

/** Plants a bug into what is imported from now on. A text that is not there exactly once is an error. */
export function plant({ name, file, edits }: Mutant): void {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const here = edits.filter(([, , where = file]) => url === new URL(where, daemon).href);
      if (here.length === 0) return loaded;
      let source = String(loaded.source);
      for (const [text, instead] of here) {
        const parts = source.split(text);
        if (parts.length !== 2) {
          const where = fileURLToPath(url);
          throw new Error(`the bug "${name}" has no place: ${where} has ${parts.length - 1} times ${text}`);
        }
        source = parts.join(instead);
      }
      return { ...loaded, source };
    },
  });
}
