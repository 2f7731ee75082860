import type { Clock } from "../time/clock.ts";
import type { Api, CallOptions } from "./api.ts";
import { keptOfPod, type Pod, type WholePod } from "./objects.ts";
import { listAll } from "./pages.ts";
import { paths } from "./paths.ts";

/**
 * The pods that the options select, without the parts that rebootd does not need; of all namespaces if none
 * is given.
 */
export function listPods(api: Api, options: CallOptions, namespace?: string): Promise<readonly Pod[]> {
  const collection = namespace === undefined ? paths.pods : paths.podsIn(namespace);
  return listAll<WholePod, Pod>(api, collection, options, keptOfPod);
}

/** All pods of one node. */
export type ListNodePods = (signal: AbortSignal) => Promise<readonly Pod[]>;

/** Several looks at the pods within this time are one. */
const shareMs = 1000;

/**
 * Lists the pods of a node for several callers: what one has read, another gets too within a second. Nothing is
 * kept for longer.
 */
export function createNodePods(api: Api, clock: Clock, nodeName: string): ListNodePods {
  let last: { pods: readonly Pod[]; at: number } | undefined;
  return async (signal) => {
    const at = clock.elapsed();
    if (last !== undefined && at - last.at < shareMs) return last.pods;
    const query = { fieldSelector: `spec.nodeName=${nodeName}` };
    const read = { pods: await listPods(api, { signal, query }), at };
    last = read;
    const forget = () => {
      if (last === read) last = undefined;
    };
    clock.sleep(shareMs, signal).then(forget, forget);
    return read.pods;
  };
}
