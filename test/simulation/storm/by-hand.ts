/** Actions of people in a storm: edits with kubectl, rebootd's commands, and what they tidy up after it. */
import { contract } from "../../../daemon/annotations/names.ts";
import { annotateNode as askNode } from "../../../daemon/cli/admin.ts";
import { waitsForApproval } from "../../../daemon/cli/approve.ts";
import { anew } from "../../../daemon/cli/reboot.ts";
import type { LockValue } from "../../../daemon/lock/lock.ts";
import { createLockObject } from "../../../daemon/lock/lock-object.ts";
import { type LockEdit, unlockByHand } from "../../../daemon/lock/manual.ts";
import { at, type KubeObject, list, text } from "../../kubernetes/api/object.ts";
import { entriesIn, isCordoned, isMark, lockIn, recordIn } from "../../promises/eyes.ts";
import { seeded } from "../seeded.ts";
import { tidySigns } from "./away-actions.ts";
import { hasHookJobs, removeFailedJobs } from "./hook-job-actions.ts";
import type { Scene } from "./scene.ts";

const nodes = "/api/v1/nodes";

export async function patchNode({ world }: Scene, node: string, unschedulable: true | null): Promise<void> {
  await world.api.patch(`${nodes}/${node}`, { spec: { unschedulable } }, { signal: world.signal });
}

type LockScene = Pick<Scene, "world" | "lock">;
type Annotations = Record<string, string | null>;

export async function annotateNode({ world }: Scene, node: string, annotations: Annotations): Promise<void> {
  await world.api.patch(`${nodes}/${node}`, { metadata: { annotations } }, { signal: world.signal });
}

export async function patchLabels({ world }: Scene, node: string, labels: Annotations): Promise<void> {
  await world.api.patch(`${nodes}/${node}`, { metadata: { labels } }, { signal: world.signal });
}

export async function annotateLock({ world, lock }: LockScene, annotations: Annotations): Promise<void> {
  const path = `${lock.collection}/${lock.place.name}`;
  await world.api.patch(path, { metadata: { annotations } }, { signal: world.signal });
}

export function lockText({ world, lock }: LockScene): string | undefined {
  return lockIn(world.server.stored(lock.resource, lock.key));
}

export async function takeSlotAway(node: string, scene: Scene): Promise<void> {
  scene.promises.takenAway(node);
  if (scene.world.clockOf(node).isSuspended) scene.givenUp.add(node);
  await doByHand(scene, (lock) => unlockByHand(lock, { node }, scene.world.time.clock.wall()));
}

/** As `rebootd lock` and `rebootd unlock` do it. */
export async function doByHand(
  { world, lock }: LockScene,
  edit: (lock: LockValue) => LockEdit,
): Promise<unknown> {
  const { api, time, signal } = world;
  const lockObject = createLockObject({ api, clock: time.clock, random: seeded(1), place: lock.place });
  return await lockObject.swap(({ lock, unlocked: before }) => {
    const { change, unlocked = [] } = edit(lock);
    return { ...(change && { lock: change }), unlocked: [...before, ...unlocked] };
  }, signal);
}

/** As `rebootd resume` does it. */
export async function resume(scene: LockScene): Promise<void> {
  const { world, lock } = scene;
  const lockObject = world.server.stored(lock.resource, lock.key);
  if (lockObject?.metadata.annotations?.["rebootd.dev/failures"] === undefined) return;
  await annotateLock(scene, { "rebootd.dev/failures": null });
}

/** What a restore has brought back of what people had undone, or had not come to undo: they look through it all. */
export async function tidyUp(scene: Scene): Promise<void> {
  const isPaused = (object: KubeObject | undefined) =>
    object?.metadata.annotations?.[contract.paused.key] !== undefined;
  for (const node of scene.world.server.storedAll("nodes")) {
    const { name } = node.metadata;
    if (waitsForApproval({ annotations: node.metadata.annotations ?? {} }))
      await annotateNode(scene, name, { [contract.approved.key]: "after the storm" });
    await tidySigns(name, scene);
    if (isPaused(node)) await annotateNode(scene, name, { [contract.paused.key]: null });
    // As one kured leaves behind what another has cordoned.
    const isForeign = isCordoned(node) && scene.promises.cordonerOf(name) === "person";
    if (isForeign) await patchNode(scene, name, null);
    const { phase = "Idle" } = recordIn(node);
    if (scene.promises.wasForged(name) && (phase === "Idle" || phase === "Failed"))
      await removeMarks(node, scene);
  }
  if (hasHookJobs(scene)) await removeFailedJobs(scene);
  const lockObject = scene.world.server.stored(scene.lock.resource, scene.lock.key);
  if (isPaused(lockObject)) await annotateLock(scene, { [contract.paused.key]: null });
  // A value that names nobody, or nodes that never were: overwritten, and perhaps brought back after it had been taken away.
  const names = scene.world.machines.map(({ name }) => name);
  const entries = entriesIn(lockObject);
  const isForged = lockIn(lockObject) !== undefined && !entries.some(({ nodeID }) => names.includes(nodeID));
  if (isForged) await annotateLock(scene, { [scene.lock.place.annotation]: null });
  else await doByHand(scene, (lock) => unlockByHand(lock, "manual", scene.world.time.clock.wall()));
  // kured is gone, and with it whoever would take its entries away.
  for (const { nodeID, concurrency } of entries) {
    if (concurrency === undefined) await takeSlotAway(nodeID, scene);
  }
}

/** Of these a record that was forged no longer spoke. */
async function removeMarks(node: KubeObject, { world }: Scene): Promise<void> {
  const { name, labels: all = {} } = node.metadata;
  const labels = Object.keys(all).filter(isMark);
  const taints = list(at(node, "spec", "taints"));
  const others = taints.filter((taint) => !isMark(text(at(taint, "key"))));
  if (labels.length === 0 && others.length === taints.length && !isCordoned(node)) return;
  const body = {
    metadata: { labels: Object.fromEntries(labels.map((key) => [key, null])) },
    spec: { taints: others, unschedulable: null },
  };
  await world.api.patch(`${nodes}/${name}`, body, { signal: world.signal });
}

/** Nodes that were given up, and those that rest, reboot when a person asks; they would not all come by themselves today. */
const givenUpAfter = 3;
const askedAfter = "after the storm";

/** As a person does who looks through the nodes that still need a reboot. */
export async function askAgain(scene: Scene): Promise<void> {
  for (const node of scene.world.server.storedAll("nodes")) {
    const { phase, failures = 0, reasons = [] } = recordIn(node);
    // A request from the storm may have failed as often; it is made anew once.
    const isAsked = node.metadata.annotations?.[contract.request.key] === askedAfter;
    const isGivenUp = phase === "Failed" && failures >= givenUpAfter;
    const isResting = phase === "Waiting" && reasons.some(({ gate }) => gate === "rest");
    if (isAsked || !(isGivenUp || isResting)) continue;
    await askByHand(scene, node.metadata.name);
    scene.promises.forgetNeed(node.metadata.name);
  }
}

/** As `rebootd reboot` does it: a request from the storm may have been heeded less than an hour ago. */
async function askByHand({ world }: Scene, name: string): Promise<void> {
  const { api, time, signal } = world;
  const change = (annotations: Readonly<Record<string, string>>) => ({
    [contract.request.key]: askedAfter,
    ...anew(annotations[contract.cycle.key], askedAfter, world.clockOf(name).wall()),
  });
  await askNode({ api, clock: time.clock, random: seeded(1) }, name, change, signal);
}
