import type { Api } from "../cluster/api.ts";
import type { PartialObjectMetadata } from "../cluster/objects.ts";
import { listAll } from "../cluster/pages.ts";
import { paths } from "../cluster/paths.ts";
import type { Clock } from "../time/clock.ts";
import { withDeadline } from "../time/deadline.ts";
import type { Gate } from "./gate.ts";
import type { Looked } from "./notices/unmatched.ts";

/** The selectors and the namespaces that options of the drain name. */
export interface DrainNames {
  /** Label selectors, as the server reads them. */
  podSelector: string | undefined;
  stopSelector: string | undefined;
  skipNamespaces: readonly string[];
}

const lookEveryMs = 3_600_000;
/** Ends before the gate's own deadline, which would close the gate. */
const lookMaxMs = 5000;

/**
 * Never closed. Once an hour, while the node waits, it reports whether pods of this node match the options of
 * the drain. The drain itself would notice only when the node holds a slot.
 */
export function drainNamesGate(
  api: Api,
  nodeName: string,
  { podSelector, stopSelector, skipNamespaces }: DrainNames,
  clock: Clock,
  looked: Looked,
): Gate<"drain-names"> {
  let lookedAt = Number.NEGATIVE_INFINITY;

  async function look(signal: AbortSignal): Promise<void> {
    const list = (query: Record<string, string>) =>
      listAll<PartialObjectMetadata>(api, paths.pods, {
        signal,
        query: { fieldSelector: `spec.nodeName=${nodeName}`, ...query },
        metadataOnly: "list",
      });
    const selectors = { "drain-pod-selector": podSelector, "daemonset-stop-selector": stopSelector };
    for (const [option, labelSelector] of Object.entries(selectors)) {
      if (labelSelector === undefined) continue;
      const selected = await list({ labelSelector });
      looked(`--${option}=${JSON.stringify(labelSelector)}`, selected.length > 0);
    }
    if (skipNamespaces.length === 0) return;
    const all = await list({});
    for (const one of skipNamespaces) {
      const isThere = all.some(({ metadata }) => metadata?.namespace === one);
      looked(`--drain-skip-namespace=${JSON.stringify(one)}`, isThere);
    }
  }

  return {
    name: "drain-names",
    stages: ["start"],
    cost: "remote",
    async check(_, signal) {
      if (clock.elapsed() - lookedAt < lookEveryMs) return { open: true };
      lookedAt = clock.elapsed();
      // A failed look proves nothing; the next one is in an hour.
      await withDeadline(
        clock,
        lookMaxMs,
        signal,
        "looking for pods that the drain's options name",
        look,
      ).catch(() => {});
      return { open: true };
    },
  };
}
