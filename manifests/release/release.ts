import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../image/root.ts";
import type { RootManifest } from "../package/contents.ts";
import type { Commit } from "./commit.ts";
import type { NodeFiles } from "./engines.ts";
import type { BundledPackage } from "./licences.ts";
import type { Finding } from "./report.ts";
import type { ReleasedFile, ReleaseFacts } from "./sums.ts";

/** The options of `npm run release:check`. */
export interface CheckOptions {
  isRehearsal: boolean;
  withImage: boolean;
  nodeImage: string | undefined;
  buildOptions: readonly string[];
  helm: string;
  /** The address of the folder in which the files of the release will be; the homepage goes with it. */
  download: string | undefined;
  homepage: string | undefined;
}

/** One release in the making. */
export interface Release {
  options: CheckOptions;
  manifest: RootManifest & NodeFiles["manifest"];
  commit: Commit;
  /** A folder for intermediate files. */
  scratch: string;
  /** Packages of which something is in the bundle. */
  bundled: readonly BundledPackage[];
  files: ReleasedFile[];
  facts: ReleaseFacts;
}

/** The answer of a check: without faults it is ok. */
export type Answer = Omit<Finding, "check">;

/** Reads a file by its path from the folder with package.json. */
export function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Puts a file into the release. */
export function addFile(files: ReleasedFile[], name: string, about: string, contents: string | Buffer): void {
  files.push({ name, about, bytes: typeof contents === "string" ? Buffer.from(contents) : contents });
}

/** Such as "1 place" and "2 places". */
export function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
