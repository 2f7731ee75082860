import { fileURLToPath } from "node:url";
import type { BuildOptions } from "esbuild";

/** The folder with package.json. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Bundles the daemon and its dependencies in one file. */
export const bundleOptions = {
  absWorkingDir: root,
  entryPoints: ["daemon/main.ts"],
  outfile: "dist/rebootd.mjs",
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  minifySyntax: true,
  minifyWhitespace: true,
  // Licences are in a file of their own: notices.ts.
  legalComments: "none",
  metafile: true,
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
} satisfies BuildOptions;
