/** Makes and checks what is installed without an image: the npm package, its lists, and krew's manifest. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { optionsSchema } from "../../daemon/config/schema.ts";
import { root } from "../image/root.ts";
import { loadCycloneDxSchema } from "./cyclonedx-schema.ts";
import { allowedLicences, checkLicences, readNotices } from "./licences.ts";
import { readSbom } from "./read-sbom.ts";
import { type Answer, addFile, plural, type Release, read } from "./release.ts";
import { run } from "./run.ts";
import { checkSbom } from "./sbom.ts";

export async function npmPackage({ manifest: { version }, files }: Release): Promise<Answer> {
  await run("npm", ["run", "--silent", "package"]);
  const name = `rebootd-${version}.tgz`;
  const bytes = readFileSync(join(root, "dist", name));
  addFile(files, name, "the npm package, which krew installs too", bytes);
  return { says: `${name}, ${megabytes(bytes.length)}`, faults: [] };
}

export function licences({ bundled, files, manifest: { version } }: Release): Answer {
  const text = read("dist/THIRD-PARTY-NOTICES.txt");
  addFile(files, `rebootd-${version}-notices.txt`, "the licences of the packages in the bundle", text);
  const kinds = Object.keys(allowedLicences).length;
  return {
    says: `${plural(bundled.length, "package")}, all under the ${kinds} licences of the list`,
    faults: checkLicences(readNotices(text), bundled),
  };
}

export async function sbom({ bundled, files, manifest, commit: { atMs } }: Release): Promise<Answer> {
  const { name, version } = manifest;
  const list = await readSbom(bundled, { name, version }, atMs);
  const text = `${JSON.stringify(list, null, 2)}\n`;
  addFile(files, `rebootd-${version}.cdx.json`, "the packages in the bundle (CycloneDX 1.5)", text);
  return {
    says: `CycloneDX 1.5, ${plural(list.components.length, "package")}`,
    faults: checkSbom(list, bundled, loadCycloneDxSchema()),
  };
}

export async function krew({ manifest: { version }, options, files }: Release): Promise<Answer> {
  const { download, homepage, isRehearsal } = options;
  if (download === undefined || homepage === undefined) {
    const says = "--download and --homepage are not set: krew's manifest has the address of the package";
    if (isRehearsal) return { says, faults: [], isLeftOut: true };
    const remedy = "set --download to the folder in which the release's files will be, and --homepage";
    return { says: "", faults: [{ fault: says, remedy }] };
  }
  const uri = `${download.replace(/\/$/, "")}/rebootd-${version}.tgz`;
  await run("npm", ["run", "--silent", "package", "--", `--uri=${uri}`, `--homepage=${homepage}`]);
  const text = read("dist/krew/rebootd.yaml");
  addFile(files, `rebootd-${version}-krew.yaml`, "krew's manifest of kubectl's plugin", text);
  const again = readFileSync(join(root, `dist/rebootd-${version}.tgz`));
  const isSame = files.some(({ name, bytes }) => name === `rebootd-${version}.tgz` && again.equals(bytes));
  const fault = `two builds of rebootd-${version}.tgz differ`;
  const remedy = "compare both; something in the build depends on time or order";
  return { says: uri, faults: isSame ? [] : [{ fault, remedy }] };
}

export function configurationSchema({ manifest: { version }, files }: Release): Answer {
  const schema = optionsSchema();
  const text = `${JSON.stringify(schema, null, 2)}\n`;
  addFile(files, `rebootd-${version}.schema.json`, "the JSON Schema of the configuration file", text);
  return { says: plural(Object.keys(schema.properties ?? {}).length, "option"), faults: [] };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
