import { chart } from "./check-chart.ts";
import { image } from "./check-image.ts";
import { configurationSchema, krew, licences, npmPackage, sbom } from "./check-package.ts";
import { changelog, commit, dependencies, engines, versions } from "./check-sources.ts";
import type { Answer, Release } from "./release.ts";

/** All checks of a release, in their order: each with its name, and some leave a file in the release. */
export const checks: readonly [check: string, (release: Release) => Answer | Promise<Answer>][] = [
  ["commit", commit],
  ["versions", versions],
  ["changelog", changelog],
  ["node", engines],
  ["dependencies", dependencies],
  ["package", npmPackage],
  ["licences", licences],
  ["sbom", sbom],
  ["krew", krew],
  ["schema", configurationSchema],
  ["chart", chart],
  ["image", image],
];
