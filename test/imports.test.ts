import assert from "node:assert/strict";
import { readImports } from "./read-imports.ts";

/** The folders of daemon/, from what starts the process down to what everybody needs. */
const floors = [
  ["daemon"],
  ["ui"],
  ["cli", "compose"],
  ["kured"],
  ["forecast"],
  ["config"],
  ["report", "hook-jobs"],
  ["cycle"],
  ["gates"],
  ["lock", "notify", "silence"],
  ["drain", "health", "prometheus"],
  ["http"],
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

const imports = readImports("all");

describe("The files of daemon/", () => {
  it("import from their own folder and from folders below it", () => {
    const ofDaemon = [...imports].filter(([file]) => file.startsWith("daemon/"));
    const upward = ofDaemon.flatMap(([file, imported]) =>
      imported
        .filter((to) => folderOf(to) !== folderOf(file) && floorOf(to) <= floorOf(file))
        .map((to) => `${file} imports ${to}`),
    );
    assert.deepEqual(upward, []);
  });
});

describe("The files of daemon/ and test/", () => {
  it("import each other in no circle", () => {
    const left = new Map(imports);
    // A file that imports none of those that are left is in no circle with them.
    for (let before = left.size + 1; left.size < before; ) {
      before = left.size;
      for (const [file, imported] of left) if (!imported.some((to) => left.has(to))) left.delete(file);
    }
    assert.deepEqual([...left.keys()], []);
  });
});
