import { type Api, unlessNotFound } from "./api.ts";
import { type PartialObjectMetadata, paths } from "./objects.ts";

/** What rebootd's own DaemonSet and pods are labelled with, as the manifests do it. */
export const daemonSelector = "app.kubernetes.io/name=rebootd";

/** `key` is "namespace/name". */
export async function daemonSetExists(api: Api, key: string, signal: AbortSignal): Promise<boolean> {
  const [namespace = "", name = ""] = key.split("/");
  const path = `${paths.daemonSets(namespace)}/${name}`;
  return (await unlessNotFound(api.get<PartialObjectMetadata>(path, { signal }))) !== undefined;
}
