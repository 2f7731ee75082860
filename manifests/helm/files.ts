/** The files of the chart, and of the documentation about it, that are made from others. */
import { valuesSchema } from "./schema.ts";
import { chartTemplates } from "./templates.ts";

/** By the path from the root of the project. */
export function chartFiles(): Readonly<Record<string, string>> {
  const inChart = {
    "values.schema.json": `${JSON.stringify(valuesSchema(), undefined, 2)}\n`,
    ...chartTemplates(),
  };
  return Object.fromEntries(
    Object.entries(inChart).map(([path, content]) => [`manifests/chart/${path}`, content]),
  );
}
