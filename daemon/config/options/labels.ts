import type { MarkPolicy } from "../../cycle/marks.ts";
import type { OptionTable, ValuesOf } from "../option.ts";
import { bool, labels, metadataKey } from "../values.ts";

export const labelOptions = {
  "pre-reboot-node-labels": {
    type: labels,
    repeat: true,
    placeholder: "KEY=VALUE,...",
    help: "Labels set before the cordon, and restored with the uncordon",
  },
  "post-reboot-node-labels": {
    type: labels,
    repeat: true,
    placeholder: "KEY=VALUE,...",
    help: "Labels set, to stay, with the uncordon that follows a proved reboot",
  },
  "lb-exclude": {
    type: bool,
    default: "false",
    placeholder: "true|false",
    help: "Exclude the node from external load balancers from before the cordon until the uncordon",
  },
  "annotate-nodes": {
    type: bool,
    default: "false",
    placeholder: "true|false",
    help: "Annotate the Node as kured does, with the time since when it needs a reboot, until it has rebooted",
  },
  "prefer-no-schedule-taint": {
    type: metadataKey("example.com/reboot-pending"),
    placeholder: "KEY",
    help: "A taint with the effect PreferNoSchedule while only the lock, the disruption or the opt-outs gate keeps the node waiting, and until the uncordon",
  },
} as const satisfies OptionTable;

export interface LabelSettings
  extends Pick<MarkPolicy, "labelsBefore" | "labelsAfter" | "softTaint" | "annotatesNeed"> {
  excludesFromLoadBalancers: boolean;
}

export function labelSettings(given: ValuesOf<typeof labelOptions>): LabelSettings {
  return {
    labelsBefore: Object.assign({}, ...given["pre-reboot-node-labels"]),
    labelsAfter: Object.assign({}, ...given["post-reboot-node-labels"]),
    softTaint: given["prefer-no-schedule-taint"],
    annotatesNeed: given["annotate-nodes"],
    excludesFromLoadBalancers: given["lb-exclude"],
  };
}
