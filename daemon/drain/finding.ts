/** Findings on pods that may keep a drain from succeeding, each in a sentence for people. */
export const obstacles = {
  "no-controller": "A pod has no controller, so nothing would recreate it (--drain-force).",
  "local-data": "A pod has local data in an emptyDir (--delete-emptydir-data).",
  "daemonset-gone": "A pod belongs to a DaemonSet that is gone (--drain-force).",
  "budget-exhausted": "A PodDisruptionBudget allows no disruption, as too few of its pods are healthy.",
  "budget-never": "A PodDisruptionBudget never allows a disruption, whatever its pods do.",
  "budgets-several": "More than one PodDisruptionBudget covers a pod, so the server never evicts it.",
  "budget-no-room": "A PodDisruptionBudget lets go fewer pods than have nowhere else to run.",
  "long-grace": "A pod has a longer grace period than the drain may last.",
  "ending-late": "A pod is terminating, and has time until after the drain's deadline.",
} as const;

/** Findings that keep no drain from starting. */
export const remarks = {
  "budget-busy": "A PodDisruptionBudget has allowed its disruptions just now, or is being worked out.",
  "budget-held": "A PodDisruptionBudget allows no disruption until its operator releases it.",
  "opted-out": "A pod asks not to be disrupted; the drain evicts it anyway.",
  "daemonset-stop":
    "A pod of a DaemonSet is deleted when the others are gone, as it asks for (--daemonset-stop-selector).",
  "comes-back": "A pod is recreated on this node in spite of the cordon.",
  surged: "A pod goes once a roll-out of its Deployment has put another in its place (--surge-selector).",
  "not-surged": "A pod of --surge-selector is evicted without a roll-out of its Deployment before.",
  "nowhere-to-go": "No other node has room for what replaces a pod.",
} as const;

export const findings = { ...obstacles, ...remarks };

export type ObstacleCode = keyof typeof obstacles;
export type FindingCode = keyof typeof findings;

/** A remark of the preflight on a pod that the drain evicts. */
export interface Finding<C extends FindingCode = FindingCode> {
  code: C;
  /** The text behind the name of the pod. */
  message: string;
  /** The drain cannot succeed while this is so. */
  blocks: boolean;
  /** The beginning, where it is known and the finding may be over by itself; milliseconds since the epoch. */
  since?: number | undefined;
  /** The time at which it is over by itself, where that is known; milliseconds since the epoch. */
  until?: number;
}

export function isObstacle(finding: Finding): finding is Finding<ObstacleCode> {
  return finding.blocks && Object.hasOwn(obstacles, finding.code);
}
