/** Nodes and fleets for tests of the page: a test names only what matters to it. */
import { type Fleet, fleetOf } from "../../../daemon/ui/page/fleet.ts";
import type { FleetHead, NodeTile } from "../../../daemon/ui/wire.ts";
import { sampleHead } from "../sample-fleet.ts";

export function tile(name: string, known: Partial<NodeTile> = {}): NodeTile {
  return { name, phase: "Idle", holdsSlot: false, troubles: [], why: [], priority: "normal", ...known };
}

export function fleet(nodes: NodeTile[], head: Partial<FleetHead> = {}): Fleet {
  return fleetOf({ ...sampleHead, ...head, nodes });
}
