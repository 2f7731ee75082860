import type { Policy } from "../../cycle/decision.ts";
import type { OptionTable, ValuesOf } from "../option.ts";
import { keyOrPrefix } from "../sign-values.ts";
import { duration, labelSelector } from "../values.ts";

export const readyOptions = {
  "ready-settle": {
    type: duration(),
    default: "15s",
    placeholder: "DURATION",
    help: "The node must be Ready this long before it is uncordoned",
  },
  "ready-timeout": {
    type: duration({ minMs: 1000 }),
    default: "15m",
    placeholder: "DURATION",
    help: "A node that is not Ready by then is reported; it keeps the lock",
  },
  "ready-pod-selector": {
    type: labelSelector,
    placeholder: "SELECTOR",
    help: "Pods of this node that must be Ready before it is uncordoned; by default pods of DaemonSets that are system-node-critical, and critical static pods",
  },
  "ready-taints-ignore": {
    type: keyOrPrefix,
    repeat: true,
    placeholder: "KEY|PREFIX/*",
    help: "Uncordon the node though it has this taint, for which it would wait until the program that has put it there removes it",
  },
} as const satisfies OptionTable;

export interface ReadySettings {
  policy: Pick<Policy, "readySettleMs" | "readyTimeoutMs" | "readyTaintsIgnored">;
  podSelector: string | undefined;
}

export function readySettings(given: ValuesOf<typeof readyOptions>): ReadySettings {
  return {
    policy: {
      readySettleMs: given["ready-settle"],
      readyTimeoutMs: given["ready-timeout"],
      readyTaintsIgnored: given["ready-taints-ignore"],
    },
    podSelector: given["ready-pod-selector"],
  };
}
