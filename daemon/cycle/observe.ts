/** One look for a decision: how each fact is gathered, and what this process learns from it. */
import { parseRequest } from "../annotations/reboot-request.ts";
import type { Asked } from "../gates/evaluate.ts";
import type { Stage } from "../gates/gate.ts";
import type { LockFacts } from "../lock/facts.ts";
import { ageMs, type Moments, momentsOf, onTheWall } from "../time/both-clocks.ts";
import type { Action } from "./decision.ts";
import { waitableMs } from "./lately.ts";
import { type NodeRead, readNode } from "./node.ts";
import type { NodeFacts, Observation, UserspaceSeen } from "./observation.ts";
import { adopt, type CycleParts, nodeUid, waitingOf } from "./parts.ts";
import type { CycleRecord } from "./record.ts";
import { requestedOn, withRequest } from "./request.ts";
import { rehearse } from "./save.ts";

export type Look = Extract<Action, { do: "look" }>;

/** The result of a look: an addition to the observation. */
export interface Found {
  seen: Partial<Observation>;
  /** The answer is from a request before this pass, which makes the pass older. */
  asked?: Moments;
  /**
   * The Node may be another one since: it is enough to wait on, until this moment of `clock.elapsed()`, and for
   * nothing else.
   */
  waitableUntil?: number;
}

/** Gathers everything that is known without a request. */
export async function observe(
  parts: CycleParts,
  record: CycleRecord,
): Promise<{ seen: Observation; asked?: Moments }> {
  const { ports, memory, evidence, setbacks, slot, turn, reports } = parts;
  const mayHoldSlot = slot.mayBeHeld();
  const bootID = await ports.readBootID();
  evidence.add({ type: "boot-read", bootID });
  const now = momentsOf(ports.clock);
  const { ask, isDrained, isRehearsed, readySince, neededSince, unreachableBeforeMs } = evidence.now();
  const wallOf = (moment: number | undefined) => (moment === undefined ? undefined : onTheWall(moment, now));
  const seen: Observation = {
    bootID,
    drain: parts.drain.state(),
    ask,
    isDrained,
    readySince: wallOf(readySince),
    neededSince: wallOf(neededSince),
    mayHoldSlot,
    turn: turn?.claim() ?? true,
    unreachableMs: ports.unreachableMs() - unreachableBeforeMs,
    reportCount: reports.within(60_000),
    rewordAt: reports.rewordAt(),
    setbacks: setbacks.shown(now.wall),
    refused: setbacks.refusal("save"),
    // A person who only looks may have other rights than the daemon.
    isRehearsed: turn === undefined || isRehearsed,
    unanswered: memory.unanswered(),
    paused: memory.node()?.paused,
    known: knownOf(memory, wallOf),
  };
  // Others are known to have all slots.
  const lock = mayHoldSlot ? undefined : turn?.refused();
  if (lock !== undefined) return { seen: { ...seen, lock } };
  const believed = mayHoldSlot ? slot.believed(record, ask, ports.policy.gateRecheckMs) : undefined;
  if (believed === undefined) return { seen };
  const found = { seen: { ...seen, lock: believed.facts } };
  return believed.isBasis ? { ...found, asked: believed.asked } : found;
}

function knownOf(
  memory: CycleParts["memory"],
  wallOf: (moment: number | undefined) => number | undefined,
): Observation["known"] {
  const facts = memory.node();
  return facts && { facts, changedSince: wallOf(memory.changedSince()?.elapsed) };
}

/**
 * Undefined where the Node carries another record than was thought: all is to be looked at again. `mayWait`: what is
 * enough to wait on is enough.
 */
export async function lookAt(
  parts: CycleParts,
  look: Look,
  { record, seen, mayWait }: { record: CycleRecord; seen: Observation; mayWait: boolean },
  signal: AbortSignal,
): Promise<Found | undefined> {
  const { ports, memory, turn } = parts;
  switch (look.at) {
    case "need":
      return await lookAtNeed(parts, record, signal);
    case "gates": {
      const { stage } = look;
      const answers = await ports.checkGates(askedOf(parts, record, stage, seen), signal, turn && parts.wake);
      return { seen: { gates: { openSince: seen.gates?.openSince, ...answers, stage } } };
    }
    case "lock": {
      const lock = await readLock(parts, seen.turn, signal);
      return { seen: { lock, mayHoldSlot: parts.slot.mayBeHeld() } };
    }
    case "node":
      return (mayWait ? nodeToWaitOn(parts, record, seen) : undefined) ?? (await lookAtNode(parts, signal));
    case "pods":
      return { seen: { ownPods: await parts.pods(record, memory.node()?.labels, signal) } };
    case "before job":
      return { seen: { beforeJob: await parts.jobs.look("before", record, nodeUid(parts), signal) } };
    case "after job":
      return { seen: { afterJob: await parts.jobs.look("after", record, nodeUid(parts), signal) } };
    case "shutdown":
      return { seen: { shutdown: await lookAtShutdown(parts, signal) } };
    case "userspace":
      return { seen: { userspace: await lookAtUserspace(parts, signal) } };
    case "rehearsal":
      if (typeof seen.node === "object") await rehearse(parts, record, seen.node, signal);
      return { seen: { isRehearsed: true } };
    default:
      return look satisfies never;
  }
}

