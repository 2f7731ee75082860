import { backoffMs } from "../backoff.ts";
import type { Clock, Random } from "../clock.ts";
import type { Api } from "../cluster/api.ts";
import { type Metadata, paths } from "../cluster/objects.ts";
import { watchObject } from "../cluster/watch.ts";
import type { Drain } from "../drain/drain.ts";
import type { DrainState } from "../drain/state.ts";
import type { Stage } from "../gates/gate.ts";
import type { Asked, CheckGates } from "../gates/index.ts";
import type { NeedSource } from "../host/need.ts";
import type { Rebooter } from "../host/reboot/rebooter.ts";
import type { LockStore } from "../lock/store.ts";
import { createTurn, type Turn, type Waiter } from "../lock/turn.ts";
import { decide } from "./decide.ts";
import type { Action, Decision, Policy } from "./decision.ts";
import { type NodeRead, patchNode, readNode, wishesOn } from "./own-node.ts";
import { type CycleRecord, idleRecord, parseRecord, writeRecord } from "./record.ts";
import { parseRequest, withRequest } from "./request.ts";
import type { NodeFacts, Seen } from "./seen.ts";
import { createWake } from "./wake.ts";

/** What the loop stands on. */
export interface CyclePorts {
  nodeName: string;
  policy: Policy;
  /** At least this often the loop looks at everything, whatever was or was not reported to it. */
  periodMs: number;
  clock: Clock;
  random: Random;
  api: Api;
  lock: LockStore;
  need: NeedSource;
  readBootID: () => Promise<string>;
  checkGates: CheckGates;
  /** "namespace/name" of the pods of this node that are to be Ready after a reboot and are not. */
  listUnreadyPods: (signal: AbortSignal) => Promise<readonly string[]>;
  startDrain: (
    onChange: () => void,
    times: Pick<Extract<Action, { do: "drain" }>, "deadline" | "deleteAt">,
    signal: AbortSignal,
  ) => Drain;
  rebooter: Rebooter;
  report: CycleReport;
}

/** Told of everything; decides nothing. */
export interface CycleReport {
  decided(record: CycleRecord, seen: Seen, decision: Decision): void;
  phaseChanged(from: CycleRecord, to: CycleRecord, why: string): void;
  /** Entries of nodes that are gone were taken out of the lock. */
  orphansRemoved(nodes: readonly string[]): void;
  /** Something did not work; the loop goes on. */
  failed(what: string, error: unknown): void;
  /** The loop is alive if it reports again before this moment of `clock.elapsed()`. */
  expectedBy(time: number): void;
}

/** After an error everything is looked at anew, first soon, then less and less often. */
const errorRetry = { firstMs: 250, maxMs: 15_000 };
/** A pass makes a handful of requests, each with its own deadline; one that takes longer than this hangs. */
const passDeadlineMs = 5 * 60_000;
const waitGraceMs = 60_000;

/** Observes, decides, does one thing, reports, waits; until the signal ends it. Errors are reported, never thrown. */
export async function runCycle(ports: CyclePorts, signal: AbortSignal): Promise<void> {
  const { clock, random, report } = ports;
  const wake = createWake(clock);
  const turn = createTurn({
    ...ports,
    onDue: wake.ring,
    onNews: wake.ring,
    onOrphans: (removed) => report.orphansRemoved(removed.map(({ nodeID }) => nodeID)),
    onError: report.failed,
  });
  const cycle = createCycle(ports, turn, wake.ring);
  // From here on everything that this function started ends with it.
  const ended = new AbortController();
  const end = () => ended.abort(signal.reason);
  signal.addEventListener("abort", end, { once: true });

  ports.need.watch(wake.ring, ended.signal);
  void watchObject({
    ...ports,
    collection: paths.nodes,
    name: ports.nodeName,
    signal: ended.signal,
    onChange: (metadata) => {
      const isNews = cycle.seeMetadata(metadata);
      // A heartbeat of the kubelet is no news for a node that only waits.
      if (isNews || !cycle.isAtRest()) wake.ring();
    },
    onBreak: (error) => report.failed("watching the own Node", error),
  });

  for (let failures = 0; !signal.aborted; ) {
    report.expectedBy(clock.elapsed() + passDeadlineMs);
    try {
      const { seen, decision } = await cycle.pass(signal);
      const { action } = decision;
      failures = 0;
      if (action.do !== "wait") continue;
      if (action.slot === true && seen.lock !== undefined) turn.follow(cycle.waiter(), seen.lock);
      else turn.stop();
      const waitMs = Math.min(Math.max(0, (action.until ?? Infinity) - clock.wall()), ports.periodMs);
      report.expectedBy(clock.elapsed() + waitMs + waitGraceMs);
      await wake.wait(waitMs, signal);
    } catch (error) {
      if (signal.aborted) break;
      failures += 1;
      report.failed("the pass", error);
      await clock.sleep(backoffMs(failures, errorRetry, random), signal).catch(() => {});
    }
  }
  cycle.stop();
  turn.stop();
  ended.abort();
}

