import { at, type KubeObject, list } from "../../kubernetes/api/object.ts";
import { type HookJobTrouble, templates } from "./hook-jobs.ts";
import type { Action, Scene } from "./scene.ts";

const folder = "/apis/batch/v1/namespaces/kube-system/jobs";
const hookLabel = "rebootd.dev/hook";

/** `how`: undefined for a Job that does its work. */
function templateOf(name: string, how?: HookJobTrouble["how"]): object {
  const annotations = {
    ...(how !== "hangs" && { "machines.test/run-seconds": "5" }),
    ...(how === "fails" && { "machines.test/exit-code": "1", "machines.test/log": "no quorum" }),
  };
  const spec = {
    restartPolicy: "Never",
    tolerations: [{ operator: "Exists" }],
    containers: [{ name: "main", image: "ceph:1" }],
  };
  return { metadata: { name }, spec: { suspend: true, template: { metadata: { annotations }, spec } } };
}

export async function createTemplates({ api, signal }: Scene["world"]): Promise<void> {
  for (const name of templates) await api.create(folder, templateOf(name), { signal });
}

export const beginHookJob: Action<HookJobTrouble> = async ({ how }, scene) => {
  if (how === "is-deleted") {
    for (const job of hookJobs(scene)) await remove(job.metadata.name, scene);
    return undefined;
  }
  await replaceTemplates(scene, how);
  return () => replaceTemplates(scene);
};

async function replaceTemplates(scene: Scene, how?: HookJobTrouble["how"]): Promise<void> {
  const { api, signal, server } = scene.world;
  for (const name of templates) {
    if (server.stored("jobs.batch", `kube-system/${name}`) !== undefined) await remove(name, scene);
    if (how !== "has-no-template") await api.create(folder, templateOf(name, how), { signal });
  }
}

export function hasHookJobs(scene: Scene): boolean {
  return hookJobs(scene).length > 0;
}

/** A person who has repaired what was wrong has those that have failed run again. */
export async function removeFailedJobs(scene: Scene): Promise<void> {
  for (const job of hookJobs(scene)) if (hasFailed(job)) await remove(job.metadata.name, scene);
}

function hookJobs({ world }: Scene): KubeObject[] {
  return world.server
    .storedAll("jobs.batch")
    .filter(({ metadata }) => metadata.labels?.[hookLabel] !== undefined);
}

function hasFailed(job: KubeObject): boolean {
  return list(at(job, "status", "conditions")).some((one) => at(one, "type") === "Failed");
}

async function remove(name: string, { world }: Scene): Promise<void> {
  await world.api.delete(`${folder}/${name}`, { propagationPolicy: "Background" }, { signal: world.signal });
}
