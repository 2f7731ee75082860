import { fields } from "../../kubernetes/api/object.ts";
import { parsed } from "../../promises/eyes.ts";
import type { AdversaryKind, AdversaryTrouble } from "./adversary.ts";
import { annotateLock, annotateNode } from "./by-hand.ts";
import type { Action } from "./scene.ts";

const record = "rebootd.dev/cycle";
const wishes = { requested: "rebootd.dev/reboot-requested", priority: "rebootd.dev/priority" };

export const adversaryActions: { [K in AdversaryKind]: Action<Extract<AdversaryTrouble, { kind: K }>> } = {
  async "forged-record"({ node, forged, restart }, scene) {
    const { world, promises } = scene;
    const stored = world.server.stored("nodes", node);
    if (stored === undefined) return undefined;
    const now = fields(parsed(stored.metadata.annotations?.[record]));
    const value =
      typeof forged === "string"
        ? forged
        : JSON.stringify({ ...now, ...atTimes(forged, world.time.clock.wall()) });
    promises.onForged(node);
    await annotateNode(scene, node, { [record]: value });
    if (restart) world.node(node).crashDaemon();
    return undefined;
  },
  async "forged-lock"({ annotation, value }, scene) {
    const { world, lock, promises } = scene;
    const name = annotation === "lock" ? lock.place.annotation : `rebootd.dev/${annotation}`;
    const valueNow = () => world.server.stored(lock.resource, lock.key)?.metadata.annotations?.[name];
    if (annotation === "unlocked") for (const { name } of world.machines) promises.takenAway(name);
    await annotateLock(scene, { [name]: value });
    return async () => {
      if (valueNow() === value) await annotateLock(scene, { [name]: null });
    };
  },
  async "hostile-pod"({ node, pod: { spec, ...metadata } }, { world: { api, server, signal }, random }) {
    const name = `hostile-${Math.floor(random() * 1e9)}`;
    const pods = "/api/v1/namespaces/default/pods";
    const container = { name: "main", image: "evil:1" };
    await api.create(
      pods,
      { metadata: { name, ...metadata }, spec: { nodeName: node, containers: [container], ...spec } },
      { signal },
    );
    return async () => {
      if (server.stored("pods", `default/${name}`) === undefined) return;
      await api.patch(`${pods}/${name}`, { metadata: { finalizers: null } }, { signal });
      if (server.stored("pods", `default/${name}`) === undefined) return;
      await api.delete(`${pods}/${name}`, { gracePeriodSeconds: 0 }, { signal });
    };
  },
  "endless-wishes"({ node, priority, request, every }, scene) {
    const { world, promises, later } = scene;
    let times = 0;
    let isOver = false;
    const wish = async () => {
      if (isOver) return;
      later(every, wish);
      times += 1;
      promises.forgetNeed(node);
      const requested = `${request}${times}`;
      await annotateNode(scene, node, { [wishes.requested]: requested, [wishes.priority]: priority });
    };
    later(0, wish);
    return async () => {
      isOver = true;
      await annotateNode(scene, node, { [wishes.requested]: null, [wishes.priority]: null });
      // What was asked for may be on its way.
      if (world.machine(node).isUp) promises.forgetNeed(node);
    };
  },
};

/** With its times as the server has them. */
function atTimes(forged: Record<string, unknown>, now: number): object {
  const asTime = (value: unknown) =>
    typeof value === "number" ? new Date(now + value * 1000).toISOString() : value;
  const { since, askedAt, outcome, ...others } = forged;
  return {
    ...others,
    ...(since !== undefined && { since: asTime(since) }),
    ...(askedAt !== undefined && { askedAt: asTime(askedAt) }),
    ...(outcome !== undefined && { outcome: { ...fields(outcome), at: asTime(fields(outcome)["at"]) } }),
  };
}
