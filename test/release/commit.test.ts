import assert from "node:assert/strict";
import { type Commit, checkCommit } from "../../manifests/release/commit.ts";
import { everyRow } from "../rows.ts";

const tagged: Commit = { revision: "0123456789ab", atMs: 0, tags: ["v1.2.3"], changed: [] };

describe("The commit of a release", () => {
  it("has the tag of the version, and all of the files", () =>
    everyRow(
      [
        ["tagged", tagged, false, []],
        ["tagged twice", { ...tagged, tags: ["latest", "v1.2.3"] }, false, []],
        ["no tag", { ...tagged, tags: [] }, false, [/has the tags \(none\), expected v1\.2\.3/]],
        ["a tag without its v", { ...tagged, tags: ["1.2.3"] }, false, [/has the tags 1\.2\.3, expected/]],
        [
          "another version's tag too",
          { ...tagged, tags: ["v1.2.2", "v1.2.3"] },
          false,
          [/is tagged v1\.2\.2 too/],
        ],
        ["a changed file", { ...tagged, changed: ["Dockerfile"] }, false, [/1 file differs .*: Dockerfile/]],
        ["two", { ...tagged, changed: ["a", "b"] }, false, [/2 files differ from the commit: a, b/]],
        ["a rehearsal", { ...tagged, tags: [], changed: ["CHANGELOG.md"] }, true, []],
        ["a rehearsal with another tag", { ...tagged, tags: ["v1.2.2"] }, true, [/is tagged v1\.2\.2 too/]],
      ] as [string, Commit, boolean, RegExp[]][],
      (commit, isRehearsal, patterns) => {
        const faults = checkCommit(commit, "1.2.3", isRehearsal);
        assert.equal(faults.length, patterns.length, JSON.stringify(faults));
        for (const [index, pattern] of patterns.entries()) assert.match(faults[index]?.fault ?? "", pattern);
      },
    ));
});
