import type { RawOptions } from "../../../daemon/config/options.ts";
import { requestedAnnotation } from "../../../daemon/cycle/request.ts";
import { type Deed as ByHand, lockByHand, unlockByHand } from "../../../daemon/lock/by-hand.ts";
import { createLockCarrier } from "../../../daemon/lock/carrier.ts";
import type { LockValue } from "../../../daemon/lock/slots.ts";
import { pausedAnnotation } from "../../../daemon/pause.ts";
import { defaultLock, setLock } from "../../cluster/lock-place.ts";
import { sentinelFile } from "../../cluster/machines/machine.ts";
import { seeded } from "../seeded.ts";
import type { SmallWorld } from "../small-world.ts";
import { harshDeeds } from "./harsh.ts";
import type { Interference } from "./interference.ts";
import { lockIn, type Promises, recordIn } from "./promises.ts";
import type { Trouble } from "./scenario.ts";
import type { Settings } from "./settings.ts";

/** What troubles are done to. */
export interface Scene {
  world: SmallWorld;
  promises: Promises;
  interference: Interference;
  settings: Settings;
  alerts: { active: boolean };
  /** Nodes whose need comes back with each boot. */
  stubborn: Set<string>;
  /** What the daemons were told at the start. */
  options: RawOptions;
  /** For what chance decides in the network. */
  random: () => number;
  /** Does something so many seconds later, or never if the storm is over by then. */
  later: (seconds: number, deed: () => unknown) => void;
}

type Deed<T extends Trouble> = (trouble: T, scene: Scene) => Undo | Promise<Undo>;
type Undo = (() => unknown) | undefined;
type Deeds = { [K in Trouble["kind"]]: Deed<Extract<Trouble, { kind: K }>> };

const nodes = "/api/v1/nodes";
const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";

/** Does it, and answers with what ends it; for what does not last, with nothing. */
export async function trouble(trouble: Trouble, scene: Scene): Promise<Undo> {
  const deed = deeds[trouble.kind] as Deed<Trouble>;
  return await deed(trouble, scene);
}

const deeds: Deeds = {
  ...harshDeeds,
  want({ node }, { world }) {
    if (world.machine(node).isUp) world.machine(node).wantReboot();
    return undefined;
  },
  unwant({ node }, { world }) {
    world.machine(node).unwantReboot();
    return undefined;
  },
  stubborn({ node }, { world, stubborn }) {
    stubborn.add(node);
    world.machine(node).wantReboot();
    return () => stubborn.delete(node);
  },
  crash({ node }, { world }) {
    world.machine(node).crashDaemon();
    return undefined;
  },
  "crash-at-write"({ node, skip, when }, { world, interference }) {
    interference.arm(node, { skip, when, act: () => world.machine(node).crashDaemon() });
    return undefined;
  },
  "lost-answer"({ node, skip }, { interference }) {
    interference.arm(node, { skip, when: "after", act: () => {} });
    return undefined;
  },
  fault({ user, effect, probability }, { world }) {
    const fault = world.server.faults.add({ match: { user }, effect, probability });
    return () => fault.remove();
  },
  partition({ user }, { world }) {
    const partition = world.server.partition(user);
    return () => partition.heal();
  },
  away(_, { world }) {
    world.setAway("storm", true);
    return () => world.setAway("storm", false);
  },
  "cut-watches"(_, { world }) {
    world.server.cutWatches();
    return undefined;
  },
  compact(_, { world }) {
    world.server.compact();
    return undefined;
  },
  "power-failure"({ node }, { world }) {
    world.machine(node).reboot();
    return undefined;
  },
  "slow-boot"({ node, downSeconds }, { world }) {
    const { behaviour } = world.machine(node);
    const { downMs } = behaviour;
    behaviour.downMs = downSeconds * 1000;
    return () => {
      behaviour.downMs = downMs;
    };
  },
  "no-boot"({ node }, { world }) {
    world.machine(node).behaviour.comesBack = false;
    return () => world.machine(node).powerOn();
  },
  "no-shutdown"({ node }, { world }) {
    const { behaviour } = world.machine(node);
    behaviour.goesDown = false;
    return () => {
      behaviour.goesDown = true;
    };
  },
  async cordon({ node }, scene) {
    await patchNode(scene, node, true);
    return async () => {
      if (scene.promises.cordonerOf(node) !== "daemon") await patchNode(scene, node, null);
    };
  },
  async uncordon({ node }, scene) {
    await patchNode(scene, node, null);
    return undefined;
  },
  async "lock-overwritten"({ value }, { world }) {
    await setLock({ api: world.admin, signal: world.signal }, defaultLock, value);
    // Nodes that are down may have put their entries beside it meanwhile.
    return async () => {
      if (lockOf(world) === value)
        await setLock({ api: world.admin, signal: world.signal }, defaultLock, null);
      else await doByHand(world, (lock) => unlockByHand(lock, "manual", world.time.clock.wall()));
    };
  },
  async "lock-by-hand"(_, { world }) {
    await doByHand(world, (lock) => lockByHand(lock, "a storm", world.time.clock.wall()));
    return () => doByHand(world, (lock) => unlockByHand(lock, "manual", world.time.clock.wall()));
  },
  async "slot-taken-away"({ node }, { world }) {
    await doByHand(world, (lock) => unlockByHand(lock, { node }, world.time.clock.wall()));
    return undefined;
  },
  async "lock-deleted"(_, { world }) {
    await world.admin.delete(`${leases}/rebootd`, {}, { signal: world.signal });
    const body = { metadata: { name: "rebootd" }, spec: {} };
    return () => world.admin.create(leases, body, { signal: world.signal });
  },
  async "node-deleted"({ node }, { world }) {
    await world.admin.delete(`${nodes}/${node}`, {}, { signal: world.signal });
    // A kubelet enters its node when it starts, not while it runs.
    return () => {
      if (world.server.stored("nodes", node) === undefined) world.machine(node).reboot();
    };
  },
  reconfigured({ options, every }, { world, settings, later }) {
    for (const [index, { name }] of world.machines.entries()) {
      later(index * every, () => {
        settings.change(name, options, world.time.clock.wall());
        world.restartDaemon(name, options);
      });
    }
    return undefined;
  },
  async paused({ node }, scene) {
    await annotateNode(scene, node, { [pausedAnnotation]: "a storm" });
    return () => annotateNode(scene, node, { [pausedAnnotation]: null });
  },
  async "all-paused"(_, scene) {
    await annotateLease(scene, { [pausedAnnotation]: "a storm" });
    return () => annotateLease(scene, { [pausedAnnotation]: null });
  },
  async requested({ node }, scene) {
    await annotateNode(scene, node, { [requestedAnnotation]: "a storm" });
    scene.promises.forgetNeed(node);
    return undefined;
  },
  alerts(_, { alerts }) {
    alerts.active = true;
    return () => {
      alerts.active = false;
    };
  },
  async budget(_, { world }) {
    const spec = { maxUnavailable: 0, selector: { matchLabels: { app: "web" } } };
    const body = { metadata: { name: "web" }, spec };
    await world.admin.create(budgets, body, { signal: world.signal });
    return () => world.admin.delete(`${budgets}/web`, {}, { signal: world.signal });
  },
};

