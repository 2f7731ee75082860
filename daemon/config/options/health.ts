import type { HealthCondition } from "../../health/condition.ts";
import { healthCondition } from "../health-condition.ts";
import type { OptionTable, ValuesOf } from "../option.ts";

export const healthOptions = {
  "healthy-when": {
    type: healthCondition,
    repeat: true,
    placeholder: "GROUP/VERSION/KIND[/NAMESPACE[/NAME]]: EXPRESSION",
    help: "Start a cycle only while this expression of CEL is true for the object, or for all objects there; may be repeated; the daemon needs the right to read them",
  },
  "healthy-before-uncordon": {
    type: healthCondition,
    repeat: true,
    placeholder: "GROUP/VERSION/KIND[/NAMESPACE[/NAME]]: EXPRESSION",
    help: "Uncordon a node after its reboot only once this expression is true, in the same form; may be repeated",
  },
} as const satisfies OptionTable;

export type HealthOptionName = keyof typeof healthOptions;

export interface HealthSettings {
  /** All must hold before a cycle starts. */
  beforeStart: readonly HealthCondition[];
  /** All must hold before the uncordon. */
  beforeUncordon: readonly HealthCondition[];
}

/** Undefined without conditions. */
export function healthSettings(given: ValuesOf<typeof healthOptions>): HealthSettings | undefined {
  const beforeStart = given["healthy-when"];
  const beforeUncordon = given["healthy-before-uncordon"];
  return beforeStart.length + beforeUncordon.length > 0 ? { beforeStart, beforeUncordon } : undefined;
}
