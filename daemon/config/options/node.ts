import type { OptionTable, ValuesOf } from "../option.ts";
import { bool, duration, objectName, text } from "../values.ts";

export const nodeOptions = {
  "node-id": {
    type: objectName,
    required: true,
    needsRestart: true,
    placeholder: "NAME",
    help: "Name of this node; in a pod from spec.nodeName",
  },
  kubeconfig: {
    type: text({ rule: "must be a file, for example /etc/rebootd/kubeconfig", like: /^\P{Cc}+$/u }),
    needsRestart: true,
    placeholder: "FILE",
    help: "Kubeconfig file; by default the files in KUBECONFIG, as kubectl reads them, else the service account of the pod",
  },
  period: {
    type: duration({ minMs: 1000 }),
    default: "1h",
    placeholder: "DURATION",
    help: "Observe everything at least this often; events come in between",
  },
  once: {
    type: bool,
    default: "false",
    needsRestart: true,
    placeholder: "true|false",
    help: "Observe once, print the decision and its reasons, change nothing",
  },
} as const satisfies OptionTable;

export interface NodeSettings {
  name: string;
  /** Absent: see the option. */
  kubeconfig: string | undefined;
  periodMs: number;
  once: boolean;
}

export function nodeSettings(given: ValuesOf<typeof nodeOptions>): NodeSettings {
  return {
    name: given["node-id"],
    kubeconfig: given.kubeconfig,
    periodMs: given.period,
    once: given.once,
  };
}
