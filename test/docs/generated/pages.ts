import { chartValuesPage } from "./chart-values-page.ts";
import { commandsPage } from "./commands-page.ts";
import { kuredPage } from "./kured-flags.ts";
import { metricsPage } from "./metrics-page.ts";
import { optionsPage } from "./options-page.ts";
import { rightsPage } from "./rights-page.ts";

/** The pages that are made from tables of the code, by their path in docs, each with the function that gives its text. */
export const pages: Readonly<Record<string, () => string>> = {
  "migrate-from-kured.md": kuredPage,
  "reference/chart-values.md": chartValuesPage,
  "reference/commands.md": commandsPage,
  "reference/metrics.md": metricsPage,
  "reference/options.md": optionsPage,
  "reference/rights.md": rightsPage,
};
