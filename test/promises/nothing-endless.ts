/** P6, no endless anything: drains end, failures are counted and end in peace, and no need is served for ever. */
import { at, type KubeObject } from "../kubernetes/api/object.ts";
import { type Checker, type Look, lateMs, mirrorAnnotation } from "./checker.ts";
import { isAnnotated } from "./eyes.ts";

/** How often a need is served that does not go away, and once more for a reboot that was under way. */
const rebootsForOneNeedMax = 3;
/** The server is looked at so often, at either end of an outage. */
const awayLooksMs = 20_000;

export function noRebootLoop({ of, violate }: Pick<Look, "of" | "violate">): Checker {
  return {
    onReboot(name) {
      const { reboots } = of(name);
      if (reboots <= rebootsForOneNeedMax) return;
      violate("no reboot loop", `${name} was rebooted ${reboots} times for one need`, name);
    },
  };
}

/** In the end each node was rebooted by its daemon as often as it had to be. */
export function rebootedAsNeeded(
  { violate }: Pick<Look, "violate">,
  counts: () => readonly { name: string; reboots: number; expected: number }[],
): Checker {
  return {
    atEnd() {
      for (const { name, reboots, expected } of counts()) {
        if (reboots === expected) continue;
        const message = `${name} was rebooted ${reboots} times instead of ${expected}`;
        violate("one reboot for each need", message, name);
      }
    },
  };
}

export function givenUpIsLeftAlone({ view, of, violate }: Pick<Look, "view" | "of" | "violate">): Checker {
  return {
    onRecord({ name, before, after }) {
      const isStart = after.phase === "Draining" && before.phase !== "Draining";
      const isGivenUp = (before.failures ?? 0) >= view.failuresMaxOf(name);
      if (!isStart || !isGivenUp || of(name).forgedAt !== Number.NEGATIVE_INFINITY) return;
      const times = `${name} begins again after ${before.failures} failures, and nobody has asked for it`;
      violate("a node that was given up is left alone", times, name);
    },
  };
}

export function noEndlessDrain({ view, of, violate }: Pick<Look, "view" | "of" | "violate">): Checker {
  return {
    onRecord({ name, before, after }) {
      if (before.phase !== "Draining" || after.phase === "Draining") return;
      const { drainingSince: since, startedAt } = of(name);
      // Time in which the daemon can see and do nothing does not count, nor does that in which it did not run.
      const blindMs = Math.max(view.disturbedMs(name, since), view.awayMs(since));
      const tookMs = view.now() - since - blindMs;
      const isNew = view.now() - startedAt < lateMs;
      if (isNew || tookMs <= view.drainTimeoutMs(name) + lateMs) return;
      violate("no endless drain", `${name} was drained for ${Math.round(tookMs / 1000)} s`, name);
    },
  };
}

/** The time in which the server was away does not count towards the deadline of a drain. */
export function outageIsNoFailure({ view, of, violate }: Pick<Look, "view" | "of" | "violate">): Checker {
  return {
    onRecord({ name, before, after, isForged }) {
      if (before.phase !== "Draining" || after.phase === "Draining") return;
      const { drainingSince: since, startedAt, restoredAt } = of(name);
      // A node that goes on to its reboot still has the outcome of the cycle before.
      const isGivenUp = after.phase === "Restoring" && after.outcome?.result === "failed";
      // Of a drain that a restore has brought back the daemon does not know for how long the server was away in it.
      const isOwn = since > restoredAt && !isForged;
      if (!isGivenUp || !isOwn || after.outcome?.message.includes("drain timed out") !== true) return;
      // Of what was before its daemon was started it cannot know.
      const awayMs = view.awayMs(Math.max(since, startedAt));
      const leastMs = view.leastDrainTimeoutMs(name) - awayLooksMs;
      if (awayMs <= 0 || view.now() - since - awayMs >= leastMs) return;
      const message = `${name} has failed, and the server was away while it was drained`;
      violate("an outage is no failure", message, name);
    },
  };
}

/** A pod whose grace outlasted a drain is not evicted by another drain that cannot last as long either. */
export function noLongJobAgain({ view, of, isRecent, violate }: Look): Checker {
  const isLongJob = (pod: KubeObject, name: string, leastSeconds: number): boolean => {
    const grace = Number(at(pod, "spec", "terminationGracePeriodSeconds"));
    const isStopping = pod.metadata.deletionTimestamp !== undefined;
    const isHere = at(pod, "spec", "nodeName") === name && !isStopping && !isAnnotated(pod, mirrorAnnotation);
    const isNew = isRecent(name, Date.parse(pod.metadata.creationTimestamp ?? ""));
    return isHere && !isNew && grace >= leastSeconds && grace * 1000 > view.drainTimeoutMs(name);
  };
  return {
    onRecord({ name, before, after, isForged }) {
      const { phase, slowGraceSeconds } = before;
      const isStart = after.phase === "Draining" && phase !== "Draining" && phase !== "Rebooting";
      if (!isStart || isForged || slowGraceSeconds === undefined) return;
      if (!view.isPreflightOn(name) || isRecent(name, of(name).restoredAt)) return;
      if (!view.storedAll("pods").some((pod) => isLongJob(pod, name, slowGraceSeconds))) return;
      const what = `${name} is drained again of pods whose grace has outlasted a drain`;
      violate("no long job is ended again and again", what, name);
    },
  };
}
