import type { Api } from "../cluster/api.ts";
import type { Pod } from "../cluster/objects.ts";
import { listPods } from "../cluster/pods.ts";
import { timeAskedBy } from "../drain/opted-out.ts";
import { isFinished, podKey, type Selection, selectPod } from "../drain/select.ts";
import { firstOf } from "../text/list.ts";
import { toTheSecond } from "../time/iso.ts";
import type { Gate } from "./gate.ts";

/** How a node waits for pods that ask for time. */
export interface OptOutWait {
  /** The wait ends this long after the node, with all else open, first waited for them. */
  waitMs: number;
  /** After that: evict them as all others, or do not reboot while they are there. */
  late: "go-on" | "give-up";
}

/** The pods that a drain of this node would take. */
export interface Drained {
  selection: Selection;
  podSelector: string | undefined;
}

const podsMax = 5;

/**
 * Closed while pods that the drain would take ask for time, for as long as the wait lasts: those that opt out
 * of disruptions, and those of Jobs. The wait counts from `optOutsSince`, which is kept with the need: a node
 * whose window opens a week after the need has not lost it then, and one that waits through several windows
 * does not begin anew in each.
 */
export function optOutsGate(
  api: Api,
  nodeName: string,
  { waitMs, late }: OptOutWait,
  drained: Drained,
): Gate<"opt-outs"> {
  const isUnfinished = "status.phase!=Succeeded,status.phase!=Failed";
  const fieldSelector = `spec.nodeName=${nodeName},${isUnfinished}`;
  const query = { fieldSelector, labelSelector: drained.podSelector };
  return {
    name: "opt-outs",
    stages: ["slot"],
    cost: "remote",
    urgentPasses: true,
    async check({ now, optOutsSince = now }, signal) {
      const until = optOutsSince + waitMs;
      const isLate = now >= until;
      if (isLate && late === "go-on") return { open: true };
      const pods = await listPods(api, { signal, query });
      const asking = pods
        .filter((pod) => isTaken(pod, drained.selection, now))
        .flatMap((pod) => {
          const asked = timeAskedBy(pod, now);
          return asked === undefined ? [] : [{ ...asked, text: `${podKey(pod)} (${asked.why})` }];
        });
      if (asking.length === 0) return { open: true };
      const texts = asking.map(({ text }) => text).sort();
      const shown = firstOf(texts, podsMax, "; ");
      const allOverAt = Math.max(...asking.map((one) => one.until));
      const changesAt = isLate ? allOverAt : Math.min(allOverAt, until);
      return {
        open: false,
        ...(isLate
          ? { code: "late", message: `pods still ask for time, and are not evicted: ${shown}` }
          : {
              code: "asked",
              message: `pods ask for time: ${shown}; waits for them since ${toTheSecond(optOutsSince)}, until ${toTheSecond(until)} at the longest`,
            }),
        ...(Number.isFinite(changesAt) && { changesAt }),
      };
    },
  };
}

/** True for a pod that the drain evicts or that goes down with the machine, and that is not ending already. */
function isTaken(pod: Pod, selection: Selection, now: number): boolean {
  if (isFinished(pod) || pod.metadata?.deletionTimestamp !== undefined) return false;
  const verdict = selectPod(pod, selection, () => true, now);
  return verdict.do !== "leave" || verdict.reasons.includes("goes-down");
}
