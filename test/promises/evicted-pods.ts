/** A drain that is worth its name: pods are evicted before the reboot, and none goes down with its node. */
import { at, type KubeObject } from "../kubernetes/api/object.ts";
import { type Checker, type Look, mirrorAnnotation } from "./checker.ts";
import { controllerUid, isAnnotated } from "./eyes.ts";

const promise = "no pod goes down with its node";
/** A pod that was bound before the cordon shows up within this time. */
const newcomerMs = 10_000;

/** For a world that sees every pod at the moment of the reboot. */
export function noPodGoesDown({ view, of, isRecent, violate }: Look): Checker {
  const isExcused = (pod: KubeObject, name: string): boolean => {
    const { uncordonedAt, begunAt, evictedOf } = of(name);
    const createdAt = Date.parse(pod.metadata.creationTimestamp);
    if (isRecent(name, uncordonedAt) || isRecent(name, createdAt, newcomerMs)) return true;
    // A pod that comes back once its like was evicted is left.
    const isBack = comesBack(pod) || evictedOf.has(controllerUid(pod));
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
