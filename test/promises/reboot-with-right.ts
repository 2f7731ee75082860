/**
 * P4, no reboot without right: straight before the reboot the slot, the cordon, the need, the pause and the window are as they
 * have to be. The same holds for the start of a cycle: a pause, a halt and a lock set by hand keep every node out.
 */
import { at, list, text } from "../kubernetes/api/object.ts";
import { type Checker, type Look, pausedAnnotation, shortGraceMs } from "./checker.ts";
import { failuresIn, isAnnotated, isCordoned, isHolder, isRequested, isUrgent, recordIn } from "./eyes.ts";

/** `hasNode`: a machine without a Node is judged by that alone. */
export function noRebootWithoutSlot(
  { of, holds, isRecent, violate }: Pick<Look, "of" | "holds" | "isRecent" | "violate">,
  hasNode: (name: string) => boolean = () => true,
): Checker {
  return {
    onReboot(name) {
      if (!hasNode(name) || holds(name) || isRecent(name, of(name).robbedAt)) return;
      violate("no reboot without a slot", `${name} was rebooted without a slot`, name);
    },
  };
}

export function noRebootWithoutNode({ view, of, isRecent, violate }: Look): Checker {
  return {
    onReboot(name) {
      if (view.stored("nodes", name) !== undefined || isRecent(name, of(name).goneAt)) return;
      violate("no reboot without its Node", `${name} has no Node, and was rebooted`, name);
    },
  };
}

export function noRebootWithoutCordon({ view, of, isRecent, violate }: Look): Checker {
  const promise = "no reboot of a node that is not cordoned";
  return {
    onRecord({ name, before, after, isCordoned, isForged }) {
      // The patch names the version of the Node that was looked at, so here nothing can have come in between.
      // A record that was found forged may be mended by a write that a former process has sent late.
      const isMended = isForged && view.latenessMs(name) > 0;
      if (after.phase !== "Rebooting" || before.phase !== "Draining" || isCordoned || isMended) return;
      violate(promise, `${name} is to reboot without a cordon`, name);
    },
    onReboot(name) {
      const stored = view.stored("nodes", name);
      if (stored === undefined || isCordoned(stored) || isRecent(name, of(name).uncordonedAt)) return;
      violate(promise, `${name} was rebooted without a cordon`, name);
    },
  };
}

/** A pause of the node, or of all nodes that look at a lock. */
export function noRebootOfPausedNode({ view, of, isRecent, allPausedSince, violate }: Look): Checker {
  return {
    onReboot(name) {
      if (view.stored("nodes", name) === undefined) return;
      const now = view.now();
      // Of a pause on a lock that its daemon does not look at, the daemon cannot know.
      const pauses = view.locksOf(name).map((key) => allPausedSince(key) ?? now);
      for (const since of [of(name).pausedSince ?? now, Math.max(...pauses)]) {
        if (isRecent(name, since, shortGraceMs)) continue;
        violate("no reboot of a paused node", `${name} was rebooted, and had been paused before`, name);
      }
    },
  };
}

/** The record names the request before it is made, under the version of the Node that was checked. */
export function noRebootOfNodeTakenAway({ of, isRecent, violate }: Look): Checker {
  return {
    onNode({ name, writer, object, previous }) {
      const { phase, askedAt } = recordIn(object);
      const isAsked =
        phase === "Rebooting" && askedAt !== undefined && recordIn(previous).askedAt === undefined;
      const { restoredAt, forgedAt } = of(name);
      if (writer !== name || !isAsked || isRecent(name, Math.max(restoredAt, forgedAt))) return;
      const keys = list(at(object, "spec", "taints")).map((taint) => text(at(taint, "key")));
      const sign = takenAwayTaints.find((key) => keys.includes(key));
      if (sign === undefined) return;
      violate("no reboot of a node that is taken away", `${name} was asked to reboot, and has ${sign}`, name);
    },
  };
}

const takenAwayTaints = [
  "ToBeDeletedByClusterAutoscaler",
  "karpenter.sh/disrupted",
  "aws-node-termination-handler/spot-itn",
  "medik8s.io/remediation",
  "node.kubernetes.io/out-of-service",
];

export function noRebootWithoutNeed({ view, of, isRecent, violate }: Look): Checker {
  return {
    onReboot(name) {
      const stored = view.stored("nodes", name);
      const { isNeeded, requestedAt, unwantedAt } = of(name);
      if (stored === undefined || isNeeded || isRecent(name, unwantedAt, shortGraceMs)) return;
      if (isRequested(stored) || isRecent(name, requestedAt, shortGraceMs)) return;
      violate("no reboot without need", `${name} was rebooted without need`, name);
    },
  };
}

export function recordSaysThatItReboots({ view, of, isRecent, violate }: Look): Checker {
  return {
    onReboot(name) {
      const stored = view.stored("nodes", name);
      const { goneAt, restoredAt, forgedAt } = of(name);
      const { phase } = recordIn(stored);
      if (stored === undefined || phase === "Rebooting") return;
      if (isRecent(name, Math.max(goneAt, restoredAt, forgedAt))) return;
      violate("the record says that it reboots", `${name} was rebooted while ${phase}`, name);
    },
  };
}

export function noRebootOutsideWindow({ view, of, isRecent, violate }: Look): Checker {
  return {
    onReboot(name) {
      const stored = view.stored("nodes", name);
      const isAllowedAtAnyTime = isUrgent(stored) || isRecent(name, of(name).urgentAt, shortGraceMs);
      if (stored === undefined || isAllowedAtAnyTime) return;
      const lookedAgoMs = [0, shortGraceMs, shortGraceMs + view.latenessMs(name)];
      if (lookedAgoMs.some((ms) => view.isWindowOpen(name, view.now() - ms))) return;
      violate("no reboot outside the window", `${name} was rebooted outside its window`, name);
    },
  };
}

export function noStartWhilePausedOrHalted({
  view,
  violate,
}: Pick<Look, "violate"> & { view: Pick<Look["view"], "haltAfterOf"> }): Checker {
  return {
    onEntered({ writer, isReturn, after, previous }) {
      if (isReturn) return;
      if (isAnnotated(previous, pausedAnnotation)) {
        violate("a pause of all holds", `${writer} has entered while all nodes are paused`);
      }
      const failed = failuresIn(previous);
      const most = view.haltAfterOf(writer);
      if (failed.reboots >= most.reboots || failed.drains >= most.drains) {
        const what = `${failed.reboots} reboots and ${failed.drains} drains had failed in a row`;
        violate("a halt holds", `${writer} has entered after ${what}`);
      }
      if (after.some((entry) => !isHolder(entry))) {
        violate("a lock set by hand holds", `${writer} has entered a lock that was set by hand`);
      }
    },
  };
}
