import { parseArgs } from "node:util";
import type { CheckOptions } from "./release.ts";

/** The help. */
export const usage = `Usage: npm run release:check -- [options]

Checks the commit that is checked out as a release, and writes its files to dist/release.

  --rehearse            before the release: its tag, the date in the changelog and uncommitted changes are not checked
  --download=URL        the folder in which the release's files will be; krew's manifest names it
  --homepage=URL        the homepage, for krew
  --node-image=IMAGE    the base image, with its digest (NODE_IMAGE of the Dockerfile)
  --build-option=OPTION an option for buildah build; may be repeated
  --without-image       builds no image; needs no buildah
  --helm=FILE           helm (default: the one on the PATH)
  --help                prints this
`;

/**
 * Reads the arguments; undefined if they ask for help. Throws an Error that names an unknown option, or one without its
 * value.
 */
export function parseOptions(args: readonly string[]): CheckOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rehearse: { type: "boolean", default: false },
      download: { type: "string" },
      homepage: { type: "string" },
      "node-image": { type: "string" },
      "build-option": { type: "string", multiple: true, default: [] },
      "without-image": { type: "boolean", default: false },
      helm: { type: "string", default: "helm" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  return {
    isRehearsal: values.rehearse,
    withImage: !values["without-image"],
    // An empty variable of the forge is none.
    nodeImage: values["node-image"] || undefined,
    buildOptions: values["build-option"],
    helm: values.helm,
    download: values.download,
    homepage: values.homepage,
  };
}
