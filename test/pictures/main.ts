/** Draws the pictures of the documentation anew: all, or those whose names are given. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { drawPage } from "./page.ts";
import { rollPicture } from "./roll.ts";

const folder = fileURLToPath(new URL("../../docs/images/", import.meta.url));

function write(name: string, content: string | Buffer): void {
  writeFileSync(`${folder}${name}`, content);
  process.stdout.write(`docs/images/${name}\n`);
}

const asked = process.argv.slice(2);
const isAsked = (what: string) => asked.length === 0 || asked.includes(what);
const unknown = asked.filter((what) => !["roll", "page"].includes(what));
if (unknown.length > 0) {
  process.stderr.write(`error: unknown picture ${JSON.stringify(unknown[0])}: must be roll or page\n`);
  process.exit(2);
}
if (isAsked("roll")) write("roll.svg", await rollPicture());
if (isAsked("page")) {
  for (const [name, picture] of Object.entries(await drawPage())) write(name, picture);
}
