import { type Api, unlessNotFound } from "./api.ts";
import { type PartialObjectMetadata, paths } from "./objects.ts";

/** `key` is "namespace/name". */
export async function daemonSetExists(api: Api, key: string, signal: AbortSignal): Promise<boolean> {
  const [namespace = "", name = ""] = key.split("/");
  const path = `${paths.daemonSets(namespace)}/${name}`;
  return (await unlessNotFound(api.get<PartialObjectMetadata>(path, { signal }))) !== undefined;
}
