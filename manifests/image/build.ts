/** Makes what the image has of rebootd itself: the bundle, and the licences of what is in it. With `--log-level=error` quietly. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { bundleOptions, root } from "./bundle.ts";
import { noticesOf } from "./notices.ts";

const logLevel = process.argv.includes("--log-level=error") ? "error" : "info";
const { metafile } = await build({ ...bundleOptions, logLevel });
writeFileSync(join(root, "dist/THIRD-PARTY-NOTICES.txt"), noticesOf(metafile, root));
