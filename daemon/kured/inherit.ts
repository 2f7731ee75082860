/**
 * The image of kured was changed in the middle of a reboot: kured holds the lock, and has cordoned the node. Nobody
 * else ends that: to the cycle the entry is another program's.
 */
import { contract } from "../annotations/names.ts";
import { type Api, isApiError } from "../cluster/api.ts";
import { isReady } from "../cluster/nodes.ts";
import type { WholeNode } from "../cluster/objects.ts";
import { paths } from "../cluster/paths.ts";
import { planRemove } from "../lock/changes.ts";
import { foreignEntry, type Holder, limitIn } from "../lock/lock.ts";
import type { LockObject } from "../lock/lock-object.ts";
import { type BackoffLimits, backoffMs } from "../time/backoff.ts";
import type { Clock, Random } from "../time/clock.ts";

export interface InheritPorts {
  api: Api;
  lockObject: LockObject;
  nodeName: string;
  clock: Clock;
  random: Random;
  /** Undefined: whether the machine has rebooted is unknown. */
  uptimeSeconds: (() => number) | undefined;
  /** Set with the uncordon, as kured does it when it starts. */
  labelsAfter: Readonly<Record<string, string>>;
  info: (message: string) => void;
  warn: (message: string) => void;
}

/**
 * A machine that kured has asked to reboot may go down so long after the start of this daemon. kured itself does not
 * wait: another node could go down beside this one.
 */
const mayGoDownMs = 10 * 60_000;
const pauses: BackoffLimits = { firstMs: 5000, maxMs: 60_000 };

/**
 * Uncordons the node and releases the lock as the kured would have done when it started, once the node is Ready.
 * Resolves at once where the lock has no entry of a kured for this node; rejects only if the signal is aborted.
 */
export async function inheritKured(ports: InheritPorts, signal: AbortSignal): Promise<void> {
  const { clock, random, nodeName, info, warn } = ports;
  const begunAt = clock.elapsed();
  let said = "";
  const say = (text: string, by: typeof info) => {
    if (text !== said) by(text);
    said = text;
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const entry = await entryOf(ports, signal);
      if (entry === undefined) return;
      const why = await heldUp(ports, entry, begunAt, signal);
      if (why === undefined) {
        await undo(ports, entry, signal);
        return info(`a kured held the lock for ${nodeName}: the node is as it was, and the lock is released`);
      }
      say(`a kured holds the lock for ${nodeName}: ${why}`, info);
    } catch (error) {
      signal.throwIfAborted();
      // The cycle reports on a lock that cannot be read, and the Node says it too.
      if (isApiError(error, "not-found") || clock.elapsed() > begunAt + mayGoDownMs) return;
      say(`ending what a kured has begun: ${(error as Error).message}`, warn);
    }
    await clock.sleep(backoffMs(attempt, pauses, random), signal);
  }
}

async function entryOf(
  { lockObject, nodeName, clock }: InheritPorts,
  signal: AbortSignal,
): Promise<Holder | undefined> {
  const { lock } = await lockObject.read(signal);
  return foreignEntry(lock, { name: nodeName }, clock.wall());
}

/** The reason to wait on. */
async function heldUp(
  { api, nodeName, clock, uptimeSeconds }: InheritPorts,
  { created = "" }: Holder,
  begunAt: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  // Both times are of this machine's clock: kured has written the entry here.
  const isRebooted =
    uptimeSeconds !== undefined && clock.wall() - uptimeSeconds() * 1000 > Date.parse(created);
  if (!isRebooted && clock.elapsed() < begunAt + mayGoDownMs) return "the machine may be about to reboot";
  const node = await api.get<WholeNode>(paths.node(nodeName), { signal });
  return isReady(node) ? undefined : "the node is not Ready";
}

async function undo(
  { api, lockObject, nodeName, labelsAfter }: InheritPorts,
  entry: Holder,
  signal: AbortSignal,
): Promise<void> {
  const { metadata, spec } = await api.get<WholeNode>(paths.node(nodeName), { signal });
  // The cordon was there before: somebody else's.
  const isOurs = entry.metadata?.unschedulable !== true;
  if (isOurs && spec?.unschedulable === true) {
    const annotations =
      metadata?.annotations?.[contract.kuredInProgress.key] === undefined
        ? {}
        : { annotations: { [contract.kuredInProgress.key]: null } };
    const version = { resourceVersion: metadata?.resourceVersion };
    const change = {
      metadata: { ...version, labels: labelsAfter, ...annotations },
      spec: { unschedulable: null },
    };
    await api.patch(paths.node(nodeName), change, { signal });
  }
  await lockObject.swap(({ lock }) => planRemove(lock, [entry], limitIn(lock)), signal);
}
