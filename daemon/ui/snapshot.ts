import { type ClusterStatus, fleetStatus } from "../cli/cluster-status.ts";
import type { Fleet } from "../cli/fleet.ts";
import { recordOf } from "../cli/record-of.ts";
import { iso } from "../time/iso.ts";
import { tileOf } from "./tile.ts";
import type { ChangeMessage, FleetHead, FleetMessage } from "./wire.ts";

/** The fleet at one moment, as JSON in parts: parts that did not change are not written again. */
export interface Snapshot {
  at: string;
  /** A FleetHead without its time. */
  head: string;
  /** A NodeTile each, by name, sorted by name. A text that did not change is the same string as before. */
  tiles: ReadonlyMap<string, string>;
}

/** The parts of the messages that do not come from the cluster. */
export interface Shown {
  cluster: string;
  canChange: boolean;
  /** The label that names the pool of a node, if the daemons have one. */
  poolLabel: string | undefined;
}

/** Pure. `last`: the snapshot before, whose texts are used again. */
export function snapshotOf(fleet: Fleet, shown: Shown, now: number, last: Snapshot | undefined): Snapshot {
  const { nodes, health } = fleet;
  const status = fleetStatus(fleet, {}, now);
  const holders = new Map(status.holders.map((one) => [one.node, one]));
  const others = new Map(status.others.map((one) => [one.node, one]));
  const byName = new Map(nodes.map((metadata) => [metadata.name ?? "", metadata]));
  const tiles = new Map<string, string>();
  for (const name of [...new Set([...byName.keys(), ...holders.keys()])].sort()) {
    const metadata = byName.get(name);
    const tile = tileOf(name, {
      metadata,
      node: health.nodes.get(name),
      record: metadata && recordOf(metadata).record,
      status: others.get(name),
      slot: holders.get(name),
      poolLabel: shown.poolLabel,
    });
    const text = JSON.stringify(tile);
    const known = last?.tiles.get(name);
    tiles.set(name, known === text ? known : text);
  }
  return { at: iso(now), head: JSON.stringify(headOf(status, shown)), tiles };
}

/** Pure: the event `fleet`, as JSON. */
export function fleetText({ at, head, tiles }: Snapshot): string {
  return `{"at":${JSON.stringify(at)},${head.slice(1, -1)},"nodes":[${[...tiles.values()].join(",")}]}` satisfies JsonOf<FleetMessage>;
}

/** Pure: the event `change` from one snapshot to a later one, as JSON; undefined if nothing has changed. */
export function changeText(from: Snapshot, { at, head, tiles }: Snapshot): string | undefined {
  const changed = [...tiles].filter(([name, text]) => from.tiles.get(name) !== text).map(([, text]) => text);
  const gone = [...from.tiles.keys()].filter((name) => !tiles.has(name));
  if (changed.length === 0 && gone.length === 0 && head === from.head) return undefined;
  return `{"at":${JSON.stringify(at)},${head.slice(1, -1)},"nodes":[${changed.join(",")}],"gone":${JSON.stringify(gone)}}` satisfies JsonOf<ChangeMessage>;
}

/** Says which message a text is. */
type JsonOf<_Message> = string;

function headOf(status: ClusterStatus, { cluster, canChange }: Shown): Omit<FleetHead, "at"> {
  const { lock, manual, holders, pausedMessage, halted, failuresMessage, misread, count } = status;
  const limits = holders.flatMap(({ concurrency }) => concurrency ?? []);
  return {
    cluster,
    canChange,
    lock,
    manual: manual.map(({ name, since, reason }) => ({
      name,
      ...(since !== undefined && { since }),
      ...(reason !== undefined && { reason }),
    })),
    slots: { held: holders.length, ...(limits.length > 0 && { max: Math.max(...limits) }) },
    ...(pausedMessage !== undefined && { pausedMessage }),
    halted,
    ...(failuresMessage !== undefined && { failuresMessage }),
    misread: [...misread],
    count,
  };
}
