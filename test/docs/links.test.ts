import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { posix } from "node:path";
import { everyRow } from "../rows.ts";
import { anchorsIn, relativeLinksIn, slugOf } from "./links.ts";
import { type Page, readPages, root } from "./pages.ts";

const pages = new Map(readPages().map((page) => [page.file, page]));

/** The fault of a link, or nothing. `exists` is asked for a path from the root. */
function faultOf(
  page: Page,
  target: string,
  all: ReadonlyMap<string, Page>,
  exists: (file: string) => boolean,
): string | undefined {
  const [way = "", anchor] = decodeURIComponent(target).split("#");
  const file =
    way === "" ? page.file : way.startsWith("/") ? way.slice(1) : posix.join(posix.dirname(page.file), way);
  if (file.startsWith("..")) return `${target} leads out of the repository`;
  if (!exists(file)) return `${target}: there is no ${file}`;
  if (anchor === undefined) return undefined;
  const led = all.get(file);
  if (led === undefined) return `${target}: ${file} is no page with anchors`;
  return anchorsIn(led).has(anchor) ? undefined : `${target}: ${file} has no heading with this anchor`;
}

describe("Links of the documentation", () => {
  it("lead to files and headings that exist", () => {
    const faults = [...pages.values()].flatMap((page) =>
      relativeLinksIn(page).flatMap(({ line, target }) => {
        const fault = faultOf(page, target, pages, (file) => existsSync(`${root}${file}`));
        return fault === undefined ? [] : [`${page.file}:${line}: ${fault}`];
      }),
    );
    assert.deepEqual(faults, []);
  });

  it("are found wherever they stand", () => {
    const text = [
      "See [a](a.md#x), ![picture](b.svg) and [c][c].",
      "[c]: ../c.md",
      '<img src="d.png">, <a href="#e">',
      "not `[f](f.md)`, not [g](https://example.com/g.md)",
      "```md\n[h](h.md)\n```",
    ].join("\n");
    const targets = relativeLinksIn({ file: "docs/a.md", text }).map(({ target }) => target);
    assert.deepEqual(targets.toSorted(), ["#e", "../c.md", "a.md#x", "b.svg", "d.png"]);
  });

  it("are at fault in these cases only", () => {
    const page = { file: "docs/guide/a.md", text: "# A\n## B and `c`\n" };
    const all = new Map([
      [page.file, page],
      ["docs/b.md", { file: "docs/b.md", text: "# B\n" }],
    ]);
    const exists = (file: string) => all.has(file) || file === "LICENSE";
    return everyRow(
      [
        ["own heading", "#b-and-c", undefined],
        ["another page", "../b.md#b", undefined],
        ["a file", "../../LICENSE", undefined],
        ["a missing heading", "#d", "#d: docs/guide/a.md has no heading with this anchor"],
        ["a missing file", "c.md", "c.md: there is no docs/guide/c.md"],
        ["a heading of no page", "../../LICENSE#x", "../../LICENSE#x: LICENSE is no page with anchors"],
        ["out of the repository", "../../../x", "../../../x leads out of the repository"],
      ] as [string, string, string | undefined][],
      (target, fault) => assert.equal(faultOf(page, target, all, exists), fault),
    );
  });

  it("know the anchors that forges make", () =>
    everyRow(
      [
        ["blanks", "What is new", "what-is-new"],
        ["code and marks", "`--os`: how, and why?", "--os-how-and-why"],
        ["a link", "[Options](b.md) here", "options-here"],
        ["other letters", "Größe", "größe"],
      ] as [string, string, string][],
      (heading, anchor) => assert.equal(slugOf(heading), anchor),
    ));

  it("tell headings of the same name apart", () => {
    const anchors = anchorsIn({ file: "a.md", text: '# A\n## A\n<a id="own"></a>\n```sh\n# B\n```\n' });
    assert.deepEqual([...anchors], ["a", "a-1", "own"]);
  });
});