/** The record from memory where that is sure, else from the Node. */
export async function knownRecord(parts: CycleParts, signal: AbortSignal): Promise<CycleRecord> {
  const { ports, memory, setbacks } = parts;
  const record = memory.record();
  if (record !== undefined) return record;
  return await setbacks.attempt("look at the node", async () => {
    const asked = momentsOf(ports.clock);
    const read = await readNode(ports.api, ports.nodeName, signal);
    if (read === undefined)
      throw new Error(`the cluster has no Node named ${ports.nodeName}; is --node-id right?`);
    return learn(parts, read, asked);
  });
}

function learn(parts: CycleParts, read: NodeRead, asked: Moments): CycleRecord {
  const record = parts.memory.learn(read, asked);
  adopt(parts, record);
  return record;
}

async function lookAtNeed(
  { ports, memory, evidence }: CycleParts,
  { phase }: CycleRecord,
  signal: AbortSignal,
): Promise<Found> {
  const host = await ports.need.check(phase === "Rebooting", signal);
  const need = withRequest(host, requestedOn(memory.node(), ports.policy.marks.requestLabel));
  evidence.add({ type: "need-checked", need, at: ports.clock.elapsed() });
  return { seen: { need } };
}

function askedOf(
  { ports, memory, evidence }: CycleParts,
  { need, lastDrainMs, slowGraceSeconds, optOutsSince }: CycleRecord,
  stage: Stage,
  { lock }: Observation,
): Asked {
  const now = momentsOf(ports.clock);
  const node = memory.node();
  const { neededSince } = evidence.now();
  const knownSince = neededSince === undefined ? now.wall : onTheWall(neededSince, now);
  return {
    stage,
    paused: node?.paused,
    approved: node?.approved,
    labels: node?.labels ?? {},
    lastDrainMs,
    slowGraceSeconds,
    optOutsSince: optOutsSince === undefined ? undefined : Date.parse(optOutsSince),
    neededSince: need === undefined ? knownSince : Date.parse(need.since),
    urgent: parseRequest(node?.requested)?.urgent === true,
    isLockFull: lock?.refusal !== undefined && !lock.held,
  };
}

async function readLock(parts: CycleParts, isTurn: boolean, signal: AbortSignal): Promise<LockFacts> {
  const asked = momentsOf(parts.ports.clock);
  const facts = await parts.ports.lock.read(waitingOf(parts), isTurn, signal);
  parts.slot.learn(facts, asked);
  return facts;
}

function nodeToWaitOn(parts: CycleParts, record: CycleRecord, seen: Observation): Found | undefined {
  const { ports, memory } = parts;
  const known = memory.lately();
  if (known === undefined) return undefined;
  const forMs = waitableMs(record, known, seen, ports.policy);
  if (ageMs(known.asked, momentsOf(ports.clock)) >= forMs) return undefined;
  return { ...seeNode(parts, known.facts), asked: known.asked, waitableUntil: known.asked.elapsed + forMs };
}

async function lookAtNode(parts: CycleParts, signal: AbortSignal): Promise<Found | undefined> {
  const { ports, memory } = parts;
  const known = memory.justNow();
  if (known !== undefined) return { ...seeNode(parts, known.facts), asked: known.asked };
  const asked = momentsOf(ports.clock);
  const read = await readNode(ports.api, ports.nodeName, signal);
  if (read === undefined) return { seen: { node: "gone" } };
  const isSame = memory.carriesTheSame(read);
  learn(parts, read, asked);
  return isSame ? seeNode(parts, read.facts) : undefined;
}

function seeNode({ ports, evidence }: CycleParts, node: NodeFacts): Found {
  const now = momentsOf(ports.clock);
  evidence.add({ type: "node-read", node, at: now.elapsed });
  const { readySince } = evidence.now();
  return {
    seen: { node, readySince: readySince === undefined ? undefined : onTheWall(readySince, now) },
  };
}

async function lookAtUserspace({ ports, evidence }: CycleParts, signal: AbortSignal): Promise<UserspaceSeen> {
  let userspace: UserspaceSeen;
  try {
    const { softReboots, ageMs } = await ports.readUserspace(signal);
    userspace = { state: "seen", softReboots, since: ports.clock.wall() - ageMs };
  } catch (error) {
    signal.throwIfAborted();
    userspace = { state: "unknown", why: (error as Error).message };
  }
  evidence.add({ type: "userspace-seen", userspace });
  return userspace;
}

async function lookAtShutdown(
  { ports }: CycleParts,
  signal: AbortSignal,
): Promise<NonNullable<Observation["shutdown"]>> {
  try {
    return (await ports.isShuttingDown(signal)) ? "under-way" : "none";
  } catch {
    signal.throwIfAborted();
    return "unknown";
  }
}
