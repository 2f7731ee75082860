import { execFile } from "node:child_process";
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { root } from "../../manifests/image/root.ts";
import { type Figure, figure } from "./figures.ts";

const bench = "image";
const run = promisify(execFile);
const compress = promisify(gzip);
const nsenter = "/usr/bin/nsenter";

/** The libraries of a program, with what loads them. */
async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await run("ldd", [program]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, file = ""]) => realpathSync(file));
}

/** As registries keep it: each file by gzip with its usual level; MB of 10^6. */
async function compressedMb(files: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const file of files) bytes += (await compress(readFileSync(file))).length;
  return bytes / 1e6;
}

/** The size of what the Dockerfile takes, from the files of this machine. */
export async function benchImage(): Promise<Figure[]> {
  const dist = join(root, "dist");
  const built = readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "config.schema.json")
    .map(({ parentPath, name }) => join(parentPath, name));
  const code = built.filter((file) => file.endsWith(".mjs"));
  const texts = [...built.filter((file) => file.endsWith(".txt")), join(root, "LICENSE")];
  const libraries = [process.execPath, nsenter].map(librariesOf);
  const shared = [...new Set((await Promise.all(libraries)).flat())];
  const node = await compressedMb([process.execPath]);
  const system = await compressedMb([...shared, nsenter]);
  const own = await compressedMb([...code, ...texts]);
  return [
    figure(bench, "all, compressed", node + system + own, "MB", 60),
    figure(bench, "Node, compressed", node, "MB", 48),
    figure(bench, "nsenter and the libraries of both, compressed", system, "MB", 4),
    figure(bench, "rebootd with its licences, compressed", own, "MB", 1),
  ];
}
