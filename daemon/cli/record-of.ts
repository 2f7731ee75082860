import { contract } from "../annotations/names.ts";
import type { Metadata } from "../cluster/objects.ts";
import { parseRecord } from "../cycle/record.ts";

type Read = ReturnType<typeof parseRecord>;

/**
 * The results for metadata that is still in use. A live view has 5,000 Nodes, of which a handful change
 * between two looks; to read them all takes half a second.
 */
const known = new WeakMap<Metadata, Read>();

/** The record on a Node. The metadata is never changed in place, so that the answer for it is kept. */
export function recordOf(metadata: Metadata): Read {
  const before = known.get(metadata);
  if (before !== undefined) return before;
  const read = parseRecord(metadata.annotations?.[contract.cycle.key]);
  known.set(metadata, read);
  return read;
}
