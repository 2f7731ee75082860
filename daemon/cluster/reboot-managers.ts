/** Other programs that reboot nodes or take them away, as far as the API shows them. Pure. */
import { contract } from "../annotations/names.ts";
import type { RebootManager } from "../host/others/managers.ts";
import { splitKey } from "./paths.ts";

/** One that leaves its marks on each Node. */
interface MarkingManager extends RebootManager {
  marks: (node: NodeMarks) => boolean;
}

/** The keys of its annotations, and its labels. */
export interface NodeMarks {
  annotations: readonly string[];
  labels: Readonly<Record<string, string>>;
}

const flatcarPrefix = "flatcar-linux-update.v1.flatcar-linux.net/";
const aksUpgrade = contract.aksUpgradeStatus.key;

export const markingManagers: readonly MarkingManager[] = [
  {
    name: "Flatcar update operator",
    does: "reboots nodes after an update; its annotations are there",
    fix: "remove the operator, its agents and its annotations, or keep rebootd from these nodes",
    source: "https://github.com/flatcar/flatcar-linux-update-operator",
    marks: ({ annotations }) => annotations.some((key) => key.startsWith(flatcarPrefix)),
  },
  {
    name: "AKS",
    does: `replaces nodes, and could not finish; the label ${aksUpgrade} is there`,
    fix: "finish the upgrade of the node pool: delete the node, or make its drain possible and upgrade again",
    source: "https://learn.microsoft.com/azure/aks/upgrade-cluster",
    marks: ({ labels }) => labels[aksUpgrade] !== undefined,
  },
];

export function managersMarking(node: NodeMarks): RebootManager[] {
  return markingManagers.filter(({ marks }) => marks(node));
}

/** kured with a lock of its own. `key`: the namespace and name of its DaemonSet. */
export function kuredApart(key: string): RebootManager {
  const [namespace, name] = splitKey(key);
  return {
    name: "kured",
    does: `(${key}) reboots nodes under another lock, so both may reboot nodes at the same time`,
    fix: `--lock-object=daemonset/${name} --ds-namespace=${namespace} shares its lock; or remove kured`,
    source: "https://kured.dev/docs/operation/",
  };
}
