import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../manifests/image/root.ts";
import { checkChangelog, compareVersions, notesOf } from "../../manifests/release/changelog.ts";
import { everyRow } from "../rows.ts";

const intro = "# Changelog\n\nAll changes.\n\n";
const entries = "\n### Added\n- A thing.\n\n";
const unreleased = `## [Unreleased]\n${entries}`;
const second = `## [0.2.0] - 2026-11-29\n${entries}`;
const first = `## [0.1.0] - 2026-10-01\n${entries}`;
const release = { version: "0.2.0", day: "2026-11-29" };
const rehearsal = { version: "0.2.0", day: undefined };

describe("The changelog", () => {
  it("of this version is in order", () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const text = readFileSync(join(root, "CHANGELOG.md"), "utf8");
    assert.deepEqual(checkChangelog(text, { version, day: undefined }), []);
  });

  it("is refused wherever a heading or its entries are not as a release has them", () =>
    everyRow(
      [
        ["a release", release, second + first, []],
        ["the first release", release, second, []],
        ["a rehearsal", rehearsal, unreleased + first, []],
        ["a rehearsal with the heading of the release", rehearsal, second + first, []],
        ["a rehearsal without entries of the version", rehearsal, first, [/no entries of this version/]],
        ["Unreleased at a release", release, unreleased + second + first, [/still has "Unreleased"/]],
        [
          "an empty Unreleased at a release",
          release,
          `## [Unreleased]\n\n${second}`,
          [/no entries under "\[Unreleased\]"/, /still has "Unreleased"/],
        ],
        ["no heading of the version", release, first, [/no heading for 0\.2\.0/]],
        [
          "a newer version",
          { ...release, version: "0.1.0" },
          second + first,
          [/newer versions than 0\.1\.0/],
        ],
        ["no entries", release, `## [0.2.0] - 2026-11-29\n\n${first}`, [/no entries under "\[0\.2\.0\]/]],
        ["no date", release, second.replace(" - 2026-11-29", ""), [/has the heading "\[0\.2\.0\]"/]],
        ["a day that is none", release, second.replace("11-29", "02-30"), [/has the heading/]],
        ["a day after the commit", release, second.replace("11-29", "11-30"), [/dates 0\.2\.0 2026-11-30/]],
        ["another form", release, `${second}## 0.1.0 (2026-10-01)\n${entries}`, [/"0\.1\.0 \(2026-10-01\)"/]],
        ["the wrong order", release, first + second, [/"\[0\.2\.0\].*below "\[0\.1\.0\]/, /newer versions/]],
        ["the same twice", release, second + second, [/"\[0\.2\.0\].*below/]],
        [
          "days in the wrong order",
          release,
          second + first.replace("2026-10", "2026-12"),
          [/"\[0\.1\.0\] - 2026-12-01" below/],
        ],
        ["Unreleased at the end", release, second + unreleased, [/below a version/, /still has/]],
        [
          "a sentence of the time before",
          release,
          `No version has been released yet.\n\n${second}`,
          [/no version has been released/],
        ],
      ] as [string, typeof release, string, RegExp[]][],
      (of, text, patterns) => {
        const faults = checkChangelog(intro + text, of).map(({ fault }) => fault);
        assert.equal(faults.length, patterns.length, faults.join("\n"));
        for (const [index, pattern] of patterns.entries()) assert.match(faults[index] ?? "", pattern);
      },
    ));

  it("gives the text of one version", () => {
    assert.equal(notesOf(intro + second + first, release), "### Added\n- A thing.\n");
    assert.equal(notesOf(intro + unreleased, rehearsal), "### Added\n- A thing.\n");
    assert.equal(notesOf(intro + unreleased, release), undefined);
  });
});

describe("Versions", () => {
  it("are in the order of semantic versions", () => {
    const order = [
      "1.0.0-alpha",
      "1.0.0-alpha.1",
      "1.0.0-alpha.b",
      "1.0.0-rc.2",
      "1.0.0-rc.10",
      "1.0.0",
      "1.0.9",
      "1.0.10",
      "1.2.0",
    ];
    assert.deepEqual([...order].reverse().sort(compareVersions), order);
    assert.equal(compareVersions("1.0.0", "1.0.0"), 0);
  });
});
