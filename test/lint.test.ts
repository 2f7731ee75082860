import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { everyRow } from "./rows.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const biome = fileURLToPath(import.meta.resolve("@biomejs/biome/bin/biome"));

/** For each plugin a place for which biome.json selects it, with texts that it refuses and one that it accepts. */
const rows: [plugin: string, path: string, refused: string[], accepted: string][] = [
  [
    "config-inward",
    "daemon/config/a.ts",
    ['import { a } from "../gates/gate.ts";\nexport { a };\n'],
    'import type { A } from "../gates/gate.ts";\nexport type { A };\n',
  ],
  [
    "foreign-keys",
    "daemon/drain/a.ts",
    ['export const key = "example.org/name";\n', 'export const keys = { "example.org/name": 1 };\n'],
    'export const key = "example.com/name";\n',
  ],
  [
    "no-config",
    "daemon/drain/a.ts",
    ['import type { A } from "../config/values.ts";\nexport type { A };\n'],
    'import type { A } from "../lock/lock.ts";\nexport type { A };\n',
  ],
  [
    "raw-paths",
    "daemon/drain/a.ts",
    [`export const path = (name: string) => \`/api/v1/nodes/\${name}\`;\n`],
    `export const path = (name: string) => \`/proc/\${name}\`;\n`,
  ],
  [
    "wall-clock",
    "daemon/drain/a.ts",
    ["export const at = Date.now();\n", "export const at = (clock: Clock) => clock.wall();\n"],
    "export const at = (clock: Clock) => clock.elapsed();\n",
  ],
  [
    "whole-settings",
    "daemon/cli/a.ts",
    ['import type { Settings } from "../config/settings.ts";\nexport type { Settings };\n'],
    'import type { RawOptions } from "../config/settings.ts";\nexport type { RawOptions };\n',
  ],
];

/** A plugin that matches nothing, for example with a newer Biome, would leave `npm run lint` green. */
describe("The plugins of the linter", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "rebootd-lint-"));
    for (const one of ["biome.json", ".lint"])
      cpSync(join(root, one), join(folder, one), { recursive: true });
  });
  after(() => rmSync(folder, { recursive: true }));

  /** The errors in a file of this text, in a folder with the rules of the project. */
  function errorsIn(path: string, text: string): string[] {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    const args = [biome, "lint", "--vcs-enabled=false", "--reporter=github", path];
    const { stdout, error } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
    if (error !== undefined) throw error;
    rmSync(file);
    return [...stdout.matchAll(/^::error title=plugin,.*?::(.*)$/gm)].map(([, message = ""]) => message);
  }

  it("refuse each an offence, and nothing beside it", () =>
    everyRow(
      rows.map((row) => [row[0], row] as const),
      ([plugin, path, refused, accepted]) => {
        const source = readFileSync(join(root, ".lint", `${plugin}.grit`), "utf8");
        const [, message] = /message="([^"]+)"/.exec(source) ?? [];
        for (const text of refused) assert.deepEqual(errorsIn(path, text), [message], text);
        assert.deepEqual(errorsIn(path, accepted), [], accepted);
      },
    )).timeout(20_000);

  it("have each a row here", () =>
    assert.deepEqual(
      rows.map(([plugin]) => `.lint/${plugin}.grit`),
      globSync(".lint/*.grit", { cwd: root }).sort(),
    ));
});
