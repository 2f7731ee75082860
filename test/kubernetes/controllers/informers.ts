import { type Informer, startInformer } from "./informer.ts";
import { collection, type Resource, type StoredObject } from "./objects.ts";
import type { Ports } from "./ports.ts";

/** One informer per kind, shared by all controllers that ask for it. */
export interface Informers {
  of<T extends StoredObject>(resource: Resource): Informer<T>;
  done(): Promise<unknown>;
}

export function createInformers(ports: Ports): Informers {
  const started = new Map<Resource, Informer<never>>();
  return {
    of: <T extends StoredObject>(resource: Resource) => {
      const found = started.get(resource) as Informer<T> | undefined;
      if (found !== undefined) return found;
      const informer = startInformer<T>(ports, { collection: collection(resource) });
      started.set(resource, informer as unknown as Informer<never>);
      return informer;
    },
    done: () => Promise.all([...started.values()].map((informer) => informer.done)),
  };
}
