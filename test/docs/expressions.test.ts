import assert from "node:assert/strict";
import { loadAllYaml } from "@kubernetes/client-node";
import { refuseExpressions } from "../../daemon/config/expressions.ts";
import { keyOfOption } from "../../daemon/config/keys.ts";
import { type HealthOptionName, healthOptions } from "../../daemon/config/options/health.ts";
import { examples } from "../health/objects.ts";
import { everyRow } from "../rows.ts";
import { givenOptionsIn } from "./options.ts";
import { blocksIn, type Page, readPages } from "./pages.ts";

const names = Object.keys(healthOptions) as HealthOptionName[];

/** The conditions of a page, in options and in configuration files. */
function conditionsIn(page: Page): string[] {
  const typed = givenOptionsIn(page).flatMap(({ words }) =>
    words.flatMap((word) =>
      names.flatMap((name) => (word.startsWith(`--${name}=`) ? word.slice(name.length + 3) : [])),
    ),
  );
  const inFiles = blocksIn(page)
    .filter(({ language }) => language === "yaml")
    .flatMap(({ text }) => loadAllYaml(text) as (Record<string, string[]> | undefined)[])
    .flatMap((file) => names.flatMap((name) => file?.[keyOfOption(name)] ?? []));
  return [...typed, ...inFiles];
}

const conditions = readPages().flatMap(conditionsIn);

describe("Expressions in the documentation", () => {
  it("can be compiled", () =>
    everyRow(
      conditions.map((one) => [one, one] as const),
      (condition) => refuseExpressions({ "healthy-when": condition }),
    ));

  it("are those that are tried on objects of these projects, but for a few", () => {
    const tried: string[] = Object.values(examples).map(({ condition }) => condition);
    assert.ok(conditions.length > 6);
    assert.deepEqual(
      tried.filter((one) => !conditions.includes(one)),
      [],
    );
  });
});
