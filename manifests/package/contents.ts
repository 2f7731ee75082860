/** The contents of a release for people: the npm package, which krew installs too. Pure. */

/** The fields of package.json that the release takes over. */
export interface RootManifest {
  name: string;
  version: string;
  description: string;
  license: string;
  type: string;
  engines: { node: string };
  bin: Readonly<Record<string, string>>;
}

/** The files and folders of the package beside its package.json: `[from, to]`. */
export const packageFiles: readonly [from: string, to: string][] = [
  ["manifests/package/README.md", "README.md"],
  ["LICENSE", "LICENSE"],
  ["dist/rebootd.mjs", "dist/rebootd.mjs"],
  ["dist/rebootd", "dist/rebootd"],
  ["dist/config.schema.json", "dist/config.schema.json"],
  ["dist/THIRD-PARTY-NOTICES.txt", "dist/THIRD-PARTY-NOTICES.txt"],
];

/** The package.json of the package. It has no dependencies: they are in the bundle. */
export function packageManifest({ name, version, description, license, type, engines, bin }: RootManifest) {
  return { name, version, description, license, type, engines, bin };
}

/** The place of a release; krew downloads the npm package from it. */
export interface Release {
  version: string;
  /** The address of the package. */
  uri: string;
  /** The checksum of the package, in hexadecimal digits. */
  sha256: string;
  homepage: string;
}

/**
 * The manifest of kubectl's plugin for krew
 * (https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest/). A package of npm has all its files in the
 * folder `package`.
 */
export function krewManifest({ version, uri, sha256, homepage }: Release) {
  return {
    apiVersion: "krew.googlecontainertools.github.com/v1alpha2",
    kind: "Plugin",
    metadata: { name: "rebootd" },
    spec: {
      version: `v${version}`,
      homepage,
      shortDescription: "Show and steer the reboots of nodes by rebootd",
      description:
        "rebootd drains and reboots the nodes of a cluster one at a time, and proves each reboot.\n" +
        "This plugin shows which nodes wait, since when and why, and locks, pauses and requests reboots.\n",
      caveats:
        "The plugin needs Node.js 24 or later on the PATH.\n" +
        "For completion, link it by the name with which kubectl asks for completions:\n" +
        '  ln -s "$(command -v kubectl-rebootd)" ~/.local/bin/kubectl_complete-rebootd\n',
      platforms: [
        {
          selector: { matchExpressions: [{ key: "os", operator: "In", values: ["darwin", "linux"] }] },
          uri,
          sha256,
          files: [{ from: "package/*", to: "." }],
          bin: "dist/rebootd.mjs",
        },
      ],
    },
  };
}
