/** One node's decisions at one moment, by the code that decides in the daemon. */
import assert from "node:assert/strict";
import { parseRequest } from "../annotations/reboot-request.ts";
import { decide } from "../cycle/decide.ts";
import type { Action, Decision } from "../cycle/decision.ts";
import { keepsDrain } from "../cycle/evidence.ts";
import type { NodeChange } from "../cycle/marks.ts";
import { requestsOn } from "../cycle/node.ts";
import type { Observation } from "../cycle/observation.ts";
import { type CycleRecord, isAtRest } from "../cycle/record.ts";
import { requestedOn, withRequest } from "../cycle/request.ts";
import type { DrainState } from "../drain/state.ts";
import { planAcquire, planReenter, planRelease } from "../lock/changes.ts";
import { factsOf, type LockFacts, type Question } from "../lock/facts.ts";
import type { Waiting } from "../lock/limits.ts";
import { type LockObjectChange, stateAfter } from "../lock/lock-object.ts";
import type { Cluster } from "./cluster.ts";
import { answersAt } from "./daemons.ts";
import { advance, nextChange, type VirtualNode } from "./node.ts";

type Wait = Extract<Action, { do: "wait" }>;
type Look = Extract<Action, { do: "look" }>;
export type Waited = Decision & { action: Wait };

/** A whole cycle has a few dozen. */
const decisionsMax = 200;

/** Decides and acts until the node waits. Answers with that decision; `node.wakeAt` is when there may be another. */
export function pass(cluster: Cluster, node: VirtualNode, now: number, turn: boolean): Waited {
  bringUpTo(cluster, node, now);
  for (let left = decisionsMax; left > 0; left -= 1) {
    const decision = decideOnce(cluster, node, now, turn);
    const { action } = decision;
    if (action.do === "wait") {
      const laterAt = Math.min(action.until ?? Number.POSITIVE_INFINITY, nextChange(node, now));
      // The waiting list knows when there is a slot.
      node.wakeAt = action.slot === true ? now : laterAt;
      return { ...decision, action };
    }
    act(cluster, node, action, now);
    bringUpTo(cluster, node, now);
  }
  return assert.fail(
    `${node.name} finds no rest at ${new Date(now).toISOString()}: this is a bug in rebootd`,
  );
}

function bringUpTo(cluster: Cluster, node: VirtualNode, now: number): void {
  const { facts } = node;
  advance(node, now);
  if (node.facts !== facts) cluster.changed(node);
}

type Doing = Exclude<Action, Wait | Look>;

function decideOnce(cluster: Cluster, node: VirtualNode, now: number, turn: boolean) {
  let seen = observationOf(cluster, node, now, turn);
  for (let left = decisionsMax; left > 0; left -= 1) {
    const decision = decide(node.record, seen, node.daemon.policy, now);
    const { action } = decision;
    if (action.do !== "look") return { ...decision, action };
    seen = { ...seen, ...lookAt(cluster, node, action, seen, now) };
  }
  return assert.fail(`${node.name} looks for ever: this is a bug in rebootd`);
}

function observationOf(cluster: Cluster, node: VirtualNode, now: number, turn: boolean): Observation {
  const { record, bootID, drainedAt, readyAt, facts } = node;
  return {
    bootID,
    drain: drainOf(node, now),
    isDrained: drainedAt !== undefined && drainedAt <= now,
    readySince: readyAt !== undefined && readyAt <= now ? readyAt : undefined,
    mayHoldSlot: cluster.isNamed(node.name),
    turn,
    unreachableMs: 0,
    reportCount: 0,
    setbacks: {},
    isRehearsed: true,
    paused: facts.paused,
    known: { facts },
    neededSince: record.need === undefined ? now : Date.parse(record.need.since),
  };
}

function drainOf({ record, drainedAt }: VirtualNode, now: number): DrainState {
  if (drainedAt === undefined || record.phase !== "Draining") return { state: "none" };
  if (drainedAt <= now) return { state: "done", at: drainedAt };
  return {
    state: "running",
    isListed: true,
    podsLeft: 1,
    left: {},
    blocked: [],
    heldUp: [],
    trouble: undefined,
    slowGraceSeconds: undefined,
  };
}

function lookAt(
  cluster: Cluster,
  node: VirtualNode,
  look: Look,
  seen: Observation,
  now: number,
): Partial<Observation> {
  const { facts, record, daemon, closed } = node;
  switch (look.at) {
    case "need":
      return { need: withRequest(node.host, requestedOn(facts, daemon.policy.marks.requestLabel)) };
    case "gates": {
      const { stage } = look;
      const { need, lastDrainMs, slowGraceSeconds } = record;
      const neededSince = need === undefined ? now : Date.parse(need.since);
      const own = {
        paused: facts.paused,
        approved: facts.approved,
        labels: facts.labels,
        lastDrainMs,
        slowGraceSeconds,
      };
      const urgent = parseRequest(facts.requested)?.urgent === true;
      const answers = answersAt(daemon, closed, { now, stage, neededSince, ...own }, urgent);
      return { gates: { openSince: seen.gates?.openSince, ...answers, stage } };
    }
    case "lock":
      return { lock: lockFacts(cluster, node, now) };
    case "node":
      return { node: facts };
    case "pods":
      return { ownPods: { state: "seen", ready: [], unready: [] } };
    case "shutdown":
      // A machine that does not come back is not seen to be up.
      return { shutdown: node.bootAt === Number.POSITIVE_INFINITY ? "under-way" : "none" };
    case "userspace":
      // Each reboot of the forecast is a new boot ID, whatever its kind.
      return { userspace: { state: "seen", softReboots: node.record.softReboots ?? 0, since: 0 } };
    case "before job":
      return { beforeJob: { state: "complete", job: "" } };
    case "after job":
      return { afterJob: { state: "complete", job: "" } };
    case "rehearsal":
      return { isRehearsed: true };
    default:
      return look satisfies never;
  }
}

