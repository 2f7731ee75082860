import type { Random } from "../time/clock.ts";

/** A cluster has no more nodes: https://kubernetes.io/docs/setup/best-practices/cluster-large/ */
export const clusterSizeMax = 5000;
/**
 * Each hand-over sends the whole lock, 260 bytes for each holder, to each node that watches it; and with more holders
 * there are more hand-overs. So a roll sends 260 × nodes × holders² × 2 bytes within the time that one node is down.
 * With this limit that is about 10 MB a second where a node is down for 40 s.
 */
const trafficMax = 750_000;
/** All nodes that do not watch together read the lock at most 100 times a second, and each one no more often than this. */
const readMs = { each: 10_000, forEachNode: 10 };

/** Whether a lock with so many holders is watched by none of so many nodes. */
export function isCrowd(nodes: number, holders: number): boolean {
  return nodes * holders ** 2 > trafficMax;
}

/** Whether the size of the cluster matters: no cluster is so large that fewer holders make a crowd. */
export function mayBeCrowd(holders: number): boolean {
  return isCrowd(clusterSizeMax, holders);
}

/** The milliseconds until one of so many nodes reads the lock again; drawn, so that they do not all read at once. */
export function crowdPauseMs(nodes: number, random: Random): number {
  return Math.max(readMs.each, nodes * readMs.forEachNode) * (0.75 + random() / 2);
}
