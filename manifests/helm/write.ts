/** Writes the files of the chart that are made from others: `npm run chart`. */
import { writeFileSync } from "node:fs";
import { chartFiles } from "./files.ts";

const root = new URL("../../", import.meta.url);
for (const [path, content] of Object.entries(chartFiles())) {
  writeFileSync(new URL(path, root), content);
}
