import { approvalIn } from "../annotations/approval.ts";
import { type ForeseenGate, foreseen } from "./gate.ts";

/**
 * With `--approval=manual`: closed until a person has approved the reboot of the own Node. Asked again until the
 * reboot, so that a person may take the approval back.
 */
export const approvalGate: ForeseenGate<"approval"> = foreseen({
  name: "approval",
  stages: ["start", "drain", "reboot"],
  cost: "local",
  urgentPasses: true,
  answer({ approved }) {
    if (approvalIn(approved)) return { open: true };
    return {
      open: false,
      code: "missing",
      message: "nobody has approved the reboot of this node (--approval=manual)",
    };
  },
});
