/**
 * The rights that a daemon can do without, for a ServiceAccount that was made for another program, as kured's
 * was. One row says what is off without a right, and what happens instead. Pure.
 */

/** Something that is on only with the rights that it names. */
interface Feature {
  /** The subject of "… is off". Rows with one name are one feature. */
  name: string;
  /** The verbs, and the resource as RBAC names it. */
  verbs: readonly string[];
  resource: string;
  /** The paths of the API that belong to the resource. */
  paths: RegExp;
  /** The state without it, as a whole clause. */
  instead: string;
}

const inNamespace = "/namespaces/[^/]+";
const budgets = new RegExp(`^/apis/policy/v1(${inNamespace})?/poddisruptionbudgets$`);
/** The collections of objects that may carry the lock. */
const ofLock = `^/apis/(apps/v1${inNamespace}/daemonsets|coordination\\.k8s\\.io/v1${inNamespace}/leases)`;
const lockResource = "daemonsets.apps or leases.coordination.k8s.io, whichever carries the lock";

export const features: readonly Feature[] = [
  {
    name: "watching the own Node",
    verbs: ["watch"],
    resource: "nodes",
    paths: /^\/api\/v1\/nodes$/,
    instead:
      "the Node is read every few seconds in a cycle, and else once in --period, at least once an hour, so that a request or a pause is noticed later",
  },
  {
    name: "looking at other nodes",
    verbs: ["list"],
    resource: "nodes",
    paths: /^\/api\/v1\/nodes$/,
    instead:
      "a percentage in --concurrency counts as 1, --max-unavailable keeps the node waiting, only the lock tells which nodes are down, and a node of the control plane cannot tell whether those outside the lock are Ready",
  },
  {
    name: "writing conditions",
    verbs: ["patch"],
    resource: "nodes/status",
    paths: /^\/api\/v1\/nodes\/[^/]+\/status$/,
    instead: "the annotation rebootd.dev/cycle, the log and the metrics say the same",
  },
  {
    name: "watching pods",
    verbs: ["watch"],
    resource: "pods",
    paths: new RegExp(`^/api/v1(${inNamespace})?/pods$`),
    instead: "a drain lists the pods of the node every few seconds",
  },
  {
    name: "reading budgets",
    verbs: ["list"],
    resource: "poddisruptionbudgets.policy",
    paths: budgets,
    instead: "a budget that would block the drain is noticed only once it refuses an eviction",
  },
  {
    name: "watching budgets",
    verbs: ["watch"],
    resource: "poddisruptionbudgets.policy",
    paths: budgets,
    instead: "an eviction that a budget refuses is tried again by time",
  },
  {
    name: "waiting for volumes",
    verbs: ["get", "list"],
    resource: "persistentvolumeclaims, csinodes.storage.k8s.io and volumeattachments.storage.k8s.io",
    paths: new RegExp(
      `^/(api/v1${inNamespace}/persistentvolumeclaims|apis/storage\\.k8s\\.io/v1/(csinodes|volumeattachments))(/[^/]+)?$`,
    ),
    instead: "the machine may go down before the volumes of its pods are detached",
  },
  {
    name: "writing events",
    verbs: ["create"],
    resource: "events.events.k8s.io",
    paths: new RegExp(`^/apis/events\\.k8s\\.io/v1${inNamespace}/events$`),
    instead: "the log has a line for each",
  },
  {
    name: "watching the lock",
    verbs: ["watch"],
    resource: lockResource,
    paths: new RegExp(`${ofLock}$`),
    instead: "a node that waits reads the lock at least once a minute",
  },
  {
    name: "patching the lock",
    verbs: ["patch"],
    resource: lockResource,
    paths: new RegExp(`${ofLock}/[^/]+$`),
    instead: "the object is written whole, as kured does",
  },
];

/** The feature for which this request is made; undefined for a request that the daemon cannot do without. */
export function featureOf(verb: string, path: string): Feature | undefined {
  return features.find(({ verbs, paths }) => verbs.includes(verb) && paths.test(path));
}

/** The sentence for a feature that is off. */
export function offText(verb: string, { name, resource, instead }: Feature): string {
  return `${name} is off without the right to ${verb} ${resource}: ${instead}`;
}
