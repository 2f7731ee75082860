import { contract } from "../../daemon/annotations/names.ts";
import { type CycleRecord, parseRecord } from "../../daemon/cycle/record.ts";
import { at } from "../kubernetes/api/object.ts";
import type { SmallWorld } from "./small-world.ts";

/** What the server has stored of a Node, without asking it. */

export function recordOn({ server }: Pick<SmallWorld, "server">, node: string): CycleRecord | undefined {
  return parseRecord(server.stored("nodes", node)?.metadata.annotations?.[contract.cycle.key]).record;
}

export function isCordonedOn({ server }: SmallWorld, node: string): boolean {
  return at(server.stored("nodes", node), "spec", "unschedulable") === true;
}
