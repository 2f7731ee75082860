/** Builds the image for each machine with buildah, twice, and checks what is in it. */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "../image/root.ts";
import type { Fault } from "./fault.ts";
import { checkImageParts } from "./image-parts.ts";
import { type ImageIndex, type MachineImage, readImageIndex } from "./oci-layout.ts";
import { run } from "./run.ts";

/** https://go.dev/doc/install/source#environment has the names; e_machine is in https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html. */
const elfMachines: Readonly<Record<string, number>> = { amd64: 62, arm64: 183 };
export const architectures = Object.keys(elfMachines);
const ownArchitecture = process.arch === "arm64" ? "arm64" : "amd64";

export interface ImageSource {
  version: string;
  /** The commit, in hexadecimal digits. */
  revision: string;
  /** The time of the commit, which each file of the image gets. */
  atMs: number;
  /** The base image; undefined takes that of the Dockerfile. */
  nodeImage: string | undefined;
  /** Options of `buildah build`. */
  buildOptions: readonly string[];
  /** A folder for intermediate files. */
  scratch: string;
}

/** The index of the built images, and the Node.js in each of them, such as 24.21.0. */
export interface BuiltImage extends ImageIndex {
  layout: string;
  nodeVersions: string[];
}

/**
 * Builds the image for all machines into a layout below `scratch`. Two builds of one commit must be the same, byte for
 * byte: only so can somebody else check where a published image comes from. Takes about a minute for each machine.
 */
export async function buildImage(source: ImageSource): Promise<{ image: BuiltImage; faults: Fault[] }> {
  const faults: Fault[] = [];
  const name = `localhost/rebootd-release-${process.pid}`;
  const layout = join(source.scratch, "layout");
  const tags = architectures.map((architecture) => `${name}:${architecture}`);
  const list = `${name}:index`;
  try {
    for (const [index, architecture] of architectures.entries()) {
      const tag = tags[index] ?? "";
      const [first, second] = [
        await buildOne(source, architecture, tag),
        await buildOne(source, architecture, tag),
      ];
      if (first === second) continue;
      const fault = `two builds of the image for ${architecture} differ: ${first} and ${second}`;
      const remedy = "compare both; something in the build depends on time, order or folder";
      faults.push({ fault, remedy });
    }
    await run("buildah", ["manifest", "create", list, ...tags]);
    const to = `oci:${layout}:${source.version}`;
    await run("buildah", ["manifest", "push", "--quiet", "--all", "--format=oci", list, to]);
  } finally {
    // The list first: without it, its name would stand for one of its images.
    await run("buildah", ["manifest", "rm", list]).catch(() => "");
    for (const tag of tags) await run("buildah", ["rmi", tag]).catch(() => "");
  }
  const index = readImageIndex(layout);
  const checked = [];
  for (const image of index.images) checked.push(await checkMachineImage(image, source));
  const nodeVersions = checked.map(({ nodeVersion }) => nodeVersion);
  faults.push(...checked.flatMap((one) => one.faults));
  return { image: { ...index, layout, nodeVersions }, faults };
}

/** Returns the image's ID, a digest of all that is in it, uncompressed. */
async function buildOne(source: ImageSource, architecture: string, tag: string): Promise<string> {
  const { version, revision, atMs, nodeImage, buildOptions } = source;
  const values = {
    VERSION: version,
    REVISION: revision,
    // buildah before 1.29 does not set it.
    BUILDPLATFORM: `linux/${ownArchitecture}`,
    ...(nodeImage !== undefined && { NODE_IMAGE: nodeImage }),
  };
  const built = await run("buildah", [
    "build",
    "--quiet",
    "--layers=false",
    `--timestamp=${Math.floor(atMs / 1000)}`,
    `--platform=linux/${architecture}`,
    `--tag=${tag}`,
    ...Object.entries(values).map(([key, value]) => `--build-arg=${key}=${value}`),
    ...buildOptions,
    root,
  ]);
  return built.trim().split("\n").at(-1) ?? "";
}

async function checkMachineImage(
  image: MachineImage,
  { version, revision, scratch }: ImageSource,
): Promise<{ faults: Fault[]; nodeVersion: string }> {
  const { architecture, layerFiles, config } = image;
  const folder = join(scratch, architecture);
  mkdirSync(folder);
  try {
    for (const file of layerFiles) await run("tar", ["-xf", file, "-C", folder]);
    // Node's readdir would follow the link from /lib to /usr/lib.
    const paths = (await run("find", [folder, "-type", "f", "-printf", "%P\n"])).split("\n").filter(Boolean);
    const read = (path: string) => readFileSync(join(folder, path));
    const nodeVersion = nodeVersionIn(read("usr/local/bin/node"));
    const label = (name: string) => config.Labels?.[`org.opencontainers.image.${name}`];
    const foreign = paths.filter((path) => isOfOtherMachine(read(path), elfMachines[architecture]));
    const said = [
      ...(label("version") === version ? [] : [`has the version ${label("version")}, expected ${version}`]),
      ...(label("revision") === revision
        ? []
        : [`has the revision ${label("revision")}, expected ${revision}`]),
      ...foreign.map((path) => `has /${path}, which is a program of another machine`),
    ];
    const remedy = "see the Dockerfile and the base image";
    const faults = [
      ...said.map((what) => ({ fault: `the image for ${architecture} ${what}`, remedy })),
      ...checkImageParts(paths, (path) => read(path).toString("utf8")),
    ];
    return { faults, nodeVersion };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Programs have the machine that they are for at a fixed place. */
function isOfOtherMachine(bytes: Buffer, machine: number | undefined): boolean {
  return bytes.subarray(0, 4).toString("latin1") === "\x7fELF" && bytes.readUInt16LE(18) !== machine;
}

/** Read from the name of its sources, which is in the program: one for another machine cannot be asked. */
function nodeVersionIn(program: Buffer): string {
  const found = /node-v(\d+\.\d+\.\d+)(?=[.-])/.exec(program.toString("latin1"))?.[1];
  if (found === undefined) throw new Error("usr/local/bin/node in the image names no version of Node.js");
  return found;
}
