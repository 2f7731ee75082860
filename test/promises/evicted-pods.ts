/** A drain that is worth its name: pods are evicted before the reboot, and none goes down with its node. */
import { at, type KubeObject } from "../kubernetes/api/object.ts";
import { type Checker, type Look, mirrorAnnotation } from "./checker.ts";
import { controllerUid, isAnnotated } from "./eyes.ts";

const promise = "no pod goes down with its node";
/** A pod that was bound before the cordon shows up within this time. */
const newcomerMs = 10_000;

/** The DaemonSet whose pods daemons stop before the reboot. */
export const stoppedApp = "cache";

/** For a world that sees every pod at the moment of the reboot. */
export function noPodGoesDown({ view, of, isRecent, violate }: Look): Checker {
  const isExcused = (pod: KubeObject, name: string): boolean => {
    const { uncordonedAt, begunAt, evictedOf } = of(name);
    const createdAt = Date.parse(pod.metadata.creationTimestamp);
    if (isRecent(name, uncordonedAt) || isRecent(name, createdAt, newcomerMs)) return true;
    // A pod that comes back once its like was evicted is left, as is one that a DaemonSet has put back.
    const isBack = comesBack(pod) || isOfDaemonSet(pod) || evictedOf.has(controllerUid(pod));
    return isBack && createdAt + 1000 > begunAt;
  };
  return {
    onReboot(name) {
      if (view.stored("nodes", name) === undefined) return;
      for (const pod of view.storedAll("pods")) {
        const isHere = at(pod, "spec", "nodeName") === name && at(pod, "status", "phase") === "Running";
        if (!isHere || isAnnotated(pod, mirrorAnnotation)) continue;
        if (pod.metadata.deletionTimestamp !== undefined || isExcused(pod, name)) continue;
        violate(promise, `the reboot of ${name} killed ${pod.metadata.name}`, name);
      }
    },
  };
}

/** Of each DaemonSet at most one pod is deleted in a drain: its controller puts the next one back at once. */
export function stopsPodsOnce({ view, of, violate }: Look): Checker {
  const stopped = new Map<string, { drain: number; uid: string }>();
  return {
    onRequest(name, path) {
      const [, namespace, podName] = /\/namespaces\/([^/]+)\/pods\/([^/]+)$/.exec(path) ?? [];
      const pod = podName === undefined ? undefined : view.stored("pods", `${namespace}/${podName}`);
      if (pod === undefined || !isOfDaemonSet(pod)) return;
      const { begunAt: drain, isForged, restoredAt } = of(name);
      const { uid } = pod.metadata;
      const key = `${name} ${controllerUid(pod)}`;
      const last = stopped.get(key);
      stopped.set(key, { drain, uid });
      // Of a record that is not its own, the daemon does not know when the node was cordoned.
      if (last?.drain !== drain || last.uid === uid || isForged || restoredAt >= drain) return;
      violate(
        "pods of DaemonSets are stopped once",
        `${name} has deleted ${podName}, which was put back`,
        name,
      );
    },
  };
}

const optOuts: Readonly<Record<string, string>> = {
  "karpenter.sh/do-not-disrupt": "true",
  "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
};

/** A daemon that is to wait for pods that ask for time has waited for them, and does not start while it is to give up. */
export function waitsForOptOuts({ view, of, isRecent, violate }: Look): Checker {
  const isAsking = (pod: KubeObject, name: string): boolean => {
    const { annotations = {}, ownerReferences = [], creationTimestamp, deletionTimestamp } = pod.metadata;
    const isOptedOut = Object.entries(optOuts).some(([key, value]) => annotations[key] === value);
    const asks = isOptedOut || ownerReferences.some(({ kind }) => kind === "Job");
    const isHere = at(pod, "spec", "nodeName") === name && at(pod, "status", "phase") === "Running";
    return (
      asks && isHere && deletionTimestamp === undefined && !isRecent(name, Date.parse(creationTimestamp))
    );
  };
  return {
    onRecord({ name, before, after, isForged }) {
      const how = view.optOutsOf(name);
      const isStart = after.phase === "Draining" && before.phase === "Waiting";
      const { urgentAt, restoredAt } = of(name);
      if (how === "unasked" || !isStart || isForged || isRecent(name, Math.max(urgentAt, restoredAt))) return;
      if (how === "waits" && before.optOutsSince !== undefined) return;
      const asking = view.storedAll("pods").find((pod) => isAsking(pod, name));
      if (asking === undefined) return;
      violate("pods that ask for time get it", `${name} has not waited for ${asking.metadata.name}`, name);
    },
  };
}

function isOfDaemonSet({ metadata: { ownerReferences = [] } }: KubeObject): boolean {
  return ownerReferences.some(({ apiVersion, kind }) => apiVersion === "apps/v1" && kind === "DaemonSet");
}

/** The cordon does not keep its like away. */
function comesBack(pod: KubeObject): boolean {
  const tolerations = (at(pod, "spec", "tolerations") ?? []) as { key?: string; effect?: string }[];
  const isTolerant = tolerations.some(({ key, effect }) => !effect && !key);
  return (
    isTolerant || pod.metadata.ownerReferences?.some(({ apiVersion }) => apiVersion !== "apps/v1") === true
  );
}

/** For a world that is told which pods a reboot killed, and which were deleted. */
export function podsAreEvicted(
  { violate }: Pick<Look, "violate">,
  isDown: (node: string) => boolean,
): Checker {
  return {
    onPodKilled({ pod, node, wasStopping }) {
      const how = wasStopping ? "before it had stopped" : "without an eviction";
      violate(promise, `the reboot killed pod ${pod} ${how}`, node);
    },
    onPodDeleted({ pod, node }) {
      if (isDown(node)) violate("pods are evicted", `pod ${pod} was deleted without an eviction`, node);
    },
  };
}
