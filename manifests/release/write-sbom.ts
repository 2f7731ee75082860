/** Prints the list of the packages in the bundle, in the format of CycloneDX. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../image/root.ts";
import { readBundledPackages } from "./bundled-packages.ts";
import { readCommit } from "./commit.ts";
import { readSbom } from "./read-sbom.ts";

const { name, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const sbom = await readSbom(await readBundledPackages(), { name, version }, (await readCommit()).atMs);
process.stdout.write(`${JSON.stringify(sbom, null, 2)}\n`);