/** This node, as the lock is to know it. */
export function waitingOf({ name, facts, record, bootID }: VirtualNode): Waiting {
  return {
    identity: { name, uid: facts.uid },
    bootID: isAtRest(record) ? bootID : record.bootID,
    labels: facts.labels,
    priority: facts.priority,
    leftAt: record.leftAt,
    neededSince: record.need?.since,
  };
}

export function questionOf(cluster: Cluster, node: VirtualNode): Question {
  const { limits, haltAfter } = node.daemon;
  const waiting = waitingOf(node);
  return { state: cluster.lock(), waiting, view: cluster.viewFor(node), limits, haltAfter };
}

/** Others do not hold back a node that is in, so only its own entries count; there may be hundreds. */
function lockFacts(cluster: Cluster, node: VirtualNode, now: number): LockFacts {
  const state = cluster.lock();
  if (isAtRest(node.record) || state.lock.state === "unreadable")
    return factsOf(questionOf(cluster, node), now);
  const { limits, haltAfter } = node.daemon;
  const question = { waiting: waitingOf(node), view: {}, limits, haltAfter };
  const lock = { ...state.lock, holders: cluster.entriesOf(node.name) };
  return factsOf({ ...question, state: { ...state, lock } }, now);
}

function act(cluster: Cluster, node: VirtualNode, action: Doing, now: number): void {
  const { ttlMs } = node.daemon;
  switch (action.do) {
    case "acquire": {
      const { unschedulable } = node.facts;
      const change = planAcquire(questionOf(cluster, node), { unschedulable, ttlMs }, now);
      write(cluster, node, change);
      if (change !== undefined) cluster.entered(node);
      break;
    }
    case "reenter":
      write(cluster, node, planReenter(questionOf(cluster, node), ttlMs, now));
      break;
    case "release": {
      const { limits, haltAfter } = node.daemon;
      const seen = cluster.entriesOf(node.name);
      const what = { name: node.name, seen, end: action.end, haltAfter, limits };
      write(cluster, node, planRelease(cluster.lock(), what, now));
      if (node.cycle !== undefined) node.cycle.endsAt ??= now;
      break;
    }
    case "save":
      save(cluster, node, action.record, action.change, now);
      break;
    case "drain":
      node.drainedAt = Math.max(now, action.cordonedAt + node.times.drainMs);
      break;
    case "run job":
      // Its time is not known; a look finds it complete.
      break;
    case "reboot":
      node.bootAt = now + node.times.bootMs;
      node.readyAt = node.bootAt + node.times.returnMs;
      save(cluster, node, action.record, {}, now);
      break;
    default:
      action satisfies never;
  }
}

function write(cluster: Cluster, { name }: VirtualNode, change: LockObjectChange | undefined): void {
  if (change !== undefined) cluster.setLock(stateAfter(cluster.lock(), change), name);
}

function save(cluster: Cluster, node: VirtualNode, next: CycleRecord, change: NodeChange, now: number): void {
  const before = node.record;
  // An empty node has led to the reboot.
  if (!keepsDrain(before, next) && next.phase !== "Rebooting") node.drainedAt = undefined;
  if (isAtRest(before) && next.phase === "Draining") node.cycle = { startsAt: now, isProved: false };
  if (next.phase === "Settling" && node.cycle !== undefined) node.cycle.isProved = true;
  node.record = next;
  node.facts = factsAfter(node.facts, change);
  cluster.changed(node);
}

function factsAfter(facts: VirtualNode["facts"], change: NodeChange): VirtualNode["facts"] {
  const { cordon, labels = {}, annotations = {}, taints = facts.taints } = change;
  // Hooks are true again at once.
  const hooks = (key: string) => facts.annotations[key] === "true";
  const kept = Object.entries(annotations).filter(([key]) => !hooks(key));
  const all = {
    labels: { ...facts.labels, ...labels },
    annotations: { ...facts.annotations, ...Object.fromEntries(kept) },
  };
  const metadata = { labels: without(all.labels), annotations: without(all.annotations) };
  return {
    ...facts,
    ...metadata,
    ...requestsOn(metadata),
    taints,
    ...(cordon !== undefined && { unschedulable: cordon === "set" }),
  };
}

/** Null removes a key. */
function without(values: Readonly<Record<string, string | null>>): Record<string, string> {
  const left = Object.entries(values).filter((one): one is [string, string] => one[1] !== null);
  return Object.fromEntries(left);
}
