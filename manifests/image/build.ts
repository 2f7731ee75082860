/** Builds rebootd's part of the image: the bundle, and the licences of the bundled packages. `--log-level=error` makes it quiet. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { bundleOptions } from "./bundle.ts";
import { noticesOf } from "./notices.ts";
import { root } from "./root.ts";

const logLevel = process.argv.includes("--log-level=error") ? "error" : "info";
// Parts of an earlier build have other names.
rmSync(join(root, "dist"), { recursive: true, force: true });
const { metafile } = await build({ ...bundleOptions, logLevel });
writeFileSync(join(root, "dist/THIRD-PARTY-NOTICES.txt"), noticesOf([metafile], root));
