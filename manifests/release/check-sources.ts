/** The checks of what is in the commit. */
import { bundleOptions } from "../image/bundle.ts";
import { krewManifest } from "../package/contents.ts";
import { checkChangelog, notesOf } from "./changelog.ts";
import { checkCommit } from "./commit.ts";
import { checkEngines, nodeMajor } from "./engines.ts";
import { type Answer, addFile, plural, type Release, read } from "./release.ts";
import { run } from "./run.ts";
import { checkVersions, placesOfVersions } from "./versions.ts";

export function commit({ commit: found, manifest: { version }, options: { isRehearsal } }: Release): Answer {
  const tag = isRehearsal ? "a rehearsal: neither tag nor changes are checked" : `v${version}`;
  const at = new Date(found.atMs).toISOString();
  return {
    says: `${found.revision.slice(0, 12)} of ${at}, ${tag}`,
    faults: checkCommit(found, version, isRehearsal),
  };
}

export function versions({ manifest: { version } }: Release): Answer {
  const files = {
    packageLock: read("package-lock.json"),
    dockerfile: read("Dockerfile"),
    daemonSet: read("manifests/base/daemonset.yaml"),
    chart: read("manifests/chart/Chart.yaml"),
  };
  const count = placesOfVersions(files).length + 1;
  return { says: `${version} in ${plural(count, "place")}`, faults: checkVersions(version, files) };
}

export function changelog({ manifest: { version }, commit: { atMs }, options, files }: Release): Answer {
  const day = options.isRehearsal ? undefined : new Date(atMs).toISOString().slice(0, 10);
  const text = read("CHANGELOG.md");
  const notes = notesOf(text, { version, day }) ?? "";
  addFile(files, `rebootd-${version}-changes.md`, "the changelog of this version", notes);
  const entries = plural(notes.match(/^- /gm)?.length ?? 0, "entry").replace("entrys", "entries");
  return { says: entries, faults: checkChangelog(text, { version, day }) };
}

export function engines({ manifest }: Release): Answer {
  const files = {
    manifest,
    dockerfile: read("Dockerfile"),
    bundleTarget: bundleOptions.target,
    caveats: krewManifest({ version: "", uri: "", sha256: "", homepage: "" }).spec.caveats,
    packageReadme: read("manifests/package/README.md"),
  };
  return { says: `Node.js ${nodeMajor(manifest)} everywhere`, faults: checkEngines(files) };
}

/** npm names what is missing, or not of the version that another package needs. */
export async function dependencies({ facts }: Release): Promise<Answer> {
  facts.builtWith = { ...facts.builtWith, npm: (await run("npm", ["--version"])).trim() };
  try {
    const listed = await run("npm", ["ls", "--all", "--parseable"]);
    return {
      says: `${plural(listed.trim().split("\n").length - 1, "package")} as package.json asks`,
      faults: [],
    };
  } catch (error) {
    return { says: "", faults: [{ fault: (error as Error).message, remedy: "run npm ci" }] };
  }
}
