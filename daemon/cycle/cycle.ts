import { parseRequest } from "../annotations/reboot-request.ts";
import { isApiError } from "../cluster/api.ts";
import type { Metadata } from "../cluster/objects.ts";
import type { Drain } from "../drain/drain.ts";
import type { DrainState } from "../drain/state.ts";
import type { Asked } from "../gates/evaluate.ts";
import type { Stage } from "../gates/gate.ts";
import type { LockFacts } from "../lock/facts.ts";
import type { Waiting } from "../lock/limits.ts";
import type { Turn } from "../lock/turn.ts";
import { decide } from "./decide.ts";
import type { Action, Decision } from "./decision.ts";
import { type NodeChange, rehearsal } from "./marks.ts";
import { misreadOn } from "./misread.ts";
import { type NodeRead, patchNode, readNode, tryPatch } from "./node.ts";
import type { Ask, NodeFacts, Observation, OwnPods } from "./observation.ts";
import { asWritten, createOwnMemory } from "./own-memory.ts";
import { rewordDelayMs } from "./reasons.ts";
import { type CycleRecord, isAtRest, shifted, writeRecord } from "./record.ts";
import { isRefusal, refusalText, reportRefused, withoutRefusal } from "./refused.ts";
import { withRequest } from "./request.ts";
import type { CyclePorts } from "./run.ts";
import { createSetbacks, isTrial, type Step } from "./setbacks.ts";

/** What the machine is asked to reboot on is no older than so, by either clock: a machine that was suspended may not know of it. */
const checksMaxMs = 60_000;
/**
 * What the server has answered so recently, by both clocks, is as good as looked at in this pass: mostly the answer to the write
 * that ended the pass before. The slot is looked at in any case before the machine is asked.
 */
const justNowMs = 1000;
/** A write that has been given up may take effect for so long: https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/, --request-timeout. */
const lateMs = 60_000;
/** A write with such an answer has no effect, now or later. */
const refusals = [
  "conflict",
  "forbidden",
  "invalid",
  "not-found",
  "too-many-requests",
  "unauthorized",
] as const;
/** Each pod that goes, and each heartbeat, wakes a drain; nothing that it does stands on the slot for longer. */
const drainLockMs = 5000;
const reportsKept = 10;
/** A record that somebody takes away again and again is written again no sooner. */
const rewriteMs = 60_000;
/** How its pods were is believed for so long: from just before the slot is asked for to the cordon. */
const podsTrustMs = 10_000;

type Doing = Exclude<Action, { do: "wait" | "look" }>;

/** One moment by both clocks. */
interface Moments {
  elapsed: number;
  wall: number;
}

/** Nothing is left to look at. */
type Decided = Decision & { action: Exclude<Action, { do: "look" }> };

