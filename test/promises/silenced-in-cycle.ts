/** P2 for silences: each is about its own node, ends with the cycle, and is one; those of people stay. */
import type { KubeObject } from "../kubernetes/api/object.ts";
import type { AlertmanagerModel, StoredSilence } from "../silence/alertmanager.ts";
import { recordIn } from "./eyes.ts";

export interface SilencedWorld {
  now(): number;
  nodes(): readonly string[];
  stored(node: string): KubeObject | undefined;
  /** How many daemons the node has, or had a while ago. */
  daemonsOf(node: string): number;
  /** Infinity where its daemon does not run. */
  runningSince(node: string): number;
  isUndisturbed(node: string, forMs: number): boolean;
  violate(promise: string, message: string): void;
}

const minuteMs = 60_000;
const lastsMaxMs = (4 * 60 + 5) * minuteMs;
/** Five minutes, the longest back-off after Alertmanager was away, and some for a daemon that is late. */
const endsWithinMs = 13 * minuteMs;
const inCycle = new Set(["Draining", "Rebooting", "Returning"]);

const isOurs = ({ createdBy }: StoredSilence) => createdBy === "rebootd";
const hits = ({ matchers }: StoredSilence, node: string) =>
  matchers.every(({ name, value, isRegex, isEqual }) => {
    const found = { node, alertname: "Storm" }[name] ?? "";
    return (isRegex ? new RegExp(`^(?:${value})$`).test(found) : found === value) === isEqual;
  });

export function watchSilences(alertmanager: AlertmanagerModel, world: SilencedWorld) {
  const { now, nodes, violate } = world;
  const restSince = new Map<string, number>();
  let answeringSince = now();
  let asking: string | undefined;

  alertmanager.onChange = (after, before) => {
    const writer = asking;
    if (writer === undefined) return;
    const other = [...nodes(), `${writer}0`, `${writer}.x`].find(
      (name) => name !== writer && hits(after, name),
    );
    if (other !== undefined)
      violate("a silence is about one node", `that of ${writer} hides alerts of ${other}`);
    if (after.endsAt - after.startsAt > lastsMaxMs)
      violate("a silence lasts 4 hours at most", `that of ${writer} lasts until ${after.endsAt}`);
    if (before !== undefined && !isOurs(before))
      violate("silences of people are left alone", `${writer} has changed one of ${before.createdBy}`);
    const beside = alertmanager
      .active()
      .filter((one) => isOurs(one) && one.id !== after.id && hits(one, writer));
    if (before === undefined && beside.length > 0 && world.daemonsOf(writer) <= 1)
      violate("a node has one silence", `${writer} creates one beside ${beside.length}`);
  };

  function followRest(name: string): void {
    const node = world.stored(name);
    const isAtRest = node !== undefined && !inCycle.has(recordIn(node).phase ?? "Idle");
    if (!isAtRest) restSince.delete(name);
    else if (!restSince.has(name)) restSince.set(name, now());
  }

  function checkEnd(name: string): void {
    followRest(name);
    const since = Math.max(restSince.get(name) ?? now(), answeringSince, world.runningSince(name));
    if (now() - since < endsWithinMs || !world.isUndisturbed(name, endsWithinMs)) return;
    const left = alertmanager.active().find((one) => isOurs(one) && hits(one, name));
    if (left !== undefined)
      violate("a silence ends with its cycle", `${name} is at rest, and there is: ${left.comment}`);
  }

  return {
    /** The node's daemon makes a request, which is answered at once. */
    asks(node: string): void {
      asking = node;
      queueMicrotask(() => {
        asking = undefined;
      });
    },
    /** To be called after each change of the Node: a cycle may be shorter than the time between two ticks. */
    onNode: followRest,
    tick(): void {
      if (alertmanager.fault !== undefined) answeringSince = now();
      for (const name of nodes()) checkEnd(name);
    },
  };
}
