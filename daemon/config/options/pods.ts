import type { BlockingPods } from "../../gates/pods.ts";
import { missingOption } from "../../text/config-error.ts";
import type { OptionTable, ValuesOf } from "../option.ts";
import { labelSelector, objectName } from "../values.ts";

export const podOptions = {
  "blocking-pod-selector": {
    type: labelSelector,
    repeat: true,
    placeholder: "SELECTOR",
    help: "Start no cycle while such a pod runs on this node; may be repeated",
  },
  "blocking-pod-namespace": {
    type: objectName,
    repeat: true,
    placeholder: "NAME",
    help: "Blocking pods count in this namespace alone; may be repeated; requires --blocking-pod-selector",
  },
} as const satisfies OptionTable;

/** Undefined where no pod blocks. */
export function podSettings(given: ValuesOf<typeof podOptions>): BlockingPods | undefined {
  const selectors = given["blocking-pod-selector"];
  const namespaces = given["blocking-pod-namespace"];
  if (selectors.length > 0) return { selectors, namespaces };
  if (namespaces.length > 0) throw missingOption("blocking-pod-namespace", "blocking-pod-selector");
  return undefined;
}
