import { cpSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "../image/root.ts";
import { archiveFolder } from "./archive.ts";
import { run } from "./run.ts";

/**
 * Checks and packs the chart by helm, and returns the archive. helm packs the time of day or of the files, so that the
 * same files are packed once more with the time of the commit (milliseconds since 1970).
 */
export async function packChart(helm: string, scratch: string, atMs: number): Promise<Buffer> {
  const chart = join(scratch, "chart/rebootd");
  const [packed, unpacked] = [join(scratch, "packed-chart"), join(scratch, "unpacked-chart")];
  cpSync(join(root, "manifests/chart"), chart, { recursive: true });
  for (const folder of [packed, unpacked]) mkdirSync(folder, { recursive: true });
  // helm's settings are not those of the person who runs this.
  const environment = Object.fromEntries(
    ["CONFIG", "CACHE", "DATA"].map((kind) => [`HELM_${kind}_HOME`, join(scratch, "helm")]),
  );
  await run(helm, ["lint", "--strict", chart], environment);
  await run(helm, ["package", chart, "--destination", packed], environment);
  const [archive] = readdirSync(packed);
  if (archive === undefined) throw new Error(`${helm} package wrote no archive`);
  await run("tar", ["-xzf", join(packed, archive), "-C", unpacked]);
  const again = join(scratch, "chart.tgz");
  const bytes = await archiveFolder(unpacked, "rebootd", again, atMs);
  await run(helm, ["lint", "--strict", again], environment);
  return bytes;
}
