import { contract } from "../../../daemon/annotations/names.ts";
import { lockByHand, unlockByHand } from "../../../daemon/lock/manual.ts";
import type { RequestFacts } from "../../kubernetes/api/server.ts";
import type { AdversaryKind } from "./adversary.ts";
import { adversaryActions } from "./adversary-actions.ts";
import type { AwayKind } from "./away.ts";
import { awayActions } from "./away-actions.ts";
import { annotateLock, annotateNode, doByHand, lockText, patchNode, takeSlotAway } from "./by-hand.ts";
import type { HarsherKind } from "./harsher.ts";
import { harsherActions } from "./harsher-actions.ts";
import { beginHookJob } from "./hook-job-actions.ts";
import { hostActions } from "./host-actions.ts";
import type { HostKind } from "./host-troubles.ts";
import { lockObject } from "./locks.ts";
import { optOutActions } from "./opt-out-actions.ts";
import { labelActions } from "./request-label-actions.ts";
import type { Trouble } from "./scenario.ts";
import type { Action, Scene, Undo } from "./scene.ts";
import { singleName } from "./single.ts";
import { softReboot } from "./soft-reboot-actions.ts";
import type { StorageTrouble } from "./storage.ts";
import { storageActions } from "./storage-actions.ts";

type Actions = {
  [K in Exclude<
    Trouble["kind"],
    | HarsherKind
    | AdversaryKind
    | HostKind
    | AwayKind
    | keyof typeof optOutActions
    | StorageTrouble["kind"]
    | keyof typeof labelActions
  >]: Action<Extract<Trouble, { kind: K }>>;
};

const nodes = "/api/v1/nodes";
const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";

/** Does it, and answers with what ends it; for what does not last, with nothing. */
export async function trouble(trouble: Trouble, scene: Scene): Promise<Undo> {
  const action = {
    ...actions,
    ...harsherActions,
    ...adversaryActions,
    ...hostActions,
    ...optOutActions,
    ...storageActions,
    ...awayActions,
    ...labelActions,
  }[trouble.kind] as Action<Trouble>;
  return await action(trouble, scene);
}

const actions: Actions = {
  "soft-reboot": softReboot,
  "hook-job": beginHookJob,
  want({ node }, { world }) {
    if (world.machine(node).isUp) world.node(node).wantsReboot();
    return undefined;
  },
  unwant({ node }, { world }) {
    world.node(node).wantsNoReboot();
    return undefined;
  },
  stubborn({ node }, { world, stubborn }) {
    stubborn.add(node);
    world.node(node).wantsReboot();
    return () => stubborn.delete(node);
  },
  crash({ node }, { world }) {
    world.node(node).crashDaemon();
    return undefined;
  },
  "crash-at-write"({ node, skip, when }, { world, interference }) {
    interference.arm(node, { skip, when, act: () => world.node(node).crashDaemon() });
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
    world.setAway("a storm", true);
    return () => world.setAway("a storm", false);
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
    world.node(node).losesPower();
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
  async "lock-overwritten"({ value }, scene) {
    const { place } = scene.lock;
    await annotateLock(scene, { [place.annotation]: value });
    return async () => {
      if (lockText(scene) === value) await annotateLock(scene, { [place.annotation]: null });
    };
  },
  async "lock-by-hand"(_, scene) {
    const now = scene.world.time.clock.wall();
    await doByHand(scene, (lock) => lockByHand(lock, "a storm", now));
    return () => doByHand(scene, (lock) => unlockByHand(lock, "manual", scene.world.time.clock.wall()));
  },
  async "slot-taken-away"({ node }, scene) {
    await takeSlotAway(node, scene);
    return undefined;
  },
  async "lock-deleted"(_, { world, lock }) {
    await world.api.delete(`${lock.collection}/${lock.place.name}`, {}, { signal: world.signal });
    return async () => {
      // A daemon may have made a Lease anew.
      if (world.server.stored(lock.resource, lock.key) !== undefined) return;
      await world.api.create(lock.collection, lockObject(lock), { signal: world.signal });
    };
  },
  async "node-deleted"({ node }, { world }) {
    await world.api.delete(`${nodes}/${node}`, {}, { signal: world.signal });
    // A kubelet enters its node when it starts, not while it runs.
    return () => {
      if (world.server.stored("nodes", node) === undefined) world.node(node).losesPower();
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
    await annotateNode(scene, node, { [contract.paused.key]: "a storm" });
    return () => annotateNode(scene, node, { [contract.paused.key]: null });
  },
  async "all-paused"(_, scene) {
    await annotateLock(scene, { [contract.paused.key]: "a storm" });
    return () => annotateLock(scene, { [contract.paused.key]: null });
  },
  async requested({ node }, scene) {
    await annotateNode(scene, node, { [contract.request.key]: "a storm" });
    scene.promises.forgetNeed(node);
    return undefined;
  },
  async approved({ node, isTakenBack }, scene) {
    await annotateNode(scene, node, { [contract.approved.key]: isTakenBack ? null : "a storm" });
    return undefined;
  },
  "stuck-start"(_, { world }) {
    const isOfSingle = ({ name, user }: RequestFacts) =>
      user.startsWith("kubelet:") && name?.startsWith(`${singleName}-`) === true;
    const match = { resource: "pods", subresource: "status", where: isOfSingle };
    const fault = world.server.faults.add({ match, effect: { status: 500 } });
    return () => fault.remove();
  },
  alerts(_, { alerts }) {
    alerts.active = true;
    return () => {
      alerts.active = false;
    };
  },
  alertmanager({ fault }, { alertmanager }) {
    alertmanager.fault = fault;
    return () => {
      alertmanager.fault = undefined;
    };
  },
  "silences-expired"(_, { alertmanager }) {
    for (const { id } of alertmanager.active()) alertmanager.expire(id);
    return undefined;
  },
  async budget(_, { world }) {
    const spec = { maxUnavailable: 0, selector: { matchLabels: { app: "web" } } };
    const body = { metadata: { name: "web" }, spec };
    await world.api.create(budgets, body, { signal: world.signal });
    return () => world.api.delete(`${budgets}/web`, {}, { signal: world.signal });
  },
};

/** For people: what happens. */
export function tell({ at: _, once, ...trouble }: Trouble): string {
  const when = once === undefined ? "" : `while ${once.node} is ${once.phase}: `;
  const words = Object.values(trouble).map((one) => (typeof one === "string" ? one : JSON.stringify(one)));
  return when + words.join(" ");
}
