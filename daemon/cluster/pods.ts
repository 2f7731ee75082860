import type { Api, CallOptions } from "./api.ts";
import { keptOfPod, type Pod, type WholePod } from "./objects.ts";
import { listAll } from "./pages.ts";
import { paths } from "./paths.ts";

/**
 * The pods that the options select, without the parts that rebootd does not need; of all namespaces if none
 * is given.
 */
export function listPods(api: Api, options: CallOptions, namespace?: string): Promise<readonly Pod[]> {
  const collection = namespace === undefined ? paths.pods : paths.podsIn(namespace);
  return listAll<WholePod, Pod>(api, collection, options, keptOfPod);
}
