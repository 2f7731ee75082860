import type { OptionTable, ValuesOf } from "../option.ts";
import { choice } from "../values.ts";

export const approvalOptions = {
  approval: {
    type: choice("auto", "manual"),
    default: "auto",
    placeholder: "auto|manual",
    help: "With manual, a node starts only once a person has approved its reboot (rebootd approve); urgent requests need no approval",
  },
} as const satisfies OptionTable;

export interface ApprovalSettings {
  /** A person has to approve each reboot. */
  isManual: boolean;
}

export function approvalSettings(given: ValuesOf<typeof approvalOptions>): ApprovalSettings {
  return { isManual: given.approval === "manual" };
}
