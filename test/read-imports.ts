import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

const patterns = {
  all: / from "(\.[^"]+)"/g,
  /** Without those of types alone, which are not there any more when the file runs. */
  values: /^(?:import|export) (?!type )[^;]*?from "(\.[^"]+)"/gm,
};

/** The files of daemon/ and test/, each with those of them that it imports; paths from the folder with package.json. */
export function readImports(which: keyof typeof patterns): ReadonlyMap<string, readonly string[]> {
  return new Map(
    globSync("{daemon,test}/**/*.ts", { cwd: root }).map((file) => {
      const text = readFileSync(join(root, file), "utf8");
      const paths = [...text.matchAll(patterns[which])].map(([, path = ""]) => join(dirname(file), path));
      return [file, paths.filter((path) => /^(daemon|test)\//.test(path))];
    }),
  );
}
