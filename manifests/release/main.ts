/**
 * Checks the commit as a release and makes its files in dist/release: `npm run release:check -- --help`. Ends with 1 if
 * a check has failed, and with 2 for a wrong option.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../image/root.ts";
import { readBundledPackages } from "./bundled-packages.ts";
import { checks } from "./checks.ts";
import { readCommit } from "./commit.ts";
import { parseOptions, usage } from "./options.ts";
import type { CheckOptions, Release } from "./release.ts";
import { type Finding, linesOf } from "./report.ts";
import { type ReleasedFile, releaseManifest, sha256Sums } from "./sums.ts";

async function runCheck(release: Release, [check, perform]: (typeof checks)[number]): Promise<Finding> {
  try {
    return { check, ...(await perform(release)) };
  } catch (error) {
    const remedy = "see the message above; docs/develop/release.md names the programs that a release needs";
    return { check, says: "", faults: [{ fault: (error as Error).message, remedy }] };
  }
}

function writeFiles(folder: string, { files, facts }: Release): void {
  const manifest: ReleasedFile = {
    name: "release.json",
    about: "",
    bytes: Buffer.from(`${JSON.stringify(releaseManifest(facts, files), null, 2)}\n`),
  };
  mkdirSync(folder, { recursive: true });
  for (const { name, bytes } of [...files, manifest]) writeFileSync(join(folder, name), bytes);
  writeFileSync(join(folder, "SHA256SUMS"), sha256Sums([...files, manifest]));
}

async function main(options: CheckOptions): Promise<number> {
  const folder = join(root, "dist/release");
  rmSync(folder, { recursive: true, force: true });
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const commit = await readCommit();
  const { version } = manifest;
  const { revision, atMs } = commit;
  const { isRehearsal } = options;
  const scratch = mkdtempSync(join(tmpdir(), "rebootd-release-"));
  const builtWith = { node: process.version };
  const facts = { version, revision, atMs, isRehearsal, builtWith, image: undefined };
  const release: Release = {
    options,
    manifest,
    commit,
    scratch,
    bundled: await readBundledPackages(),
    files: [],
    facts,
  };
  let failed = 0;
  try {
    for (const check of checks) {
      const finding = await runCheck(release, check);
      if (finding.faults.length > 0) failed++;
      process.stdout.write(linesOf(finding));
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  if (failed > 0) {
    process.stdout.write(`\n${failed} of ${checks.length} checks failed; nothing was written\n`);
    return 1;
  }
  writeFiles(folder, release);
  process.stdout.write(`\n${release.files.length} files, SHA256SUMS and release.json are in dist/release\n`);
  return 0;
}

let options: CheckOptions | undefined;
try {
  options = parseOptions(process.argv.slice(2));
  if (options === undefined) process.stdout.write(usage);
  else process.exitCode = await main(options);
} catch (error) {
  const help = options === undefined ? `\n${usage}` : "";
  process.stderr.write(`release:check: ${(error as Error).message}\n${help}`);
  process.exitCode = options === undefined ? 2 : 1;
}
