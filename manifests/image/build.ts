/** Builds rebootd's part of the image: the bundles, and the licences of the bundled packages. `--log-level=error` makes it quiet. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { bundleOptions, mailBundleOptions } from "./bundle.ts";
import { noticesOf } from "./notices.ts";
import { root } from "./root.ts";

const logLevel = process.argv.includes("--log-level=error") ? "error" : "info";
const built = await Promise.all(
  [bundleOptions, mailBundleOptions].map((options) => build({ ...options, logLevel })),
);
const notices = noticesOf(
  built.map(({ metafile }) => metafile),
  root,
);
writeFileSync(join(root, "dist/THIRD-PARTY-NOTICES.txt"), notices);
