import type { Api, CallOptions } from "./api.ts";
import { keptOfPod, type Pod, type WholePod } from "./objects.ts";
import { listAll } from "./pages.ts";
import { paths } from "./paths.ts";

/** What is read of each of the pods that the options select; of all namespaces where none is named. */
export function listPods(api: Api, options: CallOptions, namespace?: string): Promise<readonly Pod[]> {
  const collection = namespace === undefined ? paths.pods : paths.podsIn(namespace);
  return listAll<WholePod, Pod>(api, collection, options, keptOfPod);
}
