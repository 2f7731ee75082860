import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { examples } from "../../daemon/cli/examples.ts";
import { commandsPage, pageFile } from "./commands-page.ts";

describe("The page of commands", () => {
  const page = readFileSync(pageFile, "utf8");

  it("has each command with its options and examples (npm run commands-page)", () => {
    assert.equal(page, commandsPage());
    const sections = [...page.matchAll(/^## rebootd (\S+)$/gm)].map(([, name = ""]) => name);
    assert.deepEqual(sections.toSorted(), Object.keys(examples).toSorted());
  });

  it("has every exit code", () => {
    for (const code of [0, 1, 2, 3]) assert.match(page, new RegExp(`^\\| ${code} \\| \\S`, "m"));
  });
});
