import type { BundledPackage } from "./licences.ts";
import { run } from "./run.ts";
import { type Sbom, sbomOfBundle } from "./sbom.ts";

/** Asks npm for all installed packages, and takes the bundled ones; the time is milliseconds since 1970. */
export async function readSbom(
  bundled: readonly BundledPackage[],
  program: BundledPackage,
  atMs: number,
): Promise<Sbom> {
  const text = await run("npm", ["sbom", "--sbom-format=cyclonedx", "--workspaces=false"]);
  return sbomOfBundle(JSON.parse(text) as Sbom, bundled, program, atMs);
}
