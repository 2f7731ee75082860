import { contract } from "../annotations/names.ts";
import type { HolderStatus, NodeStatus } from "../cli/cluster-status.ts";
import { isReady } from "../cluster/nodes.ts";
import type { Metadata, Node } from "../cluster/objects.ts";
import type { CycleRecord } from "../cycle/record.ts";
import { iso } from "../time/iso.ts";
import type { CycleTimes, NodeTile, TilePhase } from "./wire.ts";

export interface TileFacts {
  /** Absent for a holder of the lock without a Node. */
  metadata?: Metadata | undefined;
  /** Absent if it was not looked at. */
  node?: Node | undefined;
  record?: CycleRecord | undefined;
  /** Its entry in the status of the cluster, which leaves out nodes that are idle and well. */
  status?: NodeStatus | undefined;
  /** The same, if it holds a slot. */
  slot?: HolderStatus | undefined;
  /** The label that names the pool of a node, if the daemons have one. */
  poolLabel?: string | undefined;
}

/** Pure: one node as the page shows it. */
export function tileOf(name: string, facts: TileFacts): NodeTile {
  const { metadata, node, record, slot, poolLabel } = facts;
  const status = slot ?? facts.status;
  const labels = metadata?.labels ?? {};
  // That of a slot is when the slot was acquired.
  const since = slot === undefined ? (status?.since ?? record?.since) : (record?.since ?? slot.since);
  const zone = slot?.zone ?? labels[contract.zone.key];
  const pool = slot?.pool ?? (poolLabel === undefined ? undefined : labels[poolLabel]);
  const neededSince = status?.neededSince ?? record?.need?.since;
  const cycle = record && cycleOf(record, slot?.since);
  return {
    name,
    phase: (status?.phase ?? record?.phase ?? "Idle") as TilePhase,
    ...(since !== undefined && { since }),
    ...(zone !== undefined && { zone }),
    ...(pool !== undefined && { pool }),
    ...(node !== undefined && { isReady: isReady(node) }),
    holdsSlot: slot !== undefined,
    troubles: status?.troubles ?? [],
    why: status?.why ?? [],
    ...(neededSince !== undefined && { neededSince }),
    priority: status?.priority ?? "normal",
    ...(cycle !== undefined && { cycle }),
  };
}

/**
 * Pure: when the parts of the cycle that is under way began, else those of the last one. `slotSince`: when its slot
 * was acquired, which is the beginning of a drain whose own time is not recorded.
 */
export function cycleOf(record: CycleRecord, slotSince: string | undefined): CycleTimes | undefined {
  const { phase, since, askedAt, tookMs } = record;
  const drainBefore = (time: string) => before(time, tookMs?.drain) ?? slotSince;
  if (phase === "Draining") return { drainFrom: since };
  if (phase === "Restoring") return timesOf({ drainFrom: slotSince });
  if (phase === "Rebooting") {
    const downFrom = askedAt ?? since;
    return timesOf({ drainFrom: drainBefore(downFrom), downFrom });
  }
  if (phase === "Returning" || phase === "Settling") {
    const isOver = phase === "Settling";
    const backAt = isOver ? (before(since, tookMs?.return) ?? since) : since;
    const downFrom = before(backAt, tookMs?.boot) ?? askedAt;
    const drainFrom = downFrom === undefined ? slotSince : drainBefore(downFrom);
    const end = isOver ? ({ endedAt: since, result: "rebooted" } as const) : {};
    return timesOf({ drainFrom, downFrom, backAt, ...end });
  }
  return lastCycle(record);
}

/** The last cycle, from its end backwards, as far as its parts are known. */
function lastCycle({ history, outcome }: CycleRecord): CycleTimes | undefined {
  const last = history?.last[0];
  if (last === undefined) return outcome && { endedAt: outcome.at, result: outcome.result };
  const { at, result, drainMs, bootMs, returnMs } = last;
  // A part that the cycle never reached ended with it.
  const backAt = before(at, returnMs);
  const downFrom = before(backAt ?? at, bootMs);
  const drainFrom = before(downFrom ?? at, drainMs);
  return timesOf({ drainFrom, downFrom, backAt, endedAt: at, result });
}

function before(time: string, ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : iso(Date.parse(time) - ms);
}

/** Without the fields that are not known. */
function timesOf(times: { [Name in keyof CycleTimes]: CycleTimes[Name] | undefined }): CycleTimes {
  return Object.fromEntries(Object.entries(times).filter(([, time]) => time !== undefined));
}
