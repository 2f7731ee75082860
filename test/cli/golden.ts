import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { rendered, type Text } from "../../daemon/cli/terminal.ts";

const folder = new URL("golden/", import.meta.url);

/**
 * Compares a text with the file `test/cli/golden/NAME.txt`, for example `status/draining-80`. UPDATE_GOLDEN=1
 * writes the file instead; the difference is then to be read.
 */
export function assertGolden(name: string, text: string): void {
  const file = fileURLToPath(new URL(`${name}.txt`, folder));
  if (process.env["UPDATE_GOLDEN"] === "1") {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return;
  }
  assert.ok(existsSync(file), `${file} is missing; UPDATE_GOLDEN=1 writes it`);
  assert.equal(text, readFileSync(file, "utf8"), `${name}: UPDATE_GOLDEN=1 writes the new text`);
}

const names: Readonly<Record<string, string>> = {
  "1": "bold",
  "2": "dim",
  "31": "red",
  "32": "green",
  "33": "yellow",
  "36": "cyan",
};

/** The escape of a terminal before each code. */
const esc = "\u001b";
const code = new RegExp(`${esc}\\[(\\d+)m`, "g");

/** The text with its colours in words, such as `[red]drain failed[/]`, so that a golden file can be read. */
export function inWords(text: Text): string {
  return rendered(text, { hasColour: true }).replace(code, (_, number) => `[${names[number] ?? "/"}]`);
}
