import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Metafile } from "esbuild";
import { bundleOptions } from "../image/bundle.ts";
import { bundledFolders } from "../image/notices.ts";
import { root } from "../image/root.ts";
import type { BundledPackage } from "./licences.ts";

/** Bundles in memory, and returns the packages of the bundle. */
export async function readBundledPackages(): Promise<BundledPackage[]> {
  const { metafile } = await build({ ...bundleOptions, write: false, logLevel: "error" });
  return packagesIn(metafile);
}

/** Each package of which something is in the bundle, once for each version. */
export function packagesIn(metafile: Pick<Metafile, "outputs">): BundledPackage[] {
  const packages = bundledFolders([metafile]).map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    return { name, version } as BundledPackage;
  });
  return [...new Map(packages.map((one) => [`${one.name} ${one.version}`, one])).values()];
}
