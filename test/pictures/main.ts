/** Draws the pictures of the documentation anew. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rollPicture } from "./roll.ts";

const folder = fileURLToPath(new URL("../../docs/images/", import.meta.url));
writeFileSync(`${folder}roll.svg`, await rollPicture());
process.stdout.write("docs/images/roll.svg\n");
