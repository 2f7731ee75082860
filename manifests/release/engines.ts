/** All places that name the version of Node.js. Pure. */
import { type Fault, faultsOfPlaces, type Place } from "./fault.ts";

/** The texts that name a version of Node.js. */
export interface NodeFiles {
  manifest: { engines: { node: string }; devDependencies: Readonly<Record<string, string>> };
  dockerfile: string;
  /** The target of esbuild, such as "node24". */
  bundleTarget: string;
  /** krew's manifest and the package's README, for people. */
  caveats: string;
  packageReadme: string;
}

/** The major version that `npm ci` installs, in whole digits; undefined if it is not pinned exactly. */
export function nodeMajor({ devDependencies }: NodeFiles["manifest"]): string | undefined {
  return /^(\d+)\.\d+\.\d+$/.exec(devDependencies["node"] ?? "")?.[1];
}

/** Compares all files with the Node.js that `npm ci` installs, by its major version. */
export function checkEngines(files: NodeFiles): Fault[] {
  const major = nodeMajor(files.manifest);
  if (major !== undefined) return faultsOfPlaces("major version of Node.js", major, placesOfNode(files));
  const fault = `package.json has the devDependency node ${files.manifest.devDependencies["node"] ?? "(none)"}`;
  return [{ fault, remedy: "pin it exactly, for example: npm install --save-dev --save-exact node@24" }];
}

function placesOfNode({ manifest, dockerfile, bundleTarget, caveats, packageReadme }: NodeFiles): Place[] {
  const { engines, devDependencies } = manifest;
  return [
    { place: "package.json, engines.node", found: /^>=(\d+)$/.exec(engines.node)?.[1] },
    {
      place: "package.json, devDependencies @types/node",
      found: /^(\d+)\./.exec(devDependencies["@types/node"] ?? "")?.[1],
    },
    { place: "Dockerfile, ARG NODE_IMAGE", found: /^ARG NODE_IMAGE=node:(\d+)\b/m.exec(dockerfile)?.[1] },
    { place: "manifests/image/bundle.ts, target", found: /^node(\d+)$/.exec(bundleTarget)?.[1] },
    { place: "manifests/package/contents.ts, caveats", found: /Node\.js (\d+)/.exec(caveats)?.[1] },
    { place: "manifests/package/README.md", found: /Node\.js (\d+)/.exec(packageReadme)?.[1] },
  ];
}
