/**
 * Troubles of a world that is not kind: writes that take effect after their client has given up, clocks that are set, machines
 * that stand still or take their time to go down, refusals for good, backups that are restored.
 *
 * What is assumed of the API server: a GET of one object without a version answers with a state that is at least as new as the
 * moment at which it was asked, however late the answer arrives. Watches may lag behind, one more than the other.
 */
import type { RawOptions } from "../../../daemon/config/options.ts";
import type { FaultEffect } from "../../cluster/api/server.ts";
import { lateWrites, quietWatches, slowAnswers, strippedRecords } from "./network.ts";
import type { Scene } from "./troubles.ts";

export type HarshTrouble =
  /** A part of its writes take effect half a minute and more after they were sent, in any order. */
  | { kind: "late-writes"; node: string; probability: number; for: number }
  | { kind: "slow-answers"; node: string; mostMs: number; for: number }
  /** As behind another API server, whose cache is not fed. */
  | { kind: "lagging-watch"; node: string; delayMs: number; for: number }
  | { kind: "quiet-watch"; node: string; shows: "nothing" | "bookmarks"; for: number }
  | { kind: "refused"; node: string; verb: string; resource: string; effect: FaultEffect; for: number }
  /** Its host pauses it; its clock is set right when it goes on, or a minute later. */
  | { kind: "suspended"; node: string; isSetRight: boolean; for: number }
  | { kind: "clock-set"; node: string; ms: number }
  | { kind: "slow-shutdown"; node: string; shutdownSeconds: number; for: number }
  /** Somebody else than its daemon has it reboot. */
  | { kind: "shut-down"; node: string }
  /** All processes start anew under the same boot ID: a snapshot, or a soft reboot. */
  | { kind: "restarted"; node: string }
  /** So many seconds later these objects are as they were now. */
  | { kind: "restored"; leases: boolean; nodes: boolean; after: number }
  /** All daemons are told to use another lock, one after the other; and the first one again at the end. */
  | { kind: "lock-moved"; options: RawOptions; every: number; for: number }
  | { kind: "second-daemon"; node: string; lock: "same" | "other"; for: number }
  | { kind: "outage"; for: number }
  /** A version of the daemon that does not know of newer fields of the record. */
  | { kind: "old-version"; node: string; for: number };

export type HarshKind = HarshTrouble["kind"];

type Undo = (() => unknown) | undefined;
type Deed<T> = (trouble: T, scene: Scene) => Undo | Promise<Undo>;

const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
export const otherLock = "other-lock";

export const harshDeeds: { [K in HarshKind]: Deed<Extract<HarshTrouble, { kind: K }>> } = {
  "late-writes": ({ node, probability }, { world, interference, random }) =>
    interference.lay(node, lateWrites(world, probability, random)),
  "slow-answers"({ node, mostMs, for: seconds }, { world, promises, interference, random }) {
    // What it checks is as old as the answers are slow.
    promises.disturb(node, seconds * 1000);
    return interference.lay(node, slowAnswers(world, mostMs, random));
  },
  "lagging-watch"({ node, delayMs }, { world }) {
    const fault = world.server.faults.add({
      match: { user: `rebootd:${node}` },
      effect: { watchDelayMs: delayMs },
    });
    return () => fault.remove();
  },
  "quiet-watch"({ node, shows }, { world, interference }) {
    const end = interference.lay(node, quietWatches(shows));
    world.server.cutWatches();
    return () => {
      end();
      world.server.cutWatches();
    };
  },
  refused({ node, verb, resource, effect }, { world }) {
    const fault = world.server.faults.add({ match: { user: `rebootd:${node}`, verb, resource }, effect });
    return () => fault.remove();
  },
  suspended({ node, isSetRight }, { world, promises, later }) {
    const clock = world.clockOf(node);
    clock.suspend();
    return () => {
      promises.disturb(node);
      const stoodMs = clock.resume();
      if (isSetRight) clock.step(stoodMs);
      else later(60, () => clock.step(stoodMs));
    };
  },
  "clock-set"({ node, ms }, { world, promises }) {
    promises.disturb(node);
    world.clockOf(node).step(ms);
    return undefined;
  },
  "slow-shutdown"({ node, shutdownSeconds }, { world }) {
    const { behaviour } = world.machine(node);
    behaviour.shutdownMs = shutdownSeconds * 1000;
    return () => {
      behaviour.shutdownMs = 0;
    };
  },
  "shut-down"({ node }, { world }) {
    world.machine(node).shutDown();
    return undefined;
  },
  restarted({ node }, { world }) {
    world.machine(node).restart();
    return undefined;
  },
  restored({ leases, nodes, after }, { world: { server }, promises, later }) {
    const resources = [...(leases ? ["leases.coordination.k8s.io"] : []), ...(nodes ? ["nodes"] : [])];
    const versions = Object.fromEntries(resources.map((one) => [one, server.versionOf(one)]));
    later(after, () => {
      promises.disturb();
      server.restore(versions);
    });
    return undefined;
  },
  async "lock-moved"({ options, every, for: seconds }, scene) {
    await makeOtherLock(scene);
    // A pause beside the one lock says nothing to those that use the other.
    for (const { name } of scene.world.machines) scene.promises.disturb(name, seconds * 1000);
    tellAll(scene, { ...options, "lock-object": `lease/${otherLock}` }, every);
    return () => tellAll(scene, options, every);
  },
  async "second-daemon"({ node, lock, for: seconds }, scene) {
    const { world, options } = scene;
    if (lock === "same") return world.runSecondDaemon(node, options);
    await makeOtherLock(scene);
    scene.promises.disturb(node, seconds * 1000);
    return world.runSecondDaemon(node, { ...options, "lock-object": `lease/${otherLock}` });
  },
  outage(_, { world, promises }) {
    world.setAway("outage", true);
    return () => {
      for (const { name } of world.machines) promises.disturb(name);
      world.setAway("outage", false);
    };
  },
  "old-version": ({ node }, { interference }) =>
    interference.lay(node, strippedRecords(["askedAt", "lock", "withdrawals"])),
};

async function makeOtherLock({ world }: Scene): Promise<void> {
  if (world.server.stored("leases.coordination.k8s.io", `kube-system/${otherLock}`) !== undefined) return;
  const body = { metadata: { name: otherLock }, spec: {} };
  await world.admin.create(leases, body, { signal: world.signal });
}

function tellAll({ world, settings, later }: Scene, options: RawOptions, every: number): void {
  for (const [index, { name }] of world.machines.entries()) {
    later(index * every, () => {
      settings.change(name, options, world.time.clock.wall());
      world.restartDaemon(name, options);
    });
  }
}