/** What would be done now, without doing it. Rejects when something cannot be seen. */
export async function lookOnce(
  ports: CyclePorts,
  signal: AbortSignal,
): Promise<{ record: CycleRecord; decision: Decision }> {
  const cycle = createCycle(ports, { claim: () => true, refused: () => undefined }, () => {});
  return await cycle.look(signal);
}

function createCycle(ports: CyclePorts, turn: Pick<Turn, "claim" | "refused">, wake: () => void) {
  const { api, clock, nodeName, policy, lock, report } = ports;
  let record: CycleRecord | undefined;
  /** False after a write whose answer was not seen: the Node may carry the old record or the new one. */
  let isRecordSure = false;
  /** The Node as it was last read. */
  let node: NodeFacts | undefined;
  let askedAttempt = 0;
  let askRefused: string | undefined;
  let readySince: number | undefined;
  let mayHoldSlot = true;
  let drain: { task: Drain; stop: () => void } | undefined;

  /** A moment of `clock.elapsed()` as decisions have their times. */
  function onTheWall(moment: number): number;
  function onTheWall(moment: number | undefined): number | undefined;
  function onTheWall(moment: number | undefined): number | undefined {
    return moment === undefined ? undefined : clock.wall() - (clock.elapsed() - moment);
  }

  const onElapsed = (time: number) => clock.elapsed() + (time - clock.wall());

  function drainState(): DrainState {
    const state = drain?.task.state() ?? { state: "none" };
    return state.state === "done" ? { ...state, at: onTheWall(state.at) } : state;
  }

  const waiter = (): Waiter => ({
    nodeID: nodeName,
    nodeUID: node?.uid,
    labels: node?.labels ?? {},
    priority: node?.priority,
    neededSince: record?.need?.since,
  });

  /** Looks until there is something to do. */
  async function look(signal: AbortSignal): Promise<{ record: CycleRecord; seen: Seen; decision: Decision }> {
    for (;;) {
      const current = await knownRecord(signal);
      const seen: Seen = {
        bootID: await ports.readBootID(),
        drain: drainState(),
        askedAttempt,
        askRefused,
        readySince: onTheWall(readySince),
        mayHoldSlot,
        turn: turn.claim(),
      };
      // Where this node has no slot for certain, what the watch shows is enough to go on waiting.
      const refused = mayHoldSlot ? undefined : turn.refused();
      if (refused !== undefined) seen.lock = refused;
      const decision = await lookAndDecide(current, seen, signal);
      if (decision !== undefined) return { record: current, seen, decision };
    }
  }

  /** Undefined when the Node carries another record than was thought: then all is to be looked at again. */
  async function lookAndDecide(
    current: CycleRecord,
    seen: Seen,
    signal: AbortSignal,
  ): Promise<Decision | undefined> {
    for (;;) {
      const decision = decide(current, seen, policy, clock.wall());
      if (decision.action.do !== "look") return decision;
      switch (decision.action.at) {
        case "need":
          seen.need = withRequest(
            await ports.need.check(current.phase === "Rebooting", signal),
            node?.requested,
          );
          break;
        case "gates": {
          const { stage } = decision.action;
          seen.gates = { ...(await ports.checkGates(askedOfGates(current, stage, seen), signal)), stage };
          break;
        }
        case "lock":
          seen.lock = await lock.read(waiter(), seen.turn, signal);
          mayHoldSlot = seen.lock.held || seen.lock.remains;
          seen.mayHoldSlot = mayHoldSlot;
          break;
        case "node":
          if (!(await lookAtNode(current, seen, signal))) return undefined;
          break;
        case "pods":
          seen.unreadyPods = await ports.listUnreadyPods(signal);
          break;
        default:
          return decision.action satisfies never;
      }
    }
  }

  function askedOfGates({ need, lastDrainMs }: CycleRecord, stage: Stage, { lock }: Seen): Asked {
    const isLockFull = lock?.refusal !== undefined && !lock.held;
    const urgent = parseRequest(node?.requested)?.urgent === true;
    const neededSince = need === undefined ? clock.wall() : Date.parse(need.since);
    return { stage, paused: node?.paused, neededSince, urgent, lastDrainMs, isLockFull };
  }

  async function lookAtNode(current: CycleRecord, seen: Seen, signal: AbortSignal): Promise<boolean> {
    const read = await readNode(api, nodeName, signal);
    if (read === undefined) {
      seen.node = "gone";
      return true;
    }
    const { facts } = read;
    const known = learnRecord(read);
    if (writeRecord(known) !== writeRecord(current)) return false;
    const isBack = facts.ready && facts.bootID === seen.bootID;
    readySince = isBack ? (readySince ?? clock.elapsed()) : undefined;
    seen.readySince = onTheWall(readySince);
    seen.node = facts;
    return true;
  }

  /** From memory, where that is sure; else from the Node. */
  async function knownRecord(signal: AbortSignal): Promise<CycleRecord> {
    if (record !== undefined && isRecordSure) return record;
    const isFirst = record === undefined;
    const read = await readNode(api, nodeName, signal);
    if (read === undefined) throw new Error(`the cluster has no Node named ${nodeName}; is --node-id right?`);
    const known = learnRecord(read);
    // Whether a process before this one was heard is not known: it counts as heard, and the deadline runs.
    if (isFirst) askedAttempt = known.attempt;
    return known;
  }

  /**
   * What the Node carries wins, as an answer to a write of ours may have been lost. Where it carries nothing memory has
   * to do, but not for a Node that was made anew under the same name.
   */
  function learnRecord({ facts, carried }: NodeRead): CycleRecord {
    if (carried.fault !== undefined)
      report.failed("reading the record on the Node", new Error(carried.fault));
    const remembered = facts.uid === node?.uid ? record : undefined;
    const known = carried.record ?? remembered ?? idleRecord(clock.wall());
    node = facts;
    adopt(known);
    return known;
  }

  function adopt(next: CycleRecord): void {
    const wasCordonedAgain = record?.cordonedAgain;
    record = next;
    isRecordSure = true;
    if (next.phase === "Draining") {
      // A new cycle: what an earlier one asked for is over.
      askedAttempt = 0;
      askRefused = undefined;
      // Pods may have come while the node was not cordoned: all are looked at anew.
      if (next.cordonedAgain === wasCordonedAgain) return;
    }
    drain?.stop();
    drain = undefined;
  }

  async function perform(
    action: Exclude<Action, { do: "wait" | "look" }>,
    seen: Seen,
    why: string,
    signal: AbortSignal,
  ) {
    switch (action.do) {
      case "acquire": {
        // If the answer is lost, the slot may be ours.
        mayHoldSlot = true;
        const unschedulable = typeof seen.node === "object" && seen.node.unschedulable;
        const facts = await lock.acquire(waiter(), unschedulable, signal);
        mayHoldSlot = facts.held;
        return;
      }
      case "release":
        await lock.release(waiter(), action.end, signal);
        mayHoldSlot = false;
        return;
      case "save":
        return await save(action, seen, why, signal);
      case "drain": {
        const stopped = new AbortController();
        drain = {
          task: ports.startDrain(
            wake,
            { deadline: onElapsed(action.deadline), deleteAt: onElapsed(action.deleteAt) },
            stopped.signal,
          ),
          stop: () => stopped.abort(),
        };
        return;
      }
      case "reboot":
        askedAttempt = action.attempt;
        try {
          await ports.rebooter.reboot(signal);
        } catch (error) {
          signal.throwIfAborted();
          const { message, code } = error as Error & { code?: string };
          if (code === "reboot-refused") askRefused = message;
          report.failed("asking the machine to reboot", error);
        }
        return;
      default:
        return action satisfies never;
    }
  }

  async function save(action: Extract<Action, { do: "save" }>, seen: Seen, why: string, signal: AbortSignal) {
    const next = parseRecord(writeRecord(action.record)).record ?? action.record;
    const resourceVersion = typeof seen.node === "object" ? seen.node.resourceVersion : undefined;
    isRecordSure = false;
    await patchNode(api, nodeName, { ...action.change, record: writeRecord(next), resourceVersion }, signal);
    const before = record ?? next;
    adopt(next);
    if (before.phase !== next.phase) report.phaseChanged(before, next, why);
  }

  return {
    look,
    isAtRest: () => record === undefined || ["Idle", "Waiting", "Failed"].includes(record.phase),
    stop: () => drain?.stop(),
    /** What the watch shows of the Node: true where somebody wants something else of it than before. */
    seeMetadata(metadata: Metadata | undefined): boolean {
      if (node === undefined || metadata?.uid !== node.uid) return false;
      const wishes = wishesOn(metadata);
      const { labels, priority, paused, requested } = node;
      node = { ...node, ...wishes };
      return JSON.stringify(wishes) !== JSON.stringify({ labels, priority, paused, requested });
    },
    waiter,
    async pass(signal: AbortSignal): Promise<{ seen: Seen; decision: Decision }> {
      const { record: current, seen, decision } = await look(signal);
      report.decided(current, seen, decision);
      const { action, why } = decision;
      if (action.do !== "wait" && action.do !== "look") await perform(action, seen, why, signal);
      return { seen, decision };
    },
  };
}
