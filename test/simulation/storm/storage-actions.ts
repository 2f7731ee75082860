import { isFromDaemon, type SmallWorld } from "../small-world.ts";
import type { Action } from "./scene.ts";
import type { StorageTrouble } from "./storage.ts";

const collection = "/apis/ceph.rook.io/v1/namespaces/default/cephclusters";
const path = `${collection}/storage`;
const key = "default/storage";
const statusOf = (health: string) => ({ status: { ceph: { health } } });

/** Creates it where it is missing, and makes it healthy. */
export async function mendStorage({ api, server, signal }: SmallWorld): Promise<void> {
  if (server.stored("cephclusters.ceph.rook.io", key) === undefined)
    await api.create(collection, { metadata: { name: "storage" } }, { signal });
  await api.patch(`${path}/status`, statusOf("HEALTH_OK"), { signal });
}

export const storageActions: { storage: Action<StorageTrouble> } = {
  async storage({ how }, { world, storage }) {
    const mend = await spoil(how, world);
    storage.troubles += 1;
    return async () => {
      await mend();
      storage.troubles -= 1;
    };
  },
};

/** Answers how to mend it. */
async function spoil(how: StorageTrouble["how"], world: SmallWorld): Promise<() => unknown> {
  const { api, server, signal } = world;
  if (how === "broken") {
    await api.patch(`${path}/status`, statusOf("HEALTH_WARN"), { signal });
    return () => mendStorage(world);
  }
  if (how === "gone") {
    await api.delete(path, {}, { signal });
    return () => mendStorage(world);
  }
  const message = "a webhook says no";
  const effect = {
    forbidden: { refusal: { code: 403, reason: "Forbidden", message } },
    failing: { status: 503 },
    silent: "hang",
  } as const;
  const fault = server.faults.add({
    match: { resource: "cephclusters", where: isDaemon },
    effect: effect[how],
  });
  return () => fault.remove();
}

const isDaemon: typeof isFromDaemon = (facts) => isFromDaemon(facts) || facts.user.startsWith("rebootd:");
