/**
 * Builds rebootd's part of the image: the bundle, the licences of the bundled packages, and the schema of the
 * configuration file. `--log-level=error` makes it quiet; `--outdir` is a folder of its own, by default dist.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { optionsSchema } from "../../daemon/config/schema.ts";
import { bundleOptions } from "./bundle.ts";
import { noticesOf } from "./notices.ts";
import { root } from "./root.ts";

const { values } = parseArgs({
  options: { "log-level": { type: "string", default: "info" }, outdir: { type: "string", default: "dist" } },
});
const outdir = resolve(root, values.outdir);
// Parts of an earlier build have other names.
rmSync(outdir, { recursive: true, force: true });
const logLevel = values["log-level"] === "error" ? "error" : "info";
const { metafile } = await build({ ...bundleOptions, outdir, logLevel });
for (const file of Object.keys(metafile.outputs)) writeInAscii(resolve(root, file));
writeFileSync(join(outdir, "THIRD-PARTY-NOTICES.txt"), noticesOf([metafile], root));
writeFileSync(join(outdir, "config.schema.json"), `${JSON.stringify(optionsSchema(), null, 2)}\n`);

/**
 * esbuild leaves the characters of regular expressions as they are. The engine holds a text with one beyond Latin-1 in
 * two bytes a character.
 */
function writeInAscii(file: string): void {
  const text = readFileSync(file, "utf8");
  const escaped = text.replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  if (escaped !== text) writeFileSync(file, escaped);
}
