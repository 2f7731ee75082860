/**
 * The pods of a node as a drain sees them: one list, then one watch, and the verdict of the selection on
 * each.
 */

import { type Api, isApiError } from "../cluster/api.ts";
import type { DaemonSetLook } from "../cluster/daemon-sets.ts";
import { runInformer } from "../cluster/informer.ts";
import { keptOfPod, type Pod, type WholePod } from "../cluster/objects.ts";
import type { Outage } from "../cluster/outage.ts";
import { paths } from "../cluster/paths.ts";
import type { Clock, Random } from "../time/clock.ts";
import { type DrainEvent, type Instant, type Judged, judged } from "./progress/events.ts";
import { daemonSetOf, type Selection, selectPod } from "./select.ts";

export interface FollowedPods {
  api: Api;
  clock: Clock;
  random: Random;
  nodeName: string;
  podSelector: string | undefined;
  selection: Selection;
  daemonSetExists: DaemonSetLook;
  mended?: Outage["ended"] | undefined;
}

/** How long the watch of the pods is believed. */
const trustMs = 50_000;
/** A drain has little time; but a right that is missing does not come within seconds. */
const pauses = { broken: { firstMs: 500, maxMs: 60_000 }, refused: { firstMs: 10_000, maxMs: 60_000 } };

/** The pauses between two lists, for a daemon without the right to watch pods. */
const pollPauses = { firstMs: 2000, maxMs: 60_000, factor: 1.5 };

/** Until the signal ends it. Rejects with an error that is not the server's. */
export function followPods(
  { selection, nodeName, podSelector, daemonSetExists, ...ports }: FollowedPods,
  now: () => Instant,
  happen: (event: DrainEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const judge = createJudge(daemonSetExists, selection, now, signal);
  return runInformer<WholePod, Pod>(
    {
      ...ports,
      collection: paths.pods,
      query: { fieldSelector: `spec.nodeName=${nodeName}`, labelSelector: podSelector },
      keep: keptOfPod,
      list: {
        trustMs,
        async onPages(pages) {
          const pods: Judged[] = [];
          for await (const page of pages) for (const pod of page) pods.push(await judge(pod));
          happen({ type: "listed", pods });
        },
      },
      async onEvent(type, pod) {
        if (type === "DELETED") happen({ type: "gone", pod });
        else happen({ type: "seen", ...(await judge(pod)) });
      },
      onOpen: () => happen({ type: "watching" }),
      onBreak(error) {
        if (!isApiError(error)) return happen({ type: "broke", why: brokenText(error) });
        // The server forgets old versions in the course of its work.
        if (error.code !== "expired") happen({ type: "troubled", code: error.code, why: error.message });
      },
      pauses,
      poll: { pauses: () => pollPauses },
    },
    signal,
  );
}

export function brokenText(error: unknown): string {
  return `the drain broke: ${(error as Error).message}`;
}

/** Looks up each DaemonSet once. */
function createJudge(exists: DaemonSetLook, selection: Selection, now: () => Instant, signal: AbortSignal) {
  const daemonSets = new Map<string, boolean>();
  return async (pod: Pod): Promise<Judged> => {
    const daemonSet = daemonSetOf(pod);
    if (daemonSet !== undefined && !daemonSets.has(daemonSet)) {
      daemonSets.set(daemonSet, await exists(daemonSet, signal));
    }
    const verdict = selectPod(pod, selection, (key) => daemonSets.get(key) === true, now().epoch);
    return judged(pod, verdict);
  };
}
