/** The object with the lock, and what is in it; the records of the Nodes. */
import { contract } from "../../annotations/names.ts";
import { isReady } from "../../cluster/nodes.ts";
import type { Metadata } from "../../cluster/objects.ts";
import { isAtRest, parseRecord } from "../../cycle/record.ts";
import { manualHolders, nodeHolders } from "../../lock/lock.ts";
import { count } from "../../text/count.ts";
import { firstOf } from "../../text/list.ts";
import { statusOf } from "../cluster-status.ts";
import { objectText } from "../find-place.ts";
import { age } from "../table.ts";
import { named } from "./cluster.ts";
import { type Finding, failed, type Item, ok, warning } from "./finding.ts";
import type { LookedNode } from "./look.ts";

export const lockItem: Item = {
  name: "lock",
  async run(look) {
    const [{ access, warnings }, lockState, nodes] = await Promise.all([
      look.access(),
      look.lockState(),
      look.nodes(),
    ]);
    const { place } = access;
    const { lock } = lockState;
    const names = new Set(nodes.map(({ metadata }) => metadata?.name));
    const status = statusOf(place, lockState, nodes.map(metadataOf), look.clock.wall());
    const found: Finding[] = warnings.map((text) => warning(text.replace(/^rebootd: warning: /, "").trim()));
    if (lock.state === "unreadable")
      found.push(
        failed(`${objectText(place)} cannot be read as a lock: ${lock.why}`, "rebootd unlock --all"),
      );
    for (const { nodeID } of nodeHolders(lock)) {
      if (names.has(nodeID)) continue;
      found.push(warning(`the holder ${nodeID} is no Node of this cluster`, `rebootd unlock ${nodeID}`));
    }
    for (const { node } of status.holders.filter(({ expired }) => expired))
      found.push(warning(`the entry of ${node} has expired (TTL)`, `rebootd explain ${node}`));
    const manual = manualHolders(lock);
    if (manual.length > 0) {
      const why = manual.map(
        ({ reason, since }) => reason ?? `since ${age(since, look.clock.wall()) ?? "?"}`,
      );
      found.push(warning(`locked by hand, no node starts a reboot: ${firstOf(why, 3)}`, "rebootd unlock"));
    }
    if (status.pausedMessage !== undefined) found.push(warning(status.pausedMessage, "rebootd resume --all"));
    if (status.halted) found.push(failed(status.failuresMessage ?? "halted", "rebootd resume --all"));
    found.push(...status.misread.map((text) => warning(`not understood: ${text}`)));
    return found.length > 0 ? found : ok(`${objectText(place)}: ${status.lock.message}`);
  },
};

function metadataOf({ metadata, record }: LookedNode): Metadata {
  return {
    ...(metadata?.name !== undefined && { name: metadata.name }),
    ...(record !== undefined && { annotations: { [contract.cycle.key]: record } }),
  };
}

/** A cycle that has not gone on for so long is over all its usual limits. */
const phaseMaxMs = 4 * 3_600_000;

export const recordsItem: Item = {
  name: "records on the Nodes",
  async run(look) {
    const [nodes, pods] = await Promise.all([look.nodes(), look.daemons()]);
    const now = look.clock.wall();
    const ready = new Set(pods.filter(isReady).map(({ spec }) => spec?.nodeName));
    const read = nodes.map((node) => ({ node, ...parseRecord(node.record) }));
    const unreadable = read.filter(({ fault }) => fault !== undefined).map(({ node }) => node);
    const stale = read
      .filter(({ record }) => record !== undefined && !isAtRest(record))
      .filter(({ record }) => now - Date.parse(record?.since ?? "") > phaseMaxMs)
      .map(({ node }) => node);
    const orphans = read
      .filter(({ node, record }) => record?.need !== undefined && !ready.has(node.metadata?.name))
      .map(({ node }) => node);
    const [first] = [...unreadable, ...stale, ...orphans];
    const fix = `rebootd explain ${first?.metadata?.name}`;
    const found = [
      [unreadable, "cannot be read on"] as const,
      [stale, "is of a cycle that has not gone on for 4h on"] as const,
      [orphans, "says that a reboot is needed, but no daemon is Ready, on"] as const,
    ].filter(([those]) => those.length > 0);
    if (found.length > 0)
      return found.map(([those, what]) => warning(`the record ${what} ${named(those)}`, fix));
    return ok(`${count(read.filter(({ record }) => record).length, "Node")} with one, none of them stale`);
  },
};
