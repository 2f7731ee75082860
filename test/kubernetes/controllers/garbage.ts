import { isApiError } from "../../../daemon/cluster/api.ts";
import type { Informer } from "./informer.ts";
import type { Informers } from "./informers.ts";
import {
  controllerOf,
  isDeleted,
  keyOf,
  pathOf,
  type Resource,
  type StoredDaemonSet,
  type StoredDeployment,
  type StoredNode,
  type StoredObject,
  type StoredPod,
  type StoredReplicaSet,
  timeText,
  withConditions,
} from "./objects.ts";
import type { Ports } from "./ports.ts";
import { createQueue } from "./queue.ts";
import { remove } from "./remove.ts";

/** Removes pods whose node has been gone for `quarantineMs`, as nobody else will. */
export async function runPodCollector(
  ports: Ports,
  informers: Informers,
  { quarantineMs }: { quarantineMs: number },
): Promise<void> {
  const { api, clock, signal } = ports;
  const pods = informers.of<StoredPod>("pods");
  const nodes = informers.of<StoredNode>("nodes");
  const missingSince = new Map<string, number>();
  const queue = createQueue(ports, reconcile);
  await Promise.all([pods.synced, nodes.synced]);
  nodes.onChange(({ key, now }) => {
    if (now !== undefined) missingSince.delete(key);
    else for (const pod of pods.all()) if (pod.spec?.nodeName === key) queue.add(keyOf(pod));
  });
  pods.onChange(({ key, now }) => {
    if (now !== undefined && isStranded(now)) queue.add(key);
  });
  await queue.run();

  function isStranded(pod: StoredPod): boolean {
    const { nodeName = "" } = pod.spec ?? {};
    return nodeName === "" ? isDeleted(pod) : nodes.get(nodeName) === undefined;
  }

  async function reconcile(key: string): Promise<void> {
    const pod = pods.get(key);
    if (pod === undefined || !isStranded(pod)) return;
    const node = pod.spec?.nodeName;
    if (node !== undefined) {
      const since = missingSince.get(node) ?? clock.elapsed();
      missingSince.set(node, since);
      const leftMs = since + quarantineMs - clock.elapsed();
      if (leftMs > 0) return queue.addAfter(key, leftMs);
      await markDisrupted(pod);
    }
    await remove(ports, "pods", pod, { gracePeriodSeconds: 0 });
  }

  async function markDisrupted(pod: StoredPod): Promise<void> {
    const conditions = withConditions(pod.status?.conditions, timeText(clock.wall()), {
      type: "DisruptionTarget",
      status: "True",
      reason: "DeletionByPodGC",
      message: "PodGC: node no longer exists",
    });
    const body = { status: { phase: "Failed", conditions } };
    await api.patch(`${pathOf("pods", pod)}/status`, body, { signal });
  }
}

/** Removes what belongs to a controller that is gone. */
export async function runOwnerCollector(ports: Ports, informers: Informers): Promise<void> {
  const pods = informers.of<StoredPod>("pods");
  const sets = informers.of<StoredReplicaSet>("replicasets");
  const owners: Record<string, Informer<StoredObject>> = {
    Deployment: informers.of<StoredDeployment>("deployments"),
    ReplicaSet: sets,
    DaemonSet: informers.of<StoredDaemonSet>("daemonsets"),
  };
  const queue = createQueue(ports, reconcile);
  await Promise.all([pods, sets, ...Object.values(owners)].map((informer) => informer.synced));
  const dependents: [Resource, Informer<StoredObject>][] = [
    ["pods", pods],
    ["replicasets", sets],
  ];
  for (const [resource, informer] of dependents) {
    informer.onChange(({ key, now }) => {
      if (now !== undefined && isOrphan(now)) queue.add(`${resource} ${key}`);
    });
  }
  for (const informer of Object.values(owners)) {
    informer.onChange(({ now }) => {
      if (now !== undefined) return;
      for (const [resource, { all }] of dependents) {
        for (const object of all()) if (isOrphan(object)) queue.add(`${resource} ${keyOf(object)}`);
      }
    });
  }
  await queue.run();

  function isOrphan(object: StoredObject): boolean {
    const owner = controllerOf(object);
    // Of another API group it is not for this collector to know, whatever its kind is called.
    const known = owner?.apiVersion === "apps/v1" ? owners[owner.kind] : undefined;
    if (owner === undefined || known === undefined || isDeleted(object)) return false;
    // The real one cannot ask for such a name, and leaves what has such an owner:
    // https://github.com/kubernetes/apimachinery/blob/master/pkg/api/validation/path/name.go
    if (/^\.\.?$|[/%]/.test(owner.name)) return false;
    return known.get(`${object.metadata.namespace}/${owner.name}`)?.metadata.uid !== owner.uid;
  }

  async function reconcile(key: string): Promise<void> {
    const [resource, name = ""] = key.split(" ") as [Resource, string];
    const object = dependents.find(([of]) => of === resource)?.[1].get(name);
    // The copies of two collections need not be equally fresh: ask before something is removed.
    if (object === undefined || !isOrphan(object) || (await hasOwner(object))) return;
    await remove(ports, resource, object);
  }

  async function hasOwner(object: StoredObject): Promise<boolean> {
    const owner = controllerOf(object);
    if (owner === undefined) return false;
    const metadata = { ...object.metadata, name: owner.name };
    const path = pathOf(`${owner.kind.toLowerCase()}s` as Resource, { metadata });
    try {
      const found = await ports.api.get<StoredObject>(path, { signal: ports.signal });
      return found.metadata.uid === owner.uid;
    } catch (error) {
      if (isApiError(error, "not-found")) return false;
      throw error;
    }
  }
}
