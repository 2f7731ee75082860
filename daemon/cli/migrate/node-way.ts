import { secretName } from "./options.ts";
import { managerLabel, type Placed } from "./placed.ts";
import { goOn, hold, namesOf, type Step, step, upgradeKured, type Way } from "./steps.ts";

const status = "rebootd status";
const unlabel = `kubectl label nodes --all ${managerLabel}-`;
const move = (value: "kured" | "rebootd") => `kubectl label node NODE ${managerLabel}=${value} --overwrite`;

/** rebootd with manifests of its own beside kured, on one lock, node by node. Pure. */
export function nodeWay(plan: Placed): Way {
  const { file, selectKured, apply, sharedLock, removeKured, namespace } = toolOf(plan);
  const ours = `kubectl -n ${namespace} rollout status daemonset/rebootd`;
  return {
    name: "node by node",
    title: "rebootd with manifests of its own, on kured's lock: node by node, while both run",
    steps: [
      hold(plan),
      step(
        "Keep kured to nodes with a label of their own, so that no node ever has both.",
        `kubectl label nodes --all ${managerLabel}=kured`,
        ...selectKured("kured"),
      ),
      ...secretSteps(plan, namespace),
      step(`Install rebootd with the ${file} below. It runs on no node yet.`, apply),
      step("Move one node, and look at it.", move("rebootd"), ours, "rebootd check", "rebootd explain NODE"),
      goOn(plan),
      step(
        "Reboot that node. Then move the others, each while it holds no slot: kured leaves its entry behind if its pod goes in mid-cycle.",
        "rebootd reboot NODE --reason='try rebootd'",
        status,
        move("rebootd"),
      ),
      step(
        "Once all nodes have moved, take the lock to rebootd's own Lease. Lock kured's, and wait until no node holds a slot.",
        "rebootd lock --reason='move the lock'",
        status,
      ),
      step(`${sharedLock}, and apply it. Daemons that still use kured's lock start no reboot.`, apply, ours),
      step("Remove kured and its rights, by the names of its own manifests.", ...removeKured, unlabel),
    ],
    back: backOf(plan),
  };
}

function backOf(plan: Placed): Step[] {
  const { selectKured, removeOurs } = toolOf(plan);
  return [
    step("Until kured is removed: move a node back while it holds no slot.", status, move("kured")),
    step(
      "Once all nodes are back: remove rebootd, and let kured run on all nodes again.",
      removeOurs,
      ...selectKured(null),
      unlabel,
    ),
    step(
      "After kured was removed: lock, wait until no node holds a slot, remove rebootd, and install kured as before.",
      "rebootd lock --reason='back to kured'",
      status,
      removeOurs,
    ),
  ];
}

/** The commands that differ between manifests and charts. */
interface Tool {
  /** The file of the report that it takes. */
  file: string;
  /** Lets kured run only on nodes with that value of the label; null: on all. */
  selectKured: (value: "kured" | null) => string[];
  apply: string;
  /** The places to take the shared lock out of again. */
  sharedLock: string;
  removeOurs: string;
  removeKured: string[];
  /** The namespace of rebootd. */
  namespace: string;
}

function toolOf(plan: Placed): Tool {
  const { namespace, name, form } = plan.found;
  const { kubectl, daemonSet } = namesOf(plan);
  const rollout = `${kubectl} rollout status ${daemonSet}`;
  if (form === "values")
    return {
      file: "values.yaml",
      selectKured: (value) => [`${upgradeKured(plan)} --set nodeSelector.${managerLabel}=${value}`, rollout],
      apply: `helm upgrade --install rebootd manifests/chart -n ${namespace} -f values.yaml`,
      sharedLock: `Take kured.lock, and ${managerLabel} of nodeSelector, out of the values`,
      removeOurs: `helm uninstall rebootd -n ${namespace}`,
      removeKured: [`helm uninstall RELEASE -n ${namespace}`],
      namespace,
    };
  const patchOf = (nodeSelector: object) =>
    `${kubectl} patch ${daemonSet} -p '${JSON.stringify({ spec: { template: { spec: { nodeSelector } } } })}'`;
  return {
    file: "kustomization.yaml",
    selectKured: (value) => [patchOf({ [managerLabel]: value }), rollout],
    apply: "kubectl apply -k .",
    sharedLock: `Take components/kured, and ${managerLabel} of the nodeSelector, out of the kustomization`,
    removeOurs: "kubectl delete -k .",
    removeKured: [
      `${kubectl} delete daemonset/${name} serviceaccount/kured role/kured rolebinding/kured`,
      "kubectl delete clusterrole/kured clusterrolebinding/kured",
    ],
    namespace: "kube-system",
  };
}

function secretSteps({ byEnvironment }: Placed, namespace: string): Step[] {
  const ours = byEnvironment.filter(({ variable }) => variable?.valueFrom?.secretKeyRef?.name === secretName);
  if (ours.length === 0) return [];
  const literals = ours.map(({ option }) => ` --from-literal=${option}=VALUE`).join("");
  return [
    step(
      "Put the secrets into a Secret, with kured's values in place of VALUE.",
      `kubectl -n ${namespace} create secret generic ${secretName}${literals}`,
    ),
  ];
}
