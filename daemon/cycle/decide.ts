import { betweenCycles } from "./at-rest.ts";
import type { Decision, Policy } from "./decision.ts";
import { draining } from "./draining.ts";
import type { Observation } from "./observation.ts";
import { rebooting } from "./rebooting.ts";
import type { CycleRecord } from "./record.ts";
import { leftBehind, restoring } from "./restoring.ts";
import { returning } from "./returning.ts";
import { settling } from "./settling.ts";

/**
 * Pure and total: where the cycle stands and what was seen, to what is done next. All knowledge of the order
 * of things is here. The order makes a kill between any two effects safe: slot, cordon and record in one
 * patch, evictions, record with the boot ID, fresh checks, reboot, proof, return, uncordon, release.
 */
export function decide(record: CycleRecord, seen: Observation, policy: Policy, now: number): Decision {
  const context = { seen, policy, now };
  switch (record.phase) {
    case "Idle":
    case "Waiting":
    case "Failed":
      return leftBehind(record, context) ?? betweenCycles(record, context);
    case "Draining":
      return draining(record, context);
    case "Rebooting":
      return rebooting(record, context);
    case "Returning":
      return returning(record, context);
    case "Settling":
      return settling(record, context);
    case "Restoring":
      return restoring(record, context);
  }
}
