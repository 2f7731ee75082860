import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { run } from "./run.ts";

/**
 * Packs a folder, or one below it, into a tar that depends on names and contents alone; each file gets this time in milliseconds since 1970.
 * A name that ends in ".tgz" is compressed. Needs GNU tar.
 */
export async function archiveFolder(
  folder: string,
  below: string,
  file: string,
  atMs: number,
): Promise<Buffer> {
  const attributes = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go=rX"];
  const time = `--mtime=@${Math.floor(atMs / 1000)}`;
  await run("tar", [
    "--create",
    "--format=ustar",
    ...attributes,
    time,
    `--file=${file}`,
    "--directory",
    folder,
    below,
  ]);
  if (!file.endsWith(".tgz")) return readFileSync(file);
  const bytes = gzipSync(readFileSync(file), { level: 9 });
  writeFileSync(file, bytes);
  return bytes;
}
