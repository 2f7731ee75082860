import { type Api, unlessNotFound } from "../cluster/api.ts";
import type { DaemonSet, WholeNode } from "../cluster/objects.ts";
import { paths, splitKey } from "../cluster/paths.ts";
import { kuredApart, managersMarking } from "../cluster/reboot-managers.ts";
import type { Host } from "../host/host.ts";
import type { RebootManager } from "../host/others/managers.ts";
import type { LockPlace } from "../lock/lock-object.ts";
import type { Clock, Random } from "../time/clock.ts";
import { withDeadline } from "../time/deadline.ts";

/** The look is given up then: the daemon does its work without it. */
const deadlineMs = 20_000;

/** The start is left to what reboots the node: the look is between this time after it and twice as long. */
const delayMs = 300_000;

/** kured's own place, where its manifests and its chart put it. */
const kuredKey = "kube-system/kured";

export interface OthersPorts {
  api: Api;
  clock: Clock;
  random: Random;
  host: Pick<Host, "otherManagers">;
}

/**
 * Other programs that may reboot this node without the lock, as far as this daemon sees them: on its machine,
 * on its Node, and kured in its usual place. A part that cannot be looked at is left out. Resolves after five
 * to ten minutes, with nothing where the signal has ended it.
 */
export async function lookForOthers(
  nodeName: string,
  place: LockPlace,
  { api, clock, random, host }: OthersPorts,
  signal: AbortSignal,
): Promise<RebootManager[]> {
  await clock.sleep(delayMs * (1 + random()), signal).catch(() => {});
  if (signal.aborted) return [];
  return await withDeadline(clock, deadlineMs, signal, "looking for other reboot managers", async (inner) => {
    const looks = [host.otherManagers?.(inner) ?? [], onNode(api, nodeName, inner), kured(api, place, inner)];
    const found = await Promise.allSettled(looks);
    return found.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
  }).catch(() => []);
}

async function onNode(api: Api, nodeName: string, signal: AbortSignal): Promise<RebootManager[]> {
  const { metadata } = await api.get<WholeNode>(paths.node(nodeName), { signal });
  const annotations = Object.keys(metadata?.annotations ?? {});
  return managersMarking({ annotations, labels: metadata?.labels ?? {} });
}

async function kured(api: Api, place: LockPlace, signal: AbortSignal): Promise<RebootManager[]> {
  const isShared = place.kind === "daemonset" && `${place.namespace}/${place.name}` === kuredKey;
  if (isShared) return [];
  const path = paths.daemonSet(...splitKey(kuredKey));
  const found = await unlessNotFound(() => api.get<DaemonSet>(path, { signal }));
  return found === undefined ? [] : [kuredApart(kuredKey)];
}
