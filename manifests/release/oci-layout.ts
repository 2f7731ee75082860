/** Reads the folder of an image layout (https://github.com/opencontainers/image-spec/blob/main/image-layout.md). */
import { readFileSync } from "node:fs";
import { join } from "node:path";

interface Descriptor {
  mediaType: string;
  digest: string;
  platform?: { architecture: string };
}

interface Configuration {
  architecture: string;
  /** In the form of RFC 3339. */
  created: string;
  config: { Labels?: Record<string, string> };
}

/** The image for one machine. */
export interface MachineImage extends Configuration {
  /** The digest of its manifest, such as sha256:…. */
  digest: string;
  /** Archives of files, compressed, from the lowest layer up. */
  layerFiles: string[];
}

/** The index, which is what a registry has under the tag, and the images that it points to. */
export interface ImageIndex {
  digest: string;
  images: MachineImage[];
}

/** The layout has one index, with an image for each machine. */
export function readImageIndex(folder: string): ImageIndex {
  const fileOf = (digest: string) => join(folder, "blobs", digest.replace(":", "/"));
  const read = (file: string) => JSON.parse(readFileSync(file, "utf8"));
  const [index] = read(join(folder, "index.json")).manifests as Descriptor[];
  if (index === undefined) throw new Error(`${folder} has no image`);
  const { manifests } = read(fileOf(index.digest)) as { manifests?: Descriptor[] };
  if (manifests === undefined) throw new Error(`${folder} has one image, and no index of images`);
  const images = manifests.map(({ digest }) => {
    const { config, layers } = read(fileOf(digest)) as { config: Descriptor; layers: Descriptor[] };
    const configuration = read(fileOf(config.digest)) as Configuration;
    return { ...configuration, digest, layerFiles: layers.map((layer) => fileOf(layer.digest)) };
  });
  return { digest: index.digest, images };
}
