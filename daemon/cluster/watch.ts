import { backoffMs } from "../backoff.ts";
import type { Clock, Random } from "../clock.ts";
import { type Api, isApiError } from "./api.ts";
import type { PartialObjectMetadata } from "./objects.ts";

const retry = { firstMs: 500, maxMs: 30_000 };

export interface ObjectWatch {
  api: Api;
  clock: Clock;
  random: Random;
  /** Path of the collection, such as `/api/v1/nodes`. */
  collection: string;
  name: string;
  /** Called with the metadata at the start, at each change, and with undefined when the object is deleted. */
  onChange: (metadata: PartialObjectMetadata["metadata"]) => void;
  /** Told of each break; the watch goes on by itself. */
  onBreak: (error: unknown) => void;
  signal: AbortSignal;
}

/**
 * Watches the metadata of one object until the signal ends it. A broken watch goes on from the last version seen; when
 * that is forgotten it starts anew, and the object as it is then is reported, so that no change goes unnoticed.
 */
export async function watchObject(watched: ObjectWatch): Promise<void> {
  const { api, clock, random, collection, name, signal } = watched;
  let resourceVersion: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const query = { fieldSelector: `metadata.name=${name}`, resourceVersion };
      for await (const { type, object } of api.watch<PartialObjectMetadata>(collection, {
        signal,
        query,
        metadataOnly: "object",
      })) {
        failures = 0;
        resourceVersion = object.metadata?.resourceVersion ?? resourceVersion;
        if (type !== "BOOKMARK") watched.onChange(type === "DELETED" ? undefined : object.metadata);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (isApiError(error, "expired")) resourceVersion = undefined;
      watched.onBreak(error);
    }
    // Also after an orderly end: a server that ends each watch at once is not asked without pause.
    failures += 1;
    await clock.sleep(backoffMs(failures, retry, random), signal).catch(() => {});
  }
}
