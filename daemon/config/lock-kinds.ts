import { contract } from "../annotations/names.ts";
import type { LockKind } from "../lock/kinds.ts";

interface KindDefaults {
  /** The option that names the namespace of the object. */
  namespace: "namespace" | "ds-namespace";
  /** The annotation that is the lock, where --lock-annotation names no other. */
  annotation: string;
}

/** The other options that apply to each kind of object that can carry the lock. */
export const lockKinds: Readonly<Record<LockKind, KindDefaults>> = {
  lease: { namespace: "namespace", annotation: contract.lock.key },
  // kured's own annotation, so that both can stand side by side on its DaemonSet.
  daemonset: { namespace: "ds-namespace", annotation: contract.kuredLock.key },
};

export function isLockKind(text: string): text is LockKind {
  return Object.hasOwn(lockKinds, text);
}
