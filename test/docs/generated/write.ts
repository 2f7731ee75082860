/** Writes the pages of docs that are made from tables: `npm run docs`. */
import { writeFileSync } from "node:fs";
import { pages } from "./pages.ts";

const docs = new URL("../../../docs/", import.meta.url);
for (const [path, text] of Object.entries(pages)) writeFileSync(new URL(path, docs), text());
