import { invalidValue, printable } from "../text/config-error.ts";
import { parseTable } from "./option.ts";
import { type HealthOptionName, healthOptions } from "./options/health.ts";
import type { RawOptions } from "./settings.ts";

const names = Object.keys(healthOptions) as HealthOptionName[];

/**
 * Rejects with a ConfigError for the first expression that cannot be compiled; the values themselves are valid.
 * The language is loaded only where there is an expression.
 */
export async function refuseExpressions(raw: RawOptions): Promise<void> {
  if (names.every((name) => raw[name] === undefined)) return;
  const { compileExpression } = await import("../health/expression.ts");
  const given = parseTable(healthOptions, raw);
  for (const name of names) {
    for (const [index, { expression }] of given[name].entries()) {
      try {
        compileExpression(expression);
      } catch (error) {
        const shown = printable([raw[name] ?? ""].flat()[index] ?? "");
        const rule =
          "must have an expression of CEL that is true or false, for example status.phase == 'Ready'";
        throw invalidValue(
          name,
          shown,
          `${rule}, but ${(error as Error).message} of ${printable(expression)}`,
        );
      }
    }
  }
}
