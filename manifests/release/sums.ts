/** The list of a release's files, for people (`sha256sum --check`) and for programs (release.json). Pure. */
import { createHash } from "node:crypto";
import { imageParts } from "./image-parts.ts";
import type { ImageIndex } from "./oci-layout.ts";

/** A file of the release: its name, the sentence about it, and its contents. */
export interface ReleasedFile {
  name: string;
  about: string;
  bytes: Uint8Array;
}

/** The facts that somebody needs who makes the same release again. */
export interface ReleaseFacts {
  version: string;
  /** The commit, in hexadecimal digits, and its time in milliseconds since 1970. */
  revision: string;
  atMs: number;
  /** True where tag and changelog were not checked. */
  isRehearsal: boolean;
  /** Programs on which the bytes depend, with their versions. */
  builtWith: Readonly<Record<string, string>>;
  /** Undefined where no image was built. */
  image: { base: string; index: ImageIndex; nodeVersion: string } | undefined;
}

/** release.json: what the release is made of, and the digests by which a registry has the image. */
export function releaseManifest(facts: ReleaseFacts, files: readonly ReleasedFile[]) {
  const { version, revision, atMs, isRehearsal, builtWith, image } = facts;
  return {
    name: "rebootd",
    version,
    revision,
    date: new Date(atMs).toISOString(),
    rehearsal: isRehearsal,
    builtWith,
    image: image && {
      base: image.base,
      node: image.nodeVersion,
      digest: image.index.digest,
      parts: imageParts.map(({ name, licence }) => ({ name, licence })),
      machines: Object.fromEntries(
        image.index.images.map(({ architecture, digest }) => [architecture, digest]),
      ),
    },
    files: files.map(({ name, about, bytes }) => ({
      name,
      about,
      bytes: bytes.length,
      sha256: sha256(bytes),
    })),
  };
}

/** SHA256SUMS, in the form of sha256sum, sorted by name. */
export function sha256Sums(files: readonly Pick<ReleasedFile, "name" | "bytes">[]): string {
  const lines = files.map(({ name, bytes }) => `${sha256(bytes)}  ${name}\n`);
  return lines.sort((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1)).join("");
}

/** In hexadecimal digits. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
