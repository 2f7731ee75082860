import type { RawOptions } from "../../../daemon/config/settings.ts";
import type { LockPlace } from "../../../daemon/lock/lock-object.ts";

/** An object that may carry the lock in a storm. */
export interface StormLock {
  place: LockPlace;
  /** As the server names the resource and the object. */
  resource: string;
  key: string;
  collection: string;
  /** What daemons are told so that they use it. */
  options: RawOptions;
}

const namespace = "kube-system";

function leaseLock(name: string, options: RawOptions): StormLock {
  return {
    place: { kind: "lease", namespace, name, annotation: "rebootd.dev/lock" },
    resource: "leases.coordination.k8s.io",
    key: `${namespace}/${name}`,
    collection: `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`,
    options,
  };
}

export const locks = {
  usual: leaseLock("rebootd", {}),
  /** To which a person moves the lock, or that of a second DaemonSet on the same nodes. */
  other: leaseLock("rebootd-two", { "lock-object": "lease/rebootd-two" }),
  /** kured's own. */
  kured: {
    place: { kind: "daemonset", namespace, name: "kured", annotation: "weave.works/kured-node-lock" },
    resource: "daemonsets.apps",
    key: `${namespace}/kured`,
    collection: `/apis/apps/v1/namespaces/${namespace}/daemonsets`,
    options: { "ds-name": "kured", "ds-namespace": namespace },
  },
} as const satisfies Record<string, StormLock>;

export type LockName = keyof typeof locks;

const nowhere = { nodeSelector: { "machines.test/nowhere": "true" } };
const labels = { app: "kured" };

/** The object as a person creates it. The DaemonSet has no pods: its daemons are played. */
export function lockObject({ place: { kind, name } }: StormLock): object {
  if (kind === "lease") return { metadata: { name }, spec: {} };
  const template = {
    metadata: { labels },
    spec: { ...nowhere, containers: [{ name: "kured", image: "kured:1" }] },
  };
  return { metadata: { name }, spec: { selector: { matchLabels: labels }, template } };
}

/** Which of the locks of storms this object is, if any. */
export function lockNamed(resource: string, key: string): StormLock | undefined {
  return Object.values(locks).find((lock) => lock.resource === resource && lock.key === key);
}
