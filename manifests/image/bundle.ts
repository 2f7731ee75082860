import type { BuildOptions } from "esbuild";
import { optionsSchema } from "../../daemon/config/schema.ts";
import { lazyBuiltins } from "./builtins.ts";
import { bundlePage } from "./page.ts";
import { root } from "./root.ts";
import { withoutUnusedParts } from "./unused-parts.ts";

/**
 * Bundles the program and its dependencies. Code that is imported where it is used, such as that of mail and of the
 * page, is in files of its own: text that is never loaded takes a megabyte of memory all the same.
 */
export const bundleOptions = {
  absWorkingDir: root,
  entryPoints: { rebootd: "daemon/main.ts" },
  outdir: "dist",
  outExtension: { ".js": ".mjs" },
  // The names of the parts change with what is in them, so that no part of another version is taken for one.
  chunkNames: "rebootd/[name]-[hash]",
  bundle: true,
  splitting: true,
  platform: "node",
  target: "node24",
  format: "esm",
  minifySyntax: true,
  minifyWhitespace: true,
  // Licences are in a file of their own: notices.ts.
  legalComments: "none",
  metafile: true,
  define: {
    bundledPage: JSON.stringify(JSON.stringify(bundlePage())),
    bundledConfigSchema: JSON.stringify(JSON.stringify(optionsSchema())),
  },
  banner: {
    js: "const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);",
  },
  plugins: [lazyBuiltins, withoutUnusedParts],
} satisfies BuildOptions;
