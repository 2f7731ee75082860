import type { DaemonSet, Lease } from "../../daemon/cluster/objects.ts";
import { ensureNamespace } from "../kubernetes/workloads.ts";
import { readManifests } from "../world/manifests.ts";
import type { createStory } from "./story.ts";

export const leasesIn = (namespace: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;

/** Words for what the commands of people look for: rebootd's DaemonSet, and Leases. */
export function installationWords(story: Pick<ReturnType<typeof createStory>, "world">) {
  /** The DaemonSet of the manifests, in that namespace; no pods come of it here. */
  async function install(
    namespace: string,
    change: (daemonSet: DaemonSet) => void = () => {},
  ): Promise<void> {
    await ensureNamespace({ api: story.world.api, signal: story.world.signal }, namespace);
    const daemonSet = readManifests().find(({ kind }) => kind === "DaemonSet") as unknown as DaemonSet;
    const made = structuredClone(daemonSet);
    made.metadata = { ...made.metadata, namespace };
    const template = made.spec?.template.spec;
    if (template) template.nodeSelector = { "example.com/none": "true" };
    change(made);
    const path = `/apis/apps/v1/namespaces/${namespace}/daemonsets`;
    await story.world.api.create(path, made, { signal: story.world.signal });
  }

  async function addLease(namespace: string, name = "rebootd"): Promise<void> {
    await ensureNamespace({ api: story.world.api, signal: story.world.signal }, namespace);
    await story.world.api.create(leasesIn(namespace), { metadata: { name } }, { signal: story.world.signal });
  }

  const leases = async (namespace: string) => {
    const { items } = await story.world.api.list<Lease>(leasesIn(namespace), { signal: story.world.signal });
    return items.map(
      ({ metadata }) => `${metadata?.name} ${metadata?.annotations?.["rebootd.dev/paused"] ?? "-"}`,
    );
  };

  return { install, addLease, leases };
}
