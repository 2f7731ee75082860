import type { Policy } from "../../cycle/decision.ts";
import type { OptionTable, ValuesOf } from "../option.ts";
import { nodeSign } from "../sign-values.ts";

export const departingOptions = {
  "departing-when": {
    type: nodeSign,
    repeat: true,
    placeholder: "KEY[=VALUE][:EFFECT]",
    help: "A label or taint by which somebody else takes a node away: such a node does not start, and is restored if it has not rebooted yet",
  },
} as const satisfies OptionTable;

export type DepartingSettings = Pick<Policy, "departingWhen">;

export function departingSettings(given: ValuesOf<typeof departingOptions>): DepartingSettings {
  return { departingWhen: given["departing-when"] };
}