/** One passage after the other: what was seen, what that leads to, and doing it. Without a turn it only looks. */
export function createCycle(ports: CyclePorts, trustMs: number, turn: Turn | undefined, wake: () => void) {
  const { api, clock, random, nodeName, policy, lock, report } = ports;
  const memory = createOwnMemory(clock, trustMs, report.doubted);
  const setbacks = createSetbacks(clock, random);
  /** The step that has failed last: its rest is to be waited for. */
  let failed: Step = "look at the node";
  let ask: Ask | undefined;
  /** What follows are moments of `clock.elapsed()`. */
  let readySince: number | undefined;
  let neededSince: number | undefined;
  let reportedAt: number[] = [];
  /** By both clocks: nothing that a pass has looked at is older. */
  let passBegan: Moments = { elapsed: 0, wall: 0 };
  /** The version of the Node that this pass stands on, whatever the watch has shown since. */
  let version = "";
  /** Since the last cycle, and since anything was refused. Policies and rights change seldom, and each write meets them again. */
  let isRehearsed = false;
  let rewrittenAt = Number.NEGATIVE_INFINITY;
  /** While it is false this node has no slot: the lock was seen without it, not longer ago than that may be believed. */
  let mayHoldSlot = true;
  let slotTrustedUntil = Number.NEGATIVE_INFINITY;
  let lastPods: { seen: OwnPods; at: number } | undefined;
  /** The lock and the own Node as the server has answered last, and when it was asked. */
  let lastLock: { facts: LockFacts; asked: Moments } | undefined;
  let lastNode: { facts: NodeFacts; asked: Moments } | undefined;
  let drain: { task: Drain; stop: () => void } | undefined;
  /** In this cycle, and by this process. */
  let isDrained = false;
  /** The kernel's, as the last pass has read it. */
  let bootID: string | undefined;
  /** How long the server had been unreachable when the phase began. */
  let unreachableBefore = 0;
  let current: CycleRecord | undefined;
  /** The version of the Node under which it was written last, where that had no answer. */
  let unanswered: { version: string; until: number } | undefined;
  /** Until then a write of the lock that had no answer may take effect. */
  let lockUnansweredUntil = Number.NEGATIVE_INFINITY;

  /** A moment of `clock.elapsed()` as decisions have their times. */
  const onTheWall = (moment: number) => clock.wall() - (clock.elapsed() - moment);
  const onElapsed = (time: number) => clock.elapsed() + (time - clock.wall());
  const onTheWallOrNot = (moment: number | undefined) =>
    moment === undefined ? undefined : onTheWall(moment);

  const moments = (): Moments => ({ elapsed: clock.elapsed(), wall: clock.wall() });
  const ageMs = ({ elapsed, wall }: Moments) =>
    Math.max(clock.elapsed() - elapsed, Math.abs(clock.wall() - wall));
  const isJustNow = (asked: Moments) => ageMs(asked) < justNowMs;

  const waiting = (): Waiting => {
    const node = memory.node();
    const since = onTheWallOrNot(neededSince);
    const record = memory.record();
    return {
      identity: { name: nodeName, uid: node?.uid },
      bootID: record === undefined || isAtRest(record) ? bootID : record.bootID,
      labels: node?.labels ?? {},
      priority: node?.priority,
      leftAt: record?.leftAt,
      neededSince: record?.need?.since ?? (since === undefined ? undefined : new Date(since).toISOString()),
    };
  };

  function reportsWithin(ms: number): number {
    return reportedAt.filter((moment) => clock.elapsed() - moment < ms).length;
  }

  function rewordAt(): number | undefined {
    const last = reportedAt.at(-1);
    return last === undefined ? undefined : onTheWall(last + rewordDelayMs(reportsWithin(3_600_000)));
  }

  function drainState(): DrainState {
    const state = drain?.task.state() ?? { state: "none" };
    return state.state === "done" ? { ...state, at: onTheWall(state.at) } : state;
  }

  /** True where the wall clock was set. A phase whose beginning is set with it is still the same. */
  function followClock(): boolean {
    const setByMs = memory.followClock();
    if (setByMs !== 0 && current !== undefined) current = shifted(current, setByMs);
    return setByMs !== 0;
  }

  /** Looks until there is something to do. */
  async function look(
    signal: AbortSignal,
  ): Promise<{ record: CycleRecord; seen: Observation; decision: Decided }> {
    for (;;) {
      followClock();
      passBegan = moments();
      const record = await knownRecord(signal);
      version = memory.node()?.resourceVersion ?? "";
      if (clock.elapsed() >= slotTrustedUntil) mayHoldSlot = true;
      bootID = await ports.readBootID();
      const seen: Observation = {
        bootID,
        drain: drainState(),
        ask,
        isDrained,
        readySince: onTheWallOrNot(readySince),
        neededSince: onTheWallOrNot(neededSince),
        mayHoldSlot,
        turn: turn?.claim() ?? true,
        unreachableMs: ports.unreachableMs() - unreachableBefore,
        reportCount: reportsWithin(60_000),
        rewordAt: rewordAt(),
        setbacks: setbacks.shown(clock.wall()),
        refused: setbacks.refusal("save"),
        // Whoever only looks may have other rights than the daemon.
        isRehearsed: turn === undefined || isRehearsed,
        unanswered: clock.elapsed() < (unanswered?.until ?? 0) ? unanswered?.version : undefined,
      };
      const lockFacts = believedLock(record);
      if (lockFacts !== undefined) seen.lock = lockFacts;
      const decision = await lookAndDecide(record, seen, signal);
      if (decision !== undefined) return { record, seen, decision };
    }
  }

  /**
   * Where the lock need not be read: it is known to be taken by others, or the slot was ours a moment ago. Before the machine is asked
   * it is read in any case, and a node that is down may take its time.
   */
  function believedLock({ phase, askedAt }: CycleRecord): LockFacts | undefined {
    if (!mayHoldSlot) return turn?.refused();
    const isDown =
      phase === "Returning" || (phase === "Rebooting" && askedAt !== undefined && ask === undefined);
    if (lastLock === undefined || !lastLock.facts.held) return undefined;
    const { facts, asked } = lastLock;
    // What is released is looked at once more with that.
    const isEnding = phase === "Settling" || phase === "Restoring";
    if (isDown || isEnding) return clock.elapsed() - asked.elapsed < policy.gateRecheckMs ? facts : undefined;
    const goodForMs = phase === "Draining" ? drainLockMs : phase === "Rebooting" ? 0 : justNowMs;
    return ageMs(asked) < goodForMs ? standOn(lastLock) : undefined;
  }

  /** What was answered before this pass makes it older. */
  function standOn<T>({ facts, asked }: { facts: T; asked: Moments }): T {
    if (asked.elapsed < passBegan.elapsed) passBegan = asked;
    return facts;
  }

  /** Undefined when the Node carries another record than was thought, or the clock was set: then all is to be looked at again. */
  async function lookAndDecide(
    record: CycleRecord,
    seen: Observation,
    signal: AbortSignal,
  ): Promise<Decided | undefined> {
    for (;;) {
      const decision = decide(record, seen, policy, clock.wall());
      const { action } = decision;
      if (action.do !== "look") return { ...decision, action };
      const step = action.at === "rehearsal" ? "rehearse" : (`look at the ${action.at}` as const);
      const restMs = setbacks.restMs(step);
      if (restMs > 0) {
        const until = clock.wall() + restMs;
        return { action: { do: "wait", until }, why: `cannot ${step}: ${setbacks.why(step)}` };
      }
      const isSame = await attempt(step, () => lookAt(action, record, seen, signal));
      if (!isSame || followClock()) return undefined;
    }
  }

  /** False where the Node carries another record than was thought. */
  async function lookAt(
    action: Extract<Action, { do: "look" }>,
    record: CycleRecord,
    seen: Observation,
    signal: AbortSignal,
  ): Promise<boolean> {
    switch (action.at) {
      case "need": {
        const host = await ports.need.check(record.phase === "Rebooting", signal);
        seen.need = withRequest(host, memory.node()?.requested);
        neededSince = seen.need.state === "needed" ? (neededSince ?? clock.elapsed()) : undefined;
        return true;
      }
      case "gates": {
        const { stage } = action;
        const asked = askedOfGates(record, stage, seen);
        seen.gates = { ...(await ports.checkGates(asked, signal, turn && wake)), stage };
        return true;
      }
      case "lock":
        seen.lock = await readLock(seen.turn, signal);
        seen.mayHoldSlot = mayHoldSlot;
        return true;
      case "node":
        return await lookAtNode(seen, signal);
      case "pods":
        seen.ownPods = await lookAtPods(record, signal);
        return true;
      case "shutdown":
        seen.shutdown = await lookAtShutdown(signal);
        return true;
      case "rehearsal":
        if (typeof seen.node === "object") await rehearse(record, seen.node, signal);
        seen.isRehearsed = true;
        return true;
      default:
        return action satisfies never;
    }
  }

  async function readLock(isTurn: boolean, signal: AbortSignal): Promise<LockFacts> {
    const asked = moments();
    const facts = await lock.read(waiting(), isTurn, signal);
    learnLock(facts, asked);
    return facts;
  }

  function learnLock(facts: LockFacts, asked: Moments): void {
    lastLock = { facts, asked };
    learnSlot(facts, asked);
  }

  function learnSlot(
    { held, hasStaleEntry }: Pick<LockFacts, "held" | "hasStaleEntry">,
    asked: Moments,
  ): void {
    mayHoldSlot = held || hasStaleEntry;
    const isUnanswered = clock.elapsed() < lockUnansweredUntil;
    slotTrustedUntil = isUnanswered ? lockUnansweredUntil : asked.elapsed + trustMs;
  }

  /** After a write of the lock without an answer the slot may be this node's, at once or later. */
  async function writeLock(write: () => Promise<LockFacts>): Promise<LockFacts> {
    mayHoldSlot = true;
    try {
      return await write();
    } catch (error) {
      if (!isApiError(error, ...refusals)) lockUnansweredUntil = clock.elapsed() + lateMs;
      throw error;
    }
  }

  /** Where they cannot be seen, decisions say so: a slot may be held meanwhile. */
  async function lookAtPods(record: CycleRecord, signal: AbortSignal): Promise<OwnPods> {
    // What was seen before the slot was taken still is from before the cordon.
    const at = clock.elapsed();
    const isRecent = lastPods !== undefined && at - lastPods.at < podsTrustMs;
    if (isAtRest(record) && isRecent && lastPods?.seen.state === "seen") return lastPods.seen;
    const seen = await listPods(record, signal);
    lastPods = { seen, at };
    return seen;
  }

  async function listPods({ ownPods }: CycleRecord, signal: AbortSignal): Promise<OwnPods> {
    const node = { name: nodeName, labels: { ...memory.node()?.labels } };
    const expected = ownPods === undefined ? [] : [...ownPods.ready, ...ownPods.unready];
    try {
      return await ports.lookAtOwnPods(node, expected, signal);
    } catch (error) {
      signal.throwIfAborted();
      return { state: "unknown", why: (error as Error).message };
    }
  }

  async function lookAtShutdown(signal: AbortSignal): Promise<NonNullable<Observation["shutdown"]>> {
    try {
      return (await ports.isShuttingDown(signal)) ? "under-way" : "none";
    } catch {
      signal.throwIfAborted();
      return "unknown";
    }
  }

  function askedOfGates(record: CycleRecord, stage: Stage, seen: Observation): Asked {
    const { need, lastDrainMs, slowGraceSeconds } = record;
    const isLockFull = seen.lock?.refusal !== undefined && !seen.lock.held;
    const node = memory.node();
    const urgent = parseRequest(node?.requested)?.urgent === true;
    const since = need === undefined ? (onTheWallOrNot(neededSince) ?? clock.wall()) : Date.parse(need.since);
    const labels = node?.labels ?? {};
    const told = { paused: node?.paused, labels, lastDrainMs, slowGraceSeconds };
    return { ...told, stage, neededSince: since, urgent, isLockFull };
  }

  async function lookAtNode(seen: Observation, signal: AbortSignal): Promise<boolean> {
    const known = nodeJustNow();
    if (known !== undefined) return seeNode(known, seen);
    const asked = moments();
    const read = await readNode(api, nodeName, signal);
    if (read === undefined) {
      seen.node = "gone";
      return true;
    }
    const isSame = memory.carriesTheSame(read);
    learn(read, asked);
    return isSame && seeNode(read.facts, seen);
  }

  /** As the server has answered just now, where the watch has shown nothing newer. */
  function nodeJustNow(): NodeFacts | undefined {
    if (lastNode === undefined || !isJustNow(lastNode.asked) || memory.record() === undefined)
      return undefined;
    const isNewest = memory.node()?.resourceVersion === lastNode.facts.resourceVersion;
    return isNewest ? standOn(lastNode) : undefined;
  }

  function seeNode(facts: NodeFacts, seen: Observation): true {
    version = facts.resourceVersion;
    readySince = facts.ready && facts.bootID === seen.bootID ? (readySince ?? clock.elapsed()) : undefined;
    seen.readySince = onTheWallOrNot(readySince);
    seen.node = facts;
    return true;
  }

  /** From memory, where that is sure; else from the Node. */
  async function knownRecord(signal: AbortSignal): Promise<CycleRecord> {
    const record = memory.record();
    if (record !== undefined) return record;
    return await attempt("look at the node", async () => {
      const asked = moments();
      const read = await readNode(api, nodeName, signal);
      if (read === undefined)
        throw new Error(`the cluster has no Node named ${nodeName}; is --node-id right?`);
      return learn(read, asked);
    });
  }

  function isResting(): boolean {
    return current === undefined || isAtRest(current);
  }

  function learn(read: NodeRead, asked: Moments): CycleRecord {
    const record = memory.learn(read, asked.elapsed);
    lastNode = { facts: read.facts, asked };
    adopt(record);
    return record;
  }

  /** What belongs to the phase before ends with it. */
  function adopt(next: CycleRecord): void {
    const before = current;
    current = next;
    // A phase that this process has found has begun before it: all the time without a server is within that.
    if (before !== undefined && (before.phase !== next.phase || before.since !== next.since))
      unreachableBefore = ports.unreachableMs();
    if (!isAtRest(next)) isRehearsed = false;
    if (next.phase !== "Rebooting") {
      ask = undefined;
      isDrained = false;
    }
    if (
      next.phase === "Draining" &&
      before?.phase === "Draining" &&
      next.cordonedAgain === before.cordonedAgain
    )
      return;
    // Pods may have come while the node was not cordoned: all are looked at anew.
    stopDrain();
  }

  function stopDrain(): void {
    drain?.stop();
    drain = undefined;
  }

  async function perform(action: Doing, seen: Observation, why: string, signal: AbortSignal): Promise<void> {
    switch (action.do) {
      case "acquire": {
        const asked = moments();
        const unschedulable = typeof seen.node === "object" && seen.node.unschedulable;
        const facts = await writeLock(() => lock.acquire(waiting(), unschedulable, signal));
        learnLock(facts, asked);
        return;
      }
      case "reenter": {
        const asked = moments();
        const facts = await writeLock(() => lock.reenter(waiting(), signal));
        lastLock = { facts, asked };
        // What does not help is not done again and again.
        if (!facts.held && !facts.takenAway) throw new Error("the lock does not take the slot back");
        return;
      }
      case "release": {
        const asked = moments();
        lastLock = undefined;
        const holders = seen.lock?.holders ?? [];
        learnLock(await writeLock(() => lock.release(waiting(), holders, action.end, signal)), asked);
        await leaveFormerLock(signal);
        return;
      }
      case "save":
        return await saveOrReport(action, why, signal);
      case "drain": {
        const stopped = new AbortController();
        const { cordonedAt, deadline, deleteAt } = action;
        const times = { cordonedAt, deadline: onElapsed(deadline), deleteAt: onElapsed(deleteAt) };
        drain = { task: ports.startDrain(wake, times, stopped.signal), stop: () => stopped.abort() };
        return;
      }
      case "reboot":
        return await reboot(action.record, why, signal);
      default:
        return action satisfies never;
    }
  }

  /** A lock that was used when the cycle began, and is no longer told of: nobody else would take the entry away. */
  async function leaveFormerLock(signal: AbortSignal): Promise<void> {
    const former = memory.record()?.lock;
    if (former === undefined || former === policy.lock) return;
    try {
      await ports.leaveLock(former, signal);
    } catch (error) {
      signal.throwIfAborted();
      report.failed(`releasing the slot in the lock ${former}, which was used before,`, error);
    }
  }

  /** Where the server refuses what goes with the record, the record alone says so. A cycle that has not begun says it in its own way. */
  async function saveOrReport(
    { record, change, trial }: Extract<Action, { do: "save" }>,
    why: string,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await save(withoutRefusal(record), change, why, signal);
      setbacks.succeeded("save");
      report.refused(undefined);
    } catch (error) {
      if (isRefusal(error)) {
        isRehearsed = false;
        if (trial === undefined && current !== undefined)
          await reportWhatIsRefused(current, record, change, (error as Error).message, signal);
      }
      throw error;
    }
  }

  async function reportWhatIsRefused(
    before: CycleRecord,
    wanted: CycleRecord,
    change: NodeChange,
    words: string,
    signal: AbortSignal,
  ): Promise<void> {
    if (Object.keys(change).length === 0) return report.refused("record", words);
    const alone = reportRefused(before, wanted, words, clock.wall());
    try {
      if (alone !== undefined) await save(alone, {}, refusalText(words), signal);
      report.refused("marks", words);
    } catch (error) {
      signal.throwIfAborted();
      if (isRefusal(error)) report.refused("record", (error as Error).message);
      else report.failed("writing to the Node what is rejected", error);
    }
  }

  /** Tries what the cycle is to write. Where the server cannot say, the cycle finds out. */
  async function rehearse(record: CycleRecord, node: NodeFacts, signal: AbortSignal): Promise<void> {
    const wouldBe = writeRecord({ ...record, phase: "Draining", cordoned: true });
    try {
      await tryPatch(api, nodeName, { record: wouldBe, ...rehearsal(policy.marks, record, node) }, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (isRefusal(error)) throw error;
    }
    isRehearsed = true;
  }

  async function save(
    record: CycleRecord,
    change: Extract<Action, { do: "save" }>["change"],
    why: string,
    signal: AbortSignal,
  ): Promise<void> {
    const text = writeRecord(record);
    const next = asWritten(text, record);
    const before = memory.record() ?? next;
    // The node may be open to pods again before the answer comes.
    if (next.phase !== "Draining") stopDrain();
    // That is what has led there; the answer may be lost.
    if (current?.phase === "Draining" && next.phase === "Rebooting") isDrained = true;
    memory.writes(text);
    const asked = moments();
    let answer: NodeRead;
    try {
      answer = await patchNode(api, nodeName, { ...change, record: text, resourceVersion: version }, signal);
    } catch (error) {
      // The Node may carry the old record or the new one, or will.
      memory.distrust();
      if (!isAtRest(next) && !isApiError(error, ...refusals))
        unanswered = { version, until: clock.elapsed() + lateMs };
      throw error;
    }
    unanswered = undefined;
    memory.wrote(next, answer, asked.elapsed);
    lastNode = { facts: answer.facts, asked };
    adopt(next);
    if (next.phase === "Waiting") reportedAt = [...reportedAt, clock.elapsed()].slice(-reportsKept);
    if (before.phase !== next.phase) report.phaseChanged(before, next, why);
  }

  /** The record that the machine was asked comes first, and is the last check: it is refused where the Node has changed since. */
  async function reboot(record: CycleRecord, why: string, signal: AbortSignal): Promise<void> {
    ask = { result: "unsent" };
    if (!memory.carries(writeRecord(record))) await save(record, {}, why, signal);
    const checkedMs = ageMs(passBegan);
    if (checkedMs > checksMaxMs)
      throw new Error(`the checks before the reboot are ${Math.round(checkedMs / 1000)} s old`);
    ask = undefined;
    try {
      await ports.rebooter.reboot(signal);
    } catch (error) {
      signal.throwIfAborted();
      const { message, code } = error as Error & { code?: string };
      if (code === "reboot-refused") ask = { result: "refused", why: message };
      report.failed("asking the machine to reboot", error);
    }
  }

  /** What counts together where it is refused. */
  function stepOf(action: Doing): Step {
    return action.do === "save" ? (action.trial ?? "save") : action.do;
  }

  async function attempt<T>(step: Step, work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      setbacks.succeeded(step);
      return result;
    } catch (error) {
      failed = step;
      setbacks.failed(step, error);
      throw error;
    }
  }

  /** Somebody has taken the record away, or written another one: it is to survive this process, and to be seen by people. */
  async function rewrite(record: CycleRecord, signal: AbortSignal): Promise<void> {
    if (record.phase === "Idle" || !memory.isUnwritten() || clock.elapsed() < rewrittenAt + rewriteMs) return;
    rewrittenAt = clock.elapsed();
    await attempt("rewrite", async () => {
      const read = await readNode(api, nodeName, signal);
      if (read === undefined || !memory.carriesTheSame(read)) return memory.distrust();
      version = read.facts.resourceVersion;
      await save(record, {}, "somebody else has changed the record", signal);
    });
  }

  return {
    look,
    stop: () => drain?.stop(),
    /** The Node is to be read before anything else is done. */
    distrust: () => memory.distrust(),
    /** Answers whether it is worth a look: a heartbeat of the kubelet is no news for a node that only waits, nor is the own write. */
    seeMetadata(metadata: Metadata | undefined): boolean {
      const isKnown = metadata !== undefined && metadata.resourceVersion === memory.node()?.resourceVersion;
      return memory.see(metadata) || !(isKnown || isResting());
    },
    /** How long what has failed last is to rest. What decisions depend on is told at once, and rests there. */
    restMs: () => (isTrial(failed) ? 0 : setbacks.restMs(failed)),
    /** Answers how long there is nothing to do; undefined where there may be at once. */
    async pass(signal: AbortSignal): Promise<{ waitMs: number | undefined }> {
      const { record, seen, decision } = await look(signal);
      report.decided(record, seen, decision);
      report.misread(misreadOn(memory.node()?.annotations ?? {}, policy.marks.hooks));
      const { action, why } = decision;
      if (action.do !== "save" && action.do !== "reboot") await rewrite(record, signal);
      if (action.do === "wait") {
        if (action.slot === true && seen.lock !== undefined)
          turn?.follow(waiting(), seen.lock, lastLockAskedAt(seen.lock));
        else turn?.stop();
        const tookMs = clock.elapsed() - passBegan.elapsed;
        const until = (action.until ?? Number.POSITIVE_INFINITY) - passBegan.wall - tookMs;
        const slotTrustedMs = mayHoldSlot ? Number.POSITIVE_INFINITY : slotTrustedUntil - clock.elapsed();
        const turnTrustedMs = turn?.trustedMs() ?? Number.POSITIVE_INFINITY;
        const trusted = Math.min(memory.trustedMs(), turnTrustedMs, slotTrustedMs);
        // Whole milliseconds: what is due in a fraction of one is not due yet, again and again.
        return { waitMs: Math.max(0, Math.ceil(Math.min(until, trusted))) };
      }
      const step = stepOf(action);
      const restMs = setbacks.restMs(step);
      if (restMs > 0) return { waitMs: restMs };
      await attempt(step, () => perform(action, seen, why, signal));
      return { waitMs: undefined };
    },
  };

  /** Undefined for what the turn itself has told. */
  function lastLockAskedAt(facts: LockFacts): number | undefined {
    return lastLock?.facts === facts ? lastLock.asked.elapsed : undefined;
  }
}
