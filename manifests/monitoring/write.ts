/** Writes the files of the components that are made from the tables: `npm run monitoring`. */
import { writeFileSync } from "node:fs";
import { monitoringFiles } from "./files.ts";

const components = new URL("../components/", import.meta.url);
for (const [path, content] of Object.entries(monitoringFiles())) {
  writeFileSync(new URL(path, components), content);
}
