import { createHash } from "node:crypto";
import type { Informers } from "./informers.ts";
import {
  collection,
  isDeleted,
  isFinished,
  pathOf,
  type StoredAttachment,
  type StoredClaim,
  type StoredPod,
  type StoredVolume,
} from "./objects.ts";
import type { Ports } from "./ports.ts";
import { createQueue } from "./queue.ts";
import { remove } from "./remove.ts";

type CsiSource = NonNullable<NonNullable<StoredVolume["spec"]>["csi"]>;

/**
 * The attach/detach controller, and the attacher of every CSI driver in one: a volume is attached to each node that has
 * a pod which uses it, and for `detachMs` more, as a driver takes its time. A finalizer makes it take longer.
 */
export async function runVolumes(
  ports: Ports,
  informers: Informers,
  { detachMs }: { detachMs: number },
): Promise<void> {
  const { api, clock, signal } = ports;
  const pods = informers.of<StoredPod>("pods");
  const claims = informers.of<StoredClaim>("persistentvolumeclaims");
  const volumes = informers.of<StoredVolume>("persistentvolumes");
  const attachments = informers.of<StoredAttachment>("volumeattachments");
  /** Of attachments that no pod needs, by name. */
  const unusedSince = new Map<string, number>();
  const queue = createQueue(ports, reconcile);
  await Promise.all([pods, claims, volumes, attachments].map((informer) => informer.synced));
  pods.onChange(({ now, before }) => {
    lookAtNodeOf(now);
    lookAtNodeOf(before);
  });
  claims.onChange(() => pods.all().forEach(lookAtNodeOf));
  volumes.onChange(() => pods.all().forEach(lookAtNodeOf));
  attachments.onChange(({ now, before }) => {
    const attachment = now ?? before;
    if (attachment !== undefined) queue.add(attachment.spec.nodeName);
  });
  await queue.run();

  function lookAtNodeOf(pod: StoredPod | undefined): void {
    if (pod?.spec?.nodeName !== undefined && claimsOf(pod).length > 0) queue.add(pod.spec.nodeName);
  }

  async function reconcile(node: string): Promise<void> {
    const here = pods.all().filter((pod) => pod.spec?.nodeName === node && !isFinished(pod));
    const used = usedOn(node, here, (claim) => volumes.get(claims.get(claim)?.spec?.volumeName ?? ""));
    for (const [name, volume] of used) await attach(name, volume, node);
    for (const attachment of attachments.all()) {
      const { nodeName, source } = attachment.spec;
      if (nodeName !== node || used.has(attachment.metadata.name)) continue;
      if (isOwn(attachment, volumes.get(source.persistentVolumeName ?? ""))) await detach(attachment);
    }
  }

  async function attach(name: string, volume: StoredVolume, nodeName: string): Promise<void> {
    unusedSince.delete(name);
    const attachment = attachments.get(name) ?? (await create(name, volume, nodeName));
    // A volume that is being detached is attached anew once that is over.
    if (isDeleted(attachment) || attachment.status?.attached === true) return;
    const path = `${pathOf("volumeattachments", attachment)}/status`;
    attachments.enter(await api.patch<StoredAttachment>(path, { status: { attached: true } }, { signal }));
  }

  async function create(name: string, volume: StoredVolume, nodeName: string): Promise<StoredAttachment> {
    const source = { persistentVolumeName: volume.metadata.name };
    const body = { metadata: { name }, spec: { attacher: volume.spec?.csi?.driver, nodeName, source } };
    const path = collection("volumeattachments");
    const created = await api.create<StoredAttachment>(path, body, { signal });
    attachments.enter(created);
    return created;
  }

  async function detach(attachment: StoredAttachment): Promise<void> {
    if (isDeleted(attachment)) return;
    const { name } = attachment.metadata;
    const since = unusedSince.get(name) ?? clock.elapsed();
    unusedSince.set(name, since);
    const leftMs = since + detachMs - clock.elapsed();
    if (leftMs > 0) return queue.addAfter(attachment.spec.nodeName, leftMs);
    await remove(ports, "volumeattachments", attachment);
    unusedSince.delete(name);
  }
}

/** The volumes of these pods of the node, by the names of their attachments. */
function usedOn(
  node: string,
  pods: readonly StoredPod[],
  volumeOf: (claim: string) => StoredVolume | undefined,
): Map<string, StoredVolume> {
  const used = new Map<string, StoredVolume>();
  for (const claim of pods.flatMap(claimsOf)) {
    const volume = volumeOf(claim);
    if (volume?.spec?.csi !== undefined) used.set(attachmentName(volume.spec.csi, node), volume);
  }
  return used;
}

/** Others attach what they like, and have to detach it themselves. */
function isOwn({ metadata, spec }: StoredAttachment, volume: StoredVolume | undefined): boolean {
  const csi = volume?.spec?.csi;
  return csi !== undefined && metadata.name === attachmentName(csi, spec.nodeName);
}

/** Keys of the claims that the pod names, and of those made for it: https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#persistentvolumeclaim-naming */
function claimsOf({ metadata, spec }: StoredPod): string[] {
  return (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    const claim = persistentVolumeClaim?.claimName ?? (ephemeral && `${metadata.name}-${name}`);
    return claim === undefined ? [] : [`${metadata.namespace}/${claim}`];
  });
}

/** As Kubernetes names it, so that there is one of a volume and a node. */
export function attachmentName({ volumeHandle, driver }: CsiSource, nodeName: string): string {
  const digest = createHash("sha256").update(`${volumeHandle}${driver}${nodeName}`).digest("hex");
  return `csi-${digest}`;
}
