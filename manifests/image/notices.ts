import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Metafile } from "esbuild";

/** The files with the licence of a package, and Apache's NOTICE, which must be passed on, too. */
const licenceFile = /^(?:licen[cs]e|copying|unlicen[cs]e|notice)(?:[.-].*)?$/i;

const intro = `rebootd.mjs and the files in rebootd have parts of the packages below. In the image, the licence of Node.js is /usr/local/LICENSE, and those of the
C library, of nsenter and of the libraries that both need are in /usr/share/doc and /usr/share/common-licenses.
`;

/**
 * The licences of all packages that are in the bundles, sorted by name. Throws if one of them has no text: it must
 * not be distributed before a person has checked it.
 */
export function noticesOf(bundles: readonly Pick<Metafile, "outputs">[], root: string): string {
  const notices = bundledFolders(bundles).map((folder) => noticeOf(join(root, folder)));
  // Two versions of one package have one text each.
  return [intro, ...[...new Set(notices)].sort()].join("\n");
}

/** The folders of all packages of which something is in the bundles, relative to the folder with package.json. */
export function bundledFolders(bundles: readonly Pick<Metafile, "outputs">[]): string[] {
  const inputs = bundles
    .flatMap(({ outputs }) => Object.values(outputs))
    .flatMap((output) => Object.entries(output.inputs));
  const used = inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([path]) => folderOf(path) ?? []);
  return [...new Set(used)];
}

/** The folder of the file's package; undefined for a file of rebootd. */
function folderOf(path: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0];
}

function noticeOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const files = readdirSync(folder).filter((file) => licenceFile.test(file));
  if (files.length === 0) throw new Error(`${folder} is in the bundle, and has no file with its licence`);
  const texts = files.sort().map((file) => readFileSync(join(folder, file), "utf8").trim());
  return `==== ${name} ${version} (${license}) ====\n\n${texts.join("\n\n")}\n`;
}
