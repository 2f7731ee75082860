import { backoffMs } from "../backoff.ts";
import type { Clock, Random } from "../clock.ts";
import { type Api, isApiError, retryAfterOf } from "./api.ts";
import type { PartialObjectMetadata } from "./objects.ts";

/** Also after an orderly end: a server that ends each watch at once is not asked without pause. */
const ended = { firstMs: 500, maxMs: 60_000 };
const broken = { firstMs: 2000, maxMs: 75_000 };
/** By a rule or a proxy, and so mostly for good. */
const refused = { firstMs: 2000, maxMs: 3 * 60_000 };

export interface ObjectWatch {
  api: Api;
  clock: Clock;
  random: Random;
  /** Path of the collection, such as `/api/v1/nodes`. */
  collection: string;
  name: string;
  /** Called with the metadata at the start, at each change, and with undefined when the object is deleted. */
  onChange: (metadata: PartialObjectMetadata["metadata"]) => void;
  /** Told of each break; the watch goes on by itself. Between the two a change, and above all the deletion, may go unseen. */
  onBreak: (error: unknown) => void;
  /** The server takes the watch again after a break. */
  onMended?: () => void;
  signal: AbortSignal;
}

/**
 * Watches the metadata of one object until the signal ends it. It always starts anew, with the object as it is then: a version
 * from before may be forgotten, or, once etcd was restored from a backup, lie in the future, where a watch stays silent.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-watch
 */
export async function watchObject(watched: ObjectWatch): Promise<void> {
  const { api, clock, random, collection, name, signal } = watched;
  let failures = 0;
  let isBroken = false;
  const onOpen = () => {
    if (isBroken) watched.onMended?.();
    isBroken = false;
  };
  while (!signal.aborted) {
    let atLeastMs = 0;
    let retry = ended;
    try {
      const query = { fieldSelector: `metadata.name=${name}` };
      for await (const { type, object } of api.watch<PartialObjectMetadata>(collection, {
        signal,
        query,
        metadataOnly: "object",
        onOpen,
      })) {
        failures = 0;
        if (type !== "BOOKMARK") watched.onChange(type === "DELETED" ? undefined : object.metadata);
      }
    } catch (error) {
      if (signal.aborted) return;
      isBroken = true;
      atLeastMs = retryAfterOf(error);
      retry = isApiError(error, "forbidden", "unauthorized", "too-many-requests") ? refused : broken;
      watched.onBreak(error);
    }
    failures += 1;
    await clock.sleep(Math.max(atLeastMs, backoffMs(failures, retry, random)), signal).catch(() => {});
  }
}
