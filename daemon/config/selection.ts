import { parseLabelSelector } from "../cluster/label-selector.ts";
import type { Selection } from "../drain/select.ts";
import { escalationOf, escalationOptions } from "./escalation.ts";
import type { Config, OptionName } from "./options.ts";

/** The options that say which pods a drain takes. */
const selectionOptions = [
  "drain-skip-namespace",
  "skip-wait-for-delete-timeout",
  "delete-emptydir-data",
  "drain-force",
  "budget-held-selector",
  ...escalationOptions,
] as const satisfies OptionName[];

/** The options that say what a drain does with which pods. */
export const drainOptions = [
  "drain-pod-selector",
  ...selectionOptions,
  "drain-grace-period",
] as const satisfies OptionName[];

export function selectionOf(config: Pick<Config, (typeof selectionOptions)[number]>): Selection {
  const heldBudgets = config["budget-held-selector"];
  return {
    deleteEmptyDirData: config["delete-emptydir-data"],
    force: config["drain-force"],
    rebootAnyway: escalationOf(config).rebootAnyway,
    skipNamespaces: config["drain-skip-namespace"],
    skipWaitForDeleteMs: config["skip-wait-for-delete-timeout"] * 1000,
    ...(heldBudgets !== undefined && { heldBudgets: parseLabelSelector(heldBudgets) }),
  };
}
