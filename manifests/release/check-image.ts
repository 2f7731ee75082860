/** Makes and checks the image. */
import { join } from "node:path";
import { archiveFolder } from "./archive.ts";
import type { NodeFiles } from "./engines.ts";
import type { Fault } from "./fault.ts";
import { architectures, buildImage } from "./image.ts";
import { imageParts } from "./image-parts.ts";
import { type Answer, addFile, plural, type Release, read } from "./release.ts";
import { run } from "./run.ts";

export async function image(release: Release): Promise<Answer> {
  const { options, manifest, commit: found, scratch, files, facts } = release;
  if (!options.withImage) {
    return { says: "--without-image: no image was built and none checked", faults: [], isLeftOut: true };
  }
  const { version } = manifest;
  const base = options.nodeImage ?? /^ARG NODE_IMAGE=(.*)$/m.exec(read("Dockerfile"))?.[1] ?? "";
  const { revision, atMs } = found;
  const { nodeImage, buildOptions } = options;
  const source = { version, revision, atMs, nodeImage, buildOptions, scratch };
  const { image: built, faults } = await buildImage(source);
  const name = `rebootd-${version}-image.tar`;
  const archive = await archiveFolder(built.layout, ".", join(scratch, "image.tar"), atMs);
  addFile(files, name, "the image for all machines (an OCI archive)", archive);
  const [nodeVersion = ""] = built.nodeVersions;
  const buildah = (await run("buildah", ["--version"])).trim();
  facts.builtWith = { ...facts.builtWith, buildah };
  facts.image = { base, index: built, nodeVersion };
  const contents = `Node.js ${nodeVersion}, ${plural(imageParts.length, "part")}`;
  return {
    says: `${built.digest} for ${architectures.join(" and ")}, built twice alike; ${contents}`,
    faults: [
      ...faults,
      ...faultsOfBase(base, options.isRehearsal),
      ...faultsOfNode(manifest, built.nodeVersions),
    ],
  };
}

/** A tag may point to another image tomorrow. A local image has no digest that buildah would find again. */
export function faultsOfBase(base: string, isRehearsal: boolean): Fault[] {
  if (isRehearsal || base.startsWith("localhost/") || /@sha256:[0-9a-f]{64}$/.test(base)) return [];
  const remedy = `set --node-image=${base.replace(/@.*/, "")}@sha256:…; the digest is that of: skopeo inspect docker://${base}`;
  return [
    { fault: `the base image ${base} has no digest, so that nobody else can build the same image`, remedy },
  ];
}

/** The image has the Node.js that the tests had, or a later one of the same major version. */
export function faultsOfNode(
  { devDependencies }: NodeFiles["manifest"],
  inImage: readonly string[],
): Fault[] {
  const tested = devDependencies["node"] ?? "";
  const remedy =
    "take another base image, or npm install --save-dev --save-exact node@VERSION and test with it";
  const isOlder = (one: string) => one.localeCompare(tested, "en", { numeric: true }) < 0;
  return [...new Set(inImage)]
    .filter((one) => isOlder(one) || one.split(".")[0] !== tested.split(".")[0])
    .map((one) => ({ fault: `the image has Node.js ${one}, and ${tested} was tested`, remedy }));
}
