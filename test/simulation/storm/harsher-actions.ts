import type { RawOptions } from "../../../daemon/config/settings.ts";
import { setLock } from "../../world/lock-place.ts";
import { startKured } from "../kured.ts";
import { takeSlotAway } from "./by-hand.ts";
import type { HarsherKind, HarsherTrouble } from "./harsher.ts";
import { lockObject, locks } from "./locks.ts";
import { asOtherVersion } from "./other-version.ts";
import type { Action, Scene } from "./scene.ts";

/** Whose clients list anew after a restore: they are started anew by whoever does it, as etcd's manual says. */
const restarted = (user: string) => !user.startsWith("rebootd:");

export const harsherActions: { [K in HarsherKind]: Action<Extract<HarsherTrouble, { kind: K }>> } = {
  "clock-step"({ node, ms }, { world }) {
    world.clockOf(node).step(ms);
    return undefined;
  },
  "wrong-at-boot"({ node, ms }, { world, onNextBoot, later }) {
    onNextBoot(node, () => {
      world.clockOf(node).step(ms);
      later(60, () => world.clockOf(node).step(-ms));
    });
    return undefined;
  },
  suspended({ node, skip, behind, isGivenUp, for: seconds }, scene) {
    const { world, later } = scene;
    const clock = world.clockOf(node);
    let isOver = false;
    const giveUp = () => (isOver ? undefined : takeSlotAway(node, scene));
    const suspend = () => {
      if (isOver) return;
      clock.suspend();
      if (isGivenUp) later(seconds / 4, giveUp);
    };
    // Once the request is on its way.
    scene.onRequest(node, skip, () => later(0, suspend));
    return () => {
      isOver = true;
      const behindMs = clock.resume();
      // With a clock of the host it is right from the first instruction on, and a machine that was given up has one.
      if (behind === 0 || scene.givenUp.delete(node)) clock.step(behindMs);
      else later(behind, () => clock.step(behindMs));
    };
  },
  "late-write"({ node, skip, seconds }, { interference, lateness, later }) {
    const inTime = lateness.begin(node);
    interference.arm(node, { skip, when: "late", seconds });
    later(seconds + 300, inTime);
    return undefined;
  },
  "slow-answers"({ node, probability }, { network, lateness }) {
    const inTime = lateness.begin(node);
    const hurry = network.slowDown(node, probability);
    return () => {
      hurry();
      inTime();
    };
  },
  "lagging-watch"({ node, seconds }, { world }) {
    const match = { verb: "watch", user: `rebootd:${node}` };
    const fault = world.server.faults.add({ match, effect: { watchDelayMs: seconds * 1000 } });
    return () => fault.remove();
  },
  "dull-watch"({ node, how }, { network, world }) {
    const end = network.dull(node, how);
    world.server.cutWatches();
    return () => {
      end();
      world.server.cutWatches();
    };
  },
  "frozen-watch"({ node }, { network }) {
    network.freeze(node);
    return undefined;
  },
  refused({ user, request, effect }, { world }) {
    const where = (facts: { user: string }) => user === undefined && facts.user.startsWith("rebootd:");
    const match = { ...request, ...(user === undefined ? { where } : { user }) };
    const fault = world.server.faults.add({ match: { subresource: "", ...match }, effect });
    return () => fault.remove();
  },
  restored({ resources, seconds }, { world: { server }, later, disturbances }) {
    const versions = Object.fromEntries(resources.map((name) => [name, server.versionOf(groupOf(name))]));
    later(seconds, () => {
      disturbances.begin()();
      const told = new Set<string>();
      // Each of the others is told once that it is to list anew.
      server.faults.add({
        match: {
          verb: "watch",
          where: ({ user, resource }) => {
            const isNews =
              restarted(user) && resources.includes(resource) && !told.has(`${user} ${resource}`);
            if (isNews) told.add(`${user} ${resource}`);
            return isNews;
          },
        },
        effect: { refusal: { code: 410, reason: "Expired", message: "etcd was restored" } },
      });
      server.restore(
        Object.fromEntries(Object.entries(versions).map(([name, version]) => [groupOf(name), version])),
      );
    });
    return undefined;
  },
  "slow-shutdown"({ node, seconds }, { world }) {
    const { behaviour } = world.machine(node);
    behaviour.shutdownMs = seconds * 1000;
    return () => {
      behaviour.shutdownMs = 0;
    };
  },
  "shut-down"({ node, seconds }, { world }) {
    const machine = world.machine(node);
    const { shutdownMs } = machine.behaviour;
    machine.behaviour.shutdownMs = seconds * 1000;
    machine.shutDown();
    return () => {
      machine.behaviour.shutdownMs = shutdownMs;
    };
  },
  restart({ node }, { world }) {
    world.machine(node).restart();
    return undefined;
  },
  "put-back"({ node }, { world, promises }) {
    const machine = world.machine(node);
    if (!machine.isUp || machine.boots.length < 2) return undefined;
    machine.putBack();
    machine.wantReboot();
    promises.forgetNeed(node);
    return undefined;
  },
  "second-daemon"({ node, lock }, { world, settings, options }) {
    const told = lock === "other" ? usingOtherLock(options) : options;
    const forget = settings.addSecond(node, told);
    const end = world.runSecondDaemon(node, told);
    return () => {
      end();
      forget(world.time.clock.wall());
    };
  },
  "lock-moved"({ every }, { world, settings, later, options }) {
    const moved = usingOtherLock(options);
    for (const [index, { name }] of world.machines.entries()) {
      later(index * every, () => {
        settings.change(name, moved, world.time.clock.wall());
        world.restartDaemon(name, moved);
      });
    }
    return undefined;
  },
  "lock-stripped"({ every }, { world, later, lock }) {
    let isOver = false;
    const strip = async () => {
      if (isOver) return;
      later(every, strip);
      const metadata = { annotations: { [lock.place.annotation]: null } };
      const path = `${lock.collection}/${lock.place.name}`;
      await world.api.patch(path, { metadata }, { signal: world.signal });
    };
    later(0, strip);
    return () => {
      isOver = true;
    };
  },
  kured({ node }, { world, random }) {
    let mayBegin = true;
    const daemonSet = `${locks.kured.collection}/${locks.kured.place.name}`;
    world.runBeside(node, `kured:${node}`, (api, clock) =>
      startKured({
        node,
        machine: world.machine(node),
        daemonSet,
        clock,
        api,
        random,
        mayBegin: () => mayBegin,
      }),
    );
    return () => {
      mayBegin = false;
    };
  },
  outage(_, { world }) {
    world.setAway("an outage", true);
    return () => world.setAway("an outage", false);
  },
  "other-version"({ node }, { world, network }) {
    const end = network.rewrite(node, asOtherVersion);
    world.node(node).crashDaemon();
    return () => {
      end();
      world.node(node).crashDaemon();
    };
  },
  "slow-etcd"({ node, seconds = Number.POSITIVE_INFINITY, isBroken }, { controlPlane }) {
    return isBroken ? controlPlane?.breakNow(node, seconds) : controlPlane?.slowDown(node, seconds);
  },
};

function groupOf(resource: string): string {
  return resource === "leases" ? "leases.coordination.k8s.io" : resource;
}

/** What has to be there before daemons are told to use it. */
export async function createLockObjects({ world }: Pick<Scene, "world">): Promise<void> {
  for (const lock of [locks.other, locks.kured]) {
    await world.api.create(lock.collection, lockObject(lock), { signal: world.signal });
  }
}

/** A person who moves the lock back empties the other one. */
export async function emptyOtherLock({ world }: Pick<Scene, "world">): Promise<void> {
  const { namespace, name, annotation } = locks.other.place;
  await setLock({ api: world.api, signal: world.signal }, { namespace, name, annotation }, null);
}

function usingOtherLock(options: RawOptions): RawOptions {
  const { "ds-name": _, "ds-namespace": __, ...rest } = options;
  return { ...rest, ...locks.other.options };
}
