/** A release of the files that there are, as `npm run release:check` makes it, for all tests that need one. */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "../../manifests/image/root.ts";
import { configureContainers, makeNodeImage } from "./node-image.ts";

const run = promisify(execFile);
/** Two images are built twice, with their packages. */
export const releaseDeadlineMs = 30 * 60_000;
const stepDeadlineMs = 240_000;

export interface MadeRelease {
  version: string;
  /** A clone of the files, at a commit with the tag of the version. */
  tree: string;
  /** The files of the release. */
  folder: string;
  /** The folder with the storage of buildah and podman, and their environment. */
  storage: string;
  environment: NodeJS.ProcessEnv;
  /** The report of the checks. */
  said: string;
}

let made: Promise<MadeRelease> | undefined;

/** Makes the release once for all tests of a run; the folders are removed as the run ends. */
export function makeReleaseOnce(): Promise<MadeRelease> {
  made ??= makeRelease();
  return made;
}

async function makeRelease(): Promise<MadeRelease> {
  const folder = mkdtempSync(join(tmpdir(), "rebootd-released-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const [tree, storage] = [join(folder, "tree"), join(folder, "storage")];
  for (const one of [tree, storage]) mkdirSync(one);
  const environment = { ...npmEnvironment, ...configureContainers(storage), PATH: npmEnvironment.PATH };
  const version = cloneTagged(tree);
  await buildBase(storage, environment);
  const { code, said } = await checkRelease(tree, environment, [
    "--node-image=localhost/node:test",
    ...["--isolation=chroot", "--pull-never", "--network=host", ...npmVolumes()].map(
      (option) => `--build-option=${option}`,
    ),
  ]);
  assert.equal(code, 0, said);
  return { version, tree, folder: join(tree, "dist/release"), storage, environment, said };
}

/** Runs the checks, and returns the exit code and the report. */
export async function checkRelease(
  tree: string,
  environment: NodeJS.ProcessEnv,
  options: readonly string[],
): Promise<{ code: number; said: string }> {
  const helm = process.env["HELM"] ?? assert.fail("HELM names a helm; test/system/run.sh sets it");
  const places = ["--download=https://releases.example/v1", "--homepage=https://rebootd.example"];
  const args = ["run", "--silent", "release:check", "--", `--helm=${helm}`, ...places, ...options];
  try {
    const { stdout } = await run("npm", args, { cwd: tree, env: environment, timeout: releaseDeadlineMs });
    return { code: 0, said: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, said: `${stdout}${stderr}` };
  }
}

/** Puts the files into the folder as a person would who makes a release of them; returns the version. */
function cloneTagged(tree: string): string {
  const copy =
    "git ls-files -z --cached --others --exclude-standard | tar -c --null --files-from=- | tar -x -C";
  execFileSync("sh", ["-c", `${copy} "$1"`, "sh", tree], { cwd: root });
  const modules = join(root, "node_modules");
  const entries = readdirSync(modules).filter((entry) => entry !== ".cache");
  mkdirSync(join(tree, "node_modules"));
  const all = [...entries.map((entry) => join(modules, entry)), join(tree, "node_modules")];
  // Links need no room; between two file systems there are none.
  try {
    execFileSync("cp", ["--archive", "--link", ...all], { stdio: "ignore" });
  } catch {
    execFileSync("cp", ["--archive", ...all]);
  }
  const { version } = JSON.parse(readFileSync(join(tree, "package.json"), "utf8"));
  const changelog = join(tree, "CHANGELOG.md");
  const heading = `## [${version}] - ${new Date().toISOString().slice(0, 10)}`;
  const text = readFileSync(changelog, "utf8")
    .replace("## [Unreleased]", heading)
    .replace(/ No version has been released yet.*/, "");
  writeFileSync(changelog, text);
  const person = ["-c", "user.name=A Person", "-c", "user.email=person@rebootd.example"];
  const git = (...args: string[]) =>
    execFileSync("git", [...person, ...args], { cwd: tree, stdio: "ignore" });
  git("init");
  git("add", "--all");
  git("commit", "--message", `Release ${version}`);
  git("tag", "--annotate", `v${version}`, "--message", `v${version}`);
  return version;
}

/** One name for two machines, as the official image has it. */
async function buildBase(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const arm64 = process.env["NODE_ARM64"];
  assert.ok(arm64, "NODE_ARM64 names the folder with Node for arm64; test/system/run.sh sets it");
  makeNodeImage(join(folder, "node"));
  writeFileSync(join(folder, "Containerfile"), "FROM scratch\nCOPY . /\n");
  const buildah = (...args: string[]) =>
    run("buildah", args, { env, timeout: stepDeadlineMs, killSignal: "SIGKILL", maxBuffer: 20_000_000 });
  const build = ["build", "--isolation=chroot", "--pull-never", `--file=${folder}/Containerfile`];
  await buildah(...build, "--tag=node:own", join(folder, "node"));
  await buildah(...build, "--tag=node:arm64", "--platform=linux/arm64", arm64);
  await buildah("manifest", "create", "localhost/node:test", "node:own", "node:arm64");
}

/**
 * npm belongs to the Node of this machine: with the one in node_modules it would look for its settings there, and so it does
 * where an npm that runs this has left it word.
 */
const npmEnvironment = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))),
  PATH: (process.env["PATH"] ?? "")
    .split(":")
    .filter((entry) => !entry.includes("node_modules"))
    .join(":"),
};

/** npm in the build is set up as it is here, with what it has fetched before. */
function npmVolumes(): string[] {
  const config = (key: string) =>
    execFileSync("npm", ["config", "get", key], { encoding: "utf8", env: npmEnvironment }).trim();
  return [
    `${config("cache")}:/root/.npm`,
    `${config("userconfig")}:/root/.npmrc:ro`,
    `${config("globalconfig")}:/usr/local/etc/npmrc:ro`,
  ]
    .filter((volume) => existsSync(volume.split(":")[0] ?? ""))
    .map((volume) => `--volume=${volume}`);
}
