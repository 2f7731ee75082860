import { type Api, isApiError, unlessNotFound } from "../cluster/api.ts";
import type { CSINode, PersistentVolumeClaim, Pod, VolumeAttachment } from "../cluster/objects.ts";
import { pagesOf } from "../cluster/pages.ts";
import { paths, splitKey } from "../cluster/paths.ts";
import { backoffMs } from "../time/backoff.ts";
import type { Clock, Random } from "../time/clock.ts";

export interface Detaching {
  api: Api;
  clock: Clock;
  random: Random;
  nodeName: string;
  /** "namespace/name" of the claims whose pods have gone. */
  claims: readonly string[];
  /** The end of the wait; in milliseconds of `clock.elapsed()`. */
  until: number;
  /** Receives the volumes that are still attached, each as "volume (driver)". */
  onAttached: (volumes: readonly string[]) => void;
  /** Receives why the node goes on with volumes that may still be attached. */
  onGivenUp: (why: string) => void;
}

const retry = { firstMs: 1000, maxMs: 10_000 };

/**
 * "namespace/name" of the claims that the pod's volumes use:
 * https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#persistentvolumeclaim-naming
 */
export function claimsOf({ metadata, spec }: Pod): string[] {
  return (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    const claim = persistentVolumeClaim?.claimName ?? (ephemeral && `${metadata?.name}-${name}`);
    return claim === undefined ? [] : [`${metadata?.namespace}/${claim}`];
  });
}

/**
 * Waits until no volume of these claims is attached to the node, so that its next user need not wait for a
 * machine that is down. An attachment whose driver does not run on the node is left out: nothing there would
 * take the volume off. Resolves at `until` all the same, and where the claims or attachments cannot be read; in
 * silence where the daemon does without the right to read them.
 */
export async function awaitDetached(detaching: Detaching, signal: AbortSignal): Promise<void> {
  const { api, clock, random, until, onAttached, onGivenUp } = detaching;
  let attached: readonly VolumeAttachment[] | undefined;
  for (let attempt = 1; ; attempt += 1) {
    let problem: string | undefined;
    try {
      if (attached === undefined) attached = await attachmentsOf(detaching, signal);
      else attached = await stillThere(api, attached, signal);
      if (attached.length === 0) return;
      onAttached(attached.map(nameOf));
    } catch (error) {
      signal.throwIfAborted();
      if (!isApiError(error)) throw error;
      if (error.code === "not-granted") return;
      if (error.code === "forbidden") return onGivenUp(error.message);
      problem = error.message;
    }
    const waitMs = Math.min(backoffMs(attempt, retry, random), until - clock.elapsed());
    if (waitMs <= 0) {
      return onGivenUp(
        problem ?? `still attached after --drain-volume-timeout: ${attached?.map(nameOf).join(", ")}`,
      );
    }
    await clock.sleep(waitMs, signal);
  }
}

/** The server cannot select attachments by node, so all are listed, once. */
async function attachmentsOf(
  { api, nodeName, claims }: Detaching,
  signal: AbortSignal,
): Promise<VolumeAttachment[]> {
  const volumes = new Set<string>();
  for (const claim of claims) {
    const found = await unlessNotFound(() =>
      api.get<PersistentVolumeClaim>(paths.persistentVolumeClaim(...splitKey(claim)), { signal }),
    );
    if (found?.spec?.volumeName) volumes.add(found.spec.volumeName);
  }
  if (volumes.size === 0) return [];
  const csiNode = await unlessNotFound(() => api.get<CSINode>(paths.csiNode(nodeName), { signal }));
  const drivers = csiNode?.spec?.drivers?.map(({ name }) => name);
  const attachments: VolumeAttachment[] = [];
  for await (const { items } of pagesOf<VolumeAttachment>(api, paths.volumeAttachments, { signal })) {
    for (const item of items) {
      const { nodeName: on, attacher, source } = item.spec;
      const isManaged = drivers === undefined || drivers.includes(attacher);
      if (on === nodeName && isManaged && volumes.has(source.persistentVolumeName ?? ""))
        attachments.push(item);
    }
  }
  return attachments;
}

async function stillThere(
  api: Api,
  before: readonly VolumeAttachment[],
  signal: AbortSignal,
): Promise<VolumeAttachment[]> {
  const found: VolumeAttachment[] = [];
  for (const attachment of before) {
    const path = paths.volumeAttachment(attachment.metadata?.name ?? "");
    const now = await unlessNotFound(() => api.get<VolumeAttachment>(path, { signal }));
    if (now?.metadata?.uid === attachment.metadata?.uid) found.push(attachment);
  }
  return found;
}

function nameOf({ spec }: VolumeAttachment): string {
  return `${spec.source.persistentVolumeName} (${spec.attacher})`;
}
