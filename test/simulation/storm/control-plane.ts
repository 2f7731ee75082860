import type { Random } from "../../../daemon/time/clock.ts";
import type { MachineEvent } from "../../kubernetes/machines/machine.ts";
import { podBrokenAnnotation, podStartAnnotation } from "../../kubernetes/machines/pods.ts";
import { isAnnotated } from "../../promises/eyes.ts";
import type { SmallWorld } from "../small-world.ts";

export const staticPods = ["etcd", "kube-apiserver"];
export type Members = 1 | 3;

/**
 * The members of etcd on the nodes of the control plane, and with them the API: one member takes it down with its machine,
 * three need a majority. A member is ready some time after its machine has booted, or never until somebody mends it.
 */
export interface ControlPlane {
  onMachineEvent(event: MachineEvent): void;
  /** From the next boot on this member takes so long to be ready; infinity for never. Answers how to mend it. */
  slowDown(node: string, seconds: number): Promise<() => Promise<void>>;
  /** It breaks while its machine runs, for so long. Answers how to mend it. */
  breakNow(node: string, seconds: number): Promise<() => Promise<void>>;
  /** Since when members are not ready; those that are, are not named. */
  missing(): ReadonlyMap<string, number>;
  readonly members: readonly string[];
}

const usualMs = 2000;
/** From when the one API server is stopped, beside its machine: before, with it, or when it comes back. */
const stopsWithin = 0.9;

export function createControlPlane(world: SmallWorld, members: Members, random: Random): ControlPlane {
  const names = Array.from({ length: members }, (_, index) => `n${index + 1}`);
  const { missingSince, lose, gain } = createQuorum(world, members);
  const startMs = new Map<string, number>();
  const broken = new Set<string>();
  const { timers } = world.time;

  function onBoot(node: string): void {
    const machine = world.machine(node);
    const boot = machine.boots.at(-1);
    // A mirror pod that was deleted with its Node is made anew, and so is what runs in it.
    const mirror = world.server.stored("pods", `kube-system/${staticPods[0]}-${node}`);
    if (!isAnnotated(mirror, podBrokenAnnotation)) broken.delete(node);
    if (!isAnnotated(mirror, podStartAnnotation)) startMs.delete(node);
    const ms = startMs.get(node) ?? (members === 1 ? 3000 + random() * random() * 200_000 : usualMs);
    if (!Number.isFinite(ms) || broken.has(node)) return;
    timers.setTimeout(() => {
      if (machine.boots.at(-1) === boot && machine.isUp) gain(node);
    }, ms);
  }

  return {
    members: names,
    missing: () => missingSince,
    onMachineEvent(event) {
      const { machine: node, type } = event;
      if (!names.includes(node)) return;
      if (type === "down") lose(node);
      // The containers of a machine that goes down are ended in no order: the API server may go before the daemon.
      if (type === "going-down" && members === 1) {
        const { shutdownMs } = world.machine(node).behaviour;
        timers.setTimeout(
          () => {
            if (world.machine(node).isGoingDown) lose(node);
          },
          shutdownMs * stopsWithin * random(),
        );
      }
      if (type === "booted" && world.machine(node).boots.length > 1) onBoot(node);
    },
    async breakNow(node, seconds) {
      await annotate(world, node, { [podBrokenAnnotation]: "true" });
      broken.add(node);
      if (world.machine(node).isUp) lose(node);
      const mend = async () => {
        // Without a majority there is no server that could be told: the member is there again first.
        if (broken.delete(node) && world.machine(node).isUp) gain(node);
        await annotate(world, node, { [podBrokenAnnotation]: null });
      };
      if (Number.isFinite(seconds)) timers.setTimeout(() => void mend().catch(() => {}), seconds * 1000);
      return mend;
    },
    async slowDown(node, seconds) {
      await annotate(world, node, {
        [podStartAnnotation]: Number.isFinite(seconds) ? String(seconds) : "never",
      });
      startMs.set(node, seconds * 1000);
      return async () => {
        startMs.delete(node);
        if (world.machine(node).isUp) gain(node);
        await removeMirrorPods(world, node);
      };
    },
  };
}

/** The members that are not ready; without a majority the API is away. */
function createQuorum(world: SmallWorld, members: Members) {
  const missingSince = new Map<string, number>();

  function look(): void {
    const ready = members - missingSince.size;
    world.setAway("etcd has no majority", ready < Math.floor(members / 2) + 1);
  }

  return {
    missingSince: missingSince as ReadonlyMap<string, number>,
    lose(node: string): void {
      if (!missingSince.has(node)) missingSince.set(node, world.time.clock.wall());
      look();
    },
    gain(node: string): void {
      missingSince.delete(node);
      look();
    },
  };
}

function pathsOfStaticPods(node: string): string[] {
  return staticPods.map((name) => `/api/v1/namespaces/kube-system/pods/${name}-${node}`);
}

async function annotate(
  { api, signal }: SmallWorld,
  node: string,
  annotations: Record<string, string | null>,
): Promise<void> {
  const patches = pathsOfStaticPods(node).map((path) =>
    api.patch(path, { metadata: { annotations } }, { signal }),
  );
  await Promise.all(patches);
}

/** A mirror pod that is made anew starts anew. */
async function removeMirrorPods({ api, signal }: SmallWorld, node: string): Promise<void> {
  for (const path of pathsOfStaticPods(node)) await api.delete(path, {}, { signal });
}
