import { paths } from "../cluster/paths.ts";

/** Kinds of objects that can carry the lock. Each has a row below, and one in config/lock-kinds.ts. */
export type LockKind = "lease" | "daemonset";

interface KindTraits {
  /** The kind as Kubernetes writes it. */
  title: string;
  collection(namespace: string): string;
  object(namespace: string, name: string): string;
  /**
   * The object without its metadata, to be created where it is missing; without it, somebody else creates it.
   */
  create?: { apiVersion: string; kind: string; spec: object };
  /** The part of a patch that shows the holders to people. */
  show?(holders: string | null): object;
}

export const lockKinds: Readonly<Record<LockKind, KindTraits>> = {
  lease: {
    title: "Lease",
    collection: paths.leases,
    object: paths.lease,
    create: { apiVersion: "coordination.k8s.io/v1", kind: "Lease", spec: {} },
    // `kubectl get lease` shows it.
    show: (holderIdentity) => ({ spec: { holderIdentity } }),
  },
  daemonset: {
    title: "DaemonSet",
    collection: paths.daemonSets,
    object: paths.daemonSet,
  },
};

export function isLockKind(text: string): text is LockKind {
  return Object.hasOwn(lockKinds, text);
}
