import { readFileSync } from "node:fs";

/** The comments of a table of foreign keys: each row has the address of its source before it. */
export function sourcesIn(table: "departures" | "readiness-taints"): string[] {
  const text = readFileSync(new URL(`../../daemon/annotations/${table}.ts`, import.meta.url), "utf8");
  return [...text.matchAll(/^ {2}\/\/ (https:\S+)$/gm)].map(([, address = ""]) => address);
}
