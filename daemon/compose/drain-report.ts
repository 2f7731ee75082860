import type { DrainReport } from "../drain/perform.ts";
import { podKey, reasonsText } from "../drain/select.ts";
import type { Log } from "../report/log.ts";
import type { Metrics } from "../report/metrics.ts";

/** Log and metrics of a drain. */
export function createDrainReport(
  log: Log,
  metrics: Pick<Metrics, "evictions" | "evictionResponses">,
): DrainReport {
  return {
    requested(pod, reasons) {
      if (reasons.includes("daemonset-stop"))
        return log.info("stopping a pod of a DaemonSet", { pod: podKey(pod) });
      metrics.evictions.inc();
      const why = reasonsText(reasons) || undefined;
      log.info(why === undefined ? "evicting a pod" : "evicting a pod anyway", {
        pod: podKey(pod),
        why,
      });
    },
    answered: (code) => metrics.evictionResponses.inc({ code }),
    refused: (pod, why) => log.warn("eviction refused", { pod: podKey(pod), why }),
    stays: (pod, reasons) => log.warn("a pod stays", { pod: podKey(pod), why: reasonsText(reasons) }),
    surging: (pod, deployment) =>
      log.info("a roll-out replaces a pod before it goes", {
        pod: podKey(pod),
        why: `Deployment ${deployment}`,
      }),
    notSurged: (pod, why) =>
      log.warn("a pod is evicted without a roll-out before", { pod: podKey(pod), why }),
    unwatched: (why) =>
      log.warn("cannot watch PodDisruptionBudgets: evictions that they refuse are retried by time", { why }),
    stillAttached: (why) => log.warn("volumes may still be attached", { why }),
  };
}
