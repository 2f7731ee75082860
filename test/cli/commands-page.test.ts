import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { examples } from "../../daemon/cli/examples.ts";

describe("The page of commands", () => {
  const page = readFileSync(new URL("../../docs/reference/commands.md", import.meta.url), "utf8");

  it("has a section for each command", () => {
    const sections = [...page.matchAll(/^## rebootd (\S+)$/gm)].map(([, name = ""]) => name);
    assert.deepEqual(sections.toSorted(), Object.keys(examples).toSorted());
  });

  it("has every exit code", () => {
    for (const code of [0, 1, 2, 3]) assert.match(page, new RegExp(`^\\| ${code} \\| \\S`, "m"));
  });
});
