/** The commit that is to be the release. */
import type { Fault } from "./fault.ts";
import { run } from "./run.ts";

/** The commit as git knows it. */
export interface Commit {
  revision: string;
  /** Milliseconds since 1970. */
  atMs: number;
  /** The tags that point to it. */
  tags: string[];
  /** Files that differ from the commit, or that git does not know, each by its path. */
  changed: string[];
}

export async function readCommit(): Promise<Commit> {
  const git = async (...args: string[]) => (await run("git", args)).trimEnd();
  const lines = (text: string) => text.split("\n").filter((line) => line !== "");
  return {
    revision: await git("rev-parse", "HEAD"),
    atMs: 1000 * Number(await git("log", "-1", "--format=%ct")),
    tags: lines(await git("tag", "--points-at", "HEAD")),
    changed: lines(await git("status", "--porcelain")).map((line) => line.slice(3)),
  };
}

/** Checks that the commit has no tag of another version; but for a rehearsal, that it has its own, and that the files are those of the commit. */
export function checkCommit({ tags, changed }: Commit, version: string, isRehearsal: boolean): Fault[] {
  const faults: Fault[] = [];
  if (!isRehearsal && changed.length > 0) {
    const fault = `${changed.length === 1 ? "1 file differs" : `${changed.length} files differ`} from the commit: ${changed.slice(0, 5).join(", ")}`;
    faults.push({ fault, remedy: "commit or remove the changes, and begin again" });
  }
  const tag = `v${version}`;
  if (!isRehearsal && !tags.includes(tag)) {
    const fault = `the commit has the tags ${tags.join(", ") || "(none)"}, expected ${tag}`;
    faults.push({ fault, remedy: `git tag --annotate ${tag} --message ${tag}; or rehearse with --rehearse` });
  }
  const others = tags.filter((one) => /^v\d/.test(one) && one !== tag);
  if (others.length > 0) {
    const fault = `the commit is tagged ${others.join(", ")} too, and package.json has ${version}`;
    faults.push({ fault, remedy: "remove the other tag, or set the version" });
  }
  return faults;
}
