/**
 * Packs what `npm run build` has built into dist/rebootd-VERSION.tgz, which npm and krew install. With
 * --uri=URI and --homepage=URL it also writes dist/krew/rebootd.yaml, krew's manifest for that package.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { dumpYaml } from "@kubernetes/client-node";
import { root } from "../image/root.ts";
import { krewManifest, packageFiles, packageManifest, type RootManifest } from "./contents.ts";

const { values } = parseArgs({ options: { uri: { type: "string" }, homepage: { type: "string" } } });
const { uri, homepage } = values;
if ((uri === undefined) !== (homepage === undefined))
  throw new Error("--uri and --homepage require each other");

const dist = join(root, "dist");
const folder = join(dist, "package");
rmSync(folder, { recursive: true, force: true });
for (const [from, to] of packageFiles) {
  mkdirSync(dirname(join(folder, to)), { recursive: true });
  cpSync(join(root, from), join(folder, to), { recursive: true });
}
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as RootManifest;
writeFileSync(join(folder, "package.json"), `${JSON.stringify(packageManifest(manifest), null, 2)}\n`);
execFileSync("npm", ["pack", "--silent", "--pack-destination", dist], { cwd: folder });
rmSync(folder, { recursive: true });

if (uri !== undefined && homepage !== undefined) {
  const { version } = manifest;
  const packed = readFileSync(join(dist, `rebootd-${version}.tgz`));
  const sha256 = createHash("sha256").update(packed).digest("hex");
  mkdirSync(join(dist, "krew"), { recursive: true });
  const text = dumpYaml(krewManifest({ version, uri, sha256, homepage }), { lineWidth: -1 });
  writeFileSync(join(dist, "krew/rebootd.yaml"), text);
}
