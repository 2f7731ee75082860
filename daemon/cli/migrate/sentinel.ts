/** The file whose existence means that a reboot is needed: its path in kured's pod, on the host, and in rebootd's pod. Pure. */
import { posix } from "node:path";
import type { PodParts, Volume, VolumeMount } from "./found.ts";

export interface Sentinel {
  /** The path on the host; undefined if kured's pod sees no file of the host there. */
  onHost: string | undefined;
  /** The path in the pod of rebootd's manifests; undefined: its own default is the same file. */
  inPod: string | undefined;
  /** Name of the volume that only the sentinel needs; undefined where rebootd's pod has the folder anyway. */
  volume: string | undefined;
}

/** The host's /run in the pods of rebootd's manifests. */
const runInPod = "/host/run";

export function sentinelOf(path: string, { volumes, volumeMounts }: AllVolumes): Sentinel {
  const mount = volumeMounts
    .filter(({ mountPath }) => isBelow(path, mountPath))
    .toSorted((a, b) => b.mountPath.length - a.mountPath.length)[0];
  const folder = volumes.find(({ name }) => name === mount?.name)?.hostPath?.path;
  if (mount === undefined || folder === undefined)
    return { onHost: undefined, inPod: path, volume: undefined };
  const rest = posix.join(mount.subPath ?? "", path.slice(mount.mountPath.replace(/\/$/, "").length));
  const onHost = posix.join(folder, rest);
  const inRun = /^\/(?:var\/)?run\/(.+)$/.exec(onHost)?.[1];
  if (inRun === undefined) return { onHost, inPod: path, volume: mount.name };
  return {
    onHost,
    inPod: inRun === "reboot-required" ? undefined : `${runInPod}/${inRun}`,
    volume: undefined,
  };
}

/** Whether it is the file that rebootd looks for without any option. */
export function isUsual({ onHost }: Sentinel): boolean {
  return onHost !== undefined && /^\/(?:var\/)?run\/reboot-required$/.test(onHost);
}

export interface AllVolumes {
  volumes: readonly Volume[];
  volumeMounts: readonly VolumeMount[];
}

/** The volumes that rebootd's pod does not have by itself: all but views of the host's /run. */
export function ownVolumes({
  volumes,
  volumeMounts,
}: AllVolumes): Pick<PodParts, "volumes" | "volumeMounts"> {
  const isRun = ({ hostPath }: Volume) => /^\/(?:var\/)?run\/?$/.test(hostPath?.path ?? "");
  const kept = volumes.filter((volume) => !isRun(volume));
  return {
    volumes: kept,
    volumeMounts: volumeMounts.filter(({ name }) => kept.some((one) => one.name === name)),
  };
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(`${folder.replace(/\/$/, "")}/`);
}
