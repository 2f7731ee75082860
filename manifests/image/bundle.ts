import { fileURLToPath } from "node:url";
import type { BuildOptions } from "esbuild";
import { root } from "./root.ts";

const common = {
  absWorkingDir: root,
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

/** A file of its own: text that is never loaded takes a megabyte of memory all the same. */
const mailFile = "./nodemailer.mjs";

/** Bundles the daemon and its dependencies in one file, except what sends mail. */
export const bundleOptions = {
  ...common,
  entryPoints: ["daemon/main.ts"],
  outfile: "dist/rebootd.mjs",
  alias: { nodemailer: mailFile },
  external: [mailFile],
} satisfies BuildOptions;

/** Bundles what sends mail. The daemon loads this file from its own folder, with the first mail. */
export const mailBundleOptions = {
  ...common,
  entryPoints: [fileURLToPath(import.meta.resolve("nodemailer"))],
  outfile: "dist/nodemailer.mjs",
} satisfies BuildOptions;