async function patchNode({ world }: Scene, node: string, unschedulable: true | null): Promise<void> {
  await world.admin.patch(`${nodes}/${node}`, { spec: { unschedulable } }, { signal: world.signal });
}

type Annotations = Record<string, string | null>;

async function annotateNode({ world }: Scene, node: string, annotations: Annotations): Promise<void> {
  await world.admin.patch(`${nodes}/${node}`, { metadata: { annotations } }, { signal: world.signal });
}

async function annotateLease({ world }: Pick<Scene, "world">, annotations: Annotations): Promise<void> {
  await world.admin.patch(`${leases}/rebootd`, { metadata: { annotations } }, { signal: world.signal });
}

function lockOf({ server }: SmallWorld): string | undefined {
  return lockIn(server.stored("leases.coordination.k8s.io", "kube-system/rebootd"));
}

/** As `rebootd lock` and `rebootd unlock` do it. */
async function doByHand(
  { admin: api, time, signal }: SmallWorld,
  deed: (lock: LockValue) => ByHand,
): Promise<unknown> {
  const place = { kind: "lease", ...defaultLock } as const;
  const carrier = createLockCarrier({ api, clock: time.clock, random: seeded(1), place });
  return await carrier.swap(({ lock, unlocked: before }) => {
    const { change, unlocked = [] } = deed(lock);
    return { ...(change && { lock: change }), unlocked: [...before, ...unlocked] };
  }, signal);
}

/** A person asks for the reboot of each node that was given up or rests after failures, as long as it needs one. */
export async function askAgain(scene: Scene): Promise<void> {
  const { world, promises } = scene;
  for (const { name, hasFile } of world.machines) {
    const { phase, failures = 0, reasons = [] } = recordIn(world.server.stored("nodes", name));
    const isStuck = (phase === "Failed" && failures > 0) || reasons.some(({ gate }) => gate === "rest");
    const isNeeded = hasFile(sentinelFile);
    if (!isStuck || !isNeeded || world.server.stored("nodes", name) === undefined) continue;
    await annotateNode(scene, name, { [requestedAnnotation]: `again at ${world.time.clock.wall()}` });
    promises.forgetNeed(name);
  }
}

/** Also those that a backup has brought back. */
export async function endPauses(scene: Scene): Promise<void> {
  await annotateLease(scene, { [pausedAnnotation]: null });
  for (const { name } of scene.world.machines) {
    if (scene.world.server.stored("nodes", name) !== undefined)
      await annotateNode(scene, name, { [pausedAnnotation]: null });
  }
}

/** As `rebootd resume` does it. */
export async function resume(world: SmallWorld): Promise<void> {
  const lease = world.server.stored("leases.coordination.k8s.io", "kube-system/rebootd");
  if (lease?.metadata.annotations?.["rebootd.dev/failures"] === undefined) return;
  await annotateLease({ world }, { "rebootd.dev/failures": null });
}

/** For people: what happens. */
export function tell({ at: _, once, ...trouble }: Trouble): string {
  const when = once === undefined ? "" : `while ${once.node} is ${once.phase}: `;
  const words = Object.values(trouble).map((one) => (typeof one === "string" ? one : JSON.stringify(one)));
  return when + words.join(" ");
}
