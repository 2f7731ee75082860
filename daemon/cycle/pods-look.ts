import type { NodeFacts, OwnPods } from "./observation.ts";
import type { CyclePorts } from "./ports.ts";
import { type CycleRecord, isAtRest } from "./record.ts";

/** A look at the pods is believed for so long: from just before the slot is acquired to the cordon. */
const trustMs = 10_000;

/**
 * Looks at the pods that this node is of no use without. The answer says where they cannot be listed: a
 * slot may be held meanwhile.
 */
export type PodsLook = (
  record: CycleRecord,
  labels: NodeFacts["labels"] | undefined,
  signal: AbortSignal,
) => Promise<OwnPods>;

export function createPodsLook({ clock, nodeName, lookAtOwnPods }: CyclePorts): PodsLook {
  let last: { seen: OwnPods; at: number } | undefined;
  return async (record, labels, signal) => {
    const at = clock.elapsed();
    // A look from before the slot was acquired still is from before the cordon.
    const isRecent = last !== undefined && at - last.at < trustMs;
    if (isAtRest(record) && isRecent && last?.seen.state === "seen") return last.seen;
    const seen = await list(record, labels, signal);
    last = { seen, at };
    return seen;
  };

  async function list(
    { ownPods }: CycleRecord,
    labels: NodeFacts["labels"] | undefined,
    signal: AbortSignal,
  ): Promise<OwnPods> {
    const expected = ownPods === undefined ? [] : [...ownPods.ready, ...ownPods.unready];
    try {
      return await lookAtOwnPods({ name: nodeName, labels: { ...labels } }, expected, signal);
    } catch (error) {
      signal.throwIfAborted();
      return { state: "unknown", why: (error as Error).message };
    }
  }
}
