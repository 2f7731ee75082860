import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

/** The folders of daemon/, from what starts the process down to what everybody needs. */
const floors = [
  ["daemon"],
  ["cli", "compose"],
  ["config"],
  ["report"],
  ["cycle"],
  ["gates"],
  ["lock"],
  ["drain", "prometheus"],
  ["cluster"],
  ["annotations", "host"],
  ["schedule", "time", "text"],
];

/** Folder of a file of daemon/; files that are in none are on the first floor. */
const folderOf = (file: string): string => file.split("/").at(1)?.replace(/\.ts$/, "") ?? "";
const floorOf = (file: string): number => {
  const folder = file === "daemon/main.ts" ? "daemon" : folderOf(file);
  const floor = floors.findIndex((folders) => folders.includes(folder));
  assert.notEqual(floor, -1, `${file}: its folder is on no floor`);
  return floor;
};

describe("The files of daemon/", () => {
  it("import from their own folder and from folders below it, types too", () => {
    const upward = globSync("daemon/**/*.ts", { cwd: root }).flatMap((file) => {
      const text = readFileSync(join(root, file), "utf8");
      const imported = [...text.matchAll(/ from "(\.[^"]+)"/g)].map(([, path = ""]) =>
        join(dirname(file), path),
      );
      return imported
        .filter((to) => to.startsWith("daemon/") && folderOf(to) !== folderOf(file))
        .filter((to) => floorOf(to) <= floorOf(file))
        .map((to) => `${file} imports ${to}`);
    });
    assert.deepEqual(upward, []);
  });
});
