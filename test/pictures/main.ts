/** Draws the pictures of the documentation anew: all that take seconds, or those whose names are given. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { drawPage } from "./page.ts";
import { rollPicture } from "./roll.ts";
import { scalePicture } from "./scale.ts";

const folder = fileURLToPath(new URL("../../docs/images/", import.meta.url));

function write(name: string, content: string | Buffer): void {
  writeFileSync(`${folder}${name}`, content);
  process.stdout.write(`docs/images/${name}\n`);
}

const asked = process.argv.slice(2);
const isAsked = (what: string) => asked.length === 0 || asked.includes(what);
const unknown = asked.filter((what) => !["roll", "page", "scale"].includes(what));
if (unknown.length > 0) {
  process.stderr.write(`error: unknown picture ${JSON.stringify(unknown[0])}: must be roll, page or scale\n`);
  process.exit(2);
}
if (isAsked("roll")) write("roll.svg", await rollPicture());
// It takes long, and changes only with the daemon: for those who ask for it.
if (asked.includes("scale")) write("scale.svg", await scalePicture());
if (isAsked("page")) {
  for (const [name, picture] of Object.entries(await drawPage())) write(name, picture);
}
