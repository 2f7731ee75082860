import type { Metadata } from "../cluster/objects.ts";
import type { Turn } from "../lock/turn.ts";
import { type Moments, momentsOf } from "../time/both-clocks.ts";
import { decide } from "./decide.ts";
import type { Action, Decision } from "./decision.ts";
import { misreadOn } from "./misread.ts";
import { readOf } from "./node.ts";
import type { NodeFacts, Observation } from "./observation.ts";
import { knownRecord, lookAt, observe } from "./observe.ts";
import { type CycleParts, createParts, waitingOf } from "./parts.ts";
import { type Doing, perform } from "./perform.ts";
import type { CyclePorts } from "./ports.ts";
import { type CycleRecord, isAtRest } from "./record.ts";
import { createRewrite, keepMail } from "./save.ts";
import type { Step } from "./setbacks.ts";

type Wait = Extract<Action, { do: "wait" }>;
/** Nothing is left to look at. */
type Decided = Decision & { action: Doing | Wait };

/** The result of a pass. */
interface Pass {
  record: CycleRecord;
  seen: Observation;
  decision: Decided;
  /** Nothing that it has looked at is older. */
  began: Moments;
  /** The version of the Node that it stands on. */
  version: string;
  /** A wait ends then, as the Node may have changed since it was read; a moment of `clock.elapsed()`. */
  waitableUntil?: number | undefined;
}

/** One passage after the other: observe, decide, and do one thing. Without a turn it only looks. */
export function createCycle(ports: CyclePorts, trustMs: number, turn: Turn | undefined, wake: () => void) {
  const parts = createParts(ports, trustMs, turn, wake);
  const { memory, evidence, setbacks, drain } = parts;
  const { report } = ports;
  const rewrite = createRewrite(parts);

  const isBetweenCycles = () => {
    const { record } = evidence.now();
    return record === undefined || isAtRest(record);
  };

  return {
    look: (signal: AbortSignal): Promise<Pass> => look(parts, signal),
    stop: () => drain.stop(),
    /** The node waits for nothing that its Node shows, but for what people ask of it. */
    isBetweenCycles,
    /** The Node is to be read before anything else is done. */
    distrust: () => memory.distrust(),
    /**
     * Answers whether it is worth a look: a heartbeat of the kubelet is no news for a node that only
     * waits, nor is the own write.
     */
    seeMetadata(metadata: Metadata | undefined): boolean {
      const isKnown = metadata !== undefined && metadata.resourceVersion === memory.node()?.resourceVersion;
      return memory.see(metadata) || !(isKnown || isBetweenCycles());
    },
    /**
     * The back-off after the last failure, in milliseconds. Decisions know of their own failures at once, and
     * wait themselves.
     */
    backoffMs: () => setbacks.lastBackoffMs(),
    /** Answers how long there is nothing to do; undefined where there may be at once. */
    async pass(signal: AbortSignal): Promise<{ waitMs: number | undefined }> {
      const pass = await look(parts, signal);
      const { record, seen, decision } = pass;
      const { action, why } = decision;
      report.decided(record, seen, decision);
      report.misread(misreadOn(memory.node()?.annotations ?? {}, ports.policy.marks.hooks));
      if (action.do !== "save" && action.do !== "reboot") await rewrite(record, signal);
      if (action.do === "wait" && (await keepMail(parts, record, pass.version, signal)))
        return { waitMs: undefined };
      // A node that is about to have its turn says nothing before. Once the machine is asked, it may be too late.
      const isItsTurnSoon = action.do === "wait" && action.slot === true && decision.reasons === undefined;
      const isShown = (action.do === "wait" && !isItsTurnSoon) || action.do === "reboot";
      const version = isShown ? await showConditions(parts, pass, signal) : pass.version;
      if (version === undefined) return { waitMs: undefined };
      if (action.do === "wait") return { waitMs: waitMs(parts, action, pass) };
      const step = stepOf(action);
      const backoffMs = setbacks.backoffMs(step);
      if (backoffMs > 0) return { waitMs: backoffMs };
      await setbacks.attempt(step, () => perform(parts, action, { ...pass, version, why }, signal));
      return { waitMs: undefined };
    },
  };
}

/**
 * Writes the conditions of the Node. Answers the version on which the pass stands then; undefined where the Node
 * has changed otherwise too, and is to be looked at again.
 */
async function showConditions(
  { ports, memory }: CycleParts,
  { record, seen, version }: Pass,
  signal: AbortSignal,
): Promise<string | undefined> {
  const facts = memory.node();
  if (facts === undefined) return version;
  const asked = momentsOf(ports.clock);
  const node = await ports.showConditions(record, seen, facts.conditions, signal);
  if (node === undefined) return version;
  const read = readOf(node);
  if (!memory.carriesTheSame(read)) {
    memory.distrust();
    return undefined;
  }
  const isOtherwiseSame = facts.resourceVersion === version && isSameBut(facts, read.facts);
  // The write is no news once the watch shows it, and its answer is as good as a read.
  memory.learn(read, asked);
  return isOtherwiseSame ? read.facts.resourceVersion : undefined;
}

function isSameBut(before: NodeFacts, after: NodeFacts): boolean {
  const rest = (facts: NodeFacts) =>
    JSON.stringify({ ...facts, resourceVersion: "", conditions: {}, heartbeatAt: 0 });
  return rest(before) === rest(after);
}

/** Looks until there is something to do. */
async function look(parts: CycleParts, signal: AbortSignal): Promise<Pass> {
  for (;;) {
    followClock(parts);
    const began = momentsOf(parts.ports.clock);
    const record = await knownRecord(parts, signal);
    const version = parts.memory.node()?.resourceVersion ?? "";
    const { seen, asked } = await observe(parts, record);
    const pass = await lookAndDecide(parts, { record, seen, version, began: earlier(began, asked) }, signal);
    if (pass !== undefined) return pass;
  }
}

/**
 * Undefined when the Node carries another record than was thought, or the clock was set: then all is to be
 * looked at again.
 */
async function lookAndDecide(
  parts: CycleParts,
  start: Omit<Pass, "decision">,
  signal: AbortSignal,
): Promise<Pass | undefined> {
  const { ports, setbacks } = parts;
  const { record } = start;
  let { seen, began, version } = start;
  let waitableUntil: number | undefined;
  let mayWait = true;
  for (;;) {
    const decision = decide(record, seen, ports.policy, ports.clock.wall());
    const { action } = decision;
    if (action.do !== "look") {
      const pass = { record, seen, began, version, waitableUntil, decision: { ...decision, action } };
      if (action.do === "wait" || waitableUntil === undefined) return pass;
      // Only a wait may stand on a Node that was not read just now.
      const { node: _, ...rest } = seen;
      seen = rest;
      waitableUntil = undefined;
      mayWait = false;
      continue;
    }
    const step = action.at === "rehearsal" ? "rehearse" : (`look at the ${action.at}` as const);
    const backoffMs = setbacks.backoffMs(step);
    if (backoffMs > 0) {
      const until = ports.clock.wall() + backoffMs;
      const why = `cannot ${step}: ${setbacks.why(step)}`;
      return {
        record,
        seen,
        began,
        version,
        waitableUntil,
        decision: { action: { do: "wait", until }, why },
      };
    }
    const found = await setbacks.attempt(step, () =>
      lookAt(parts, action, { record, seen, mayWait }, signal),
    );
    if (found === undefined || followClock(parts)) return undefined;
    seen = { ...seen, ...found.seen };
    began = earlier(began, found.asked);
    if (typeof found.seen.node === "object") {
      version = found.seen.node.resourceVersion;
      waitableUntil = found.waitableUntil;
    }
  }
}

/** True where the wall clock was set. */
function followClock({ memory, evidence }: CycleParts): boolean {
  const byMs = memory.followClock();
  if (byMs !== 0) evidence.add({ type: "clock-set", byMs });
  return byMs !== 0;
}

function earlier(began: Moments, asked: Moments | undefined): Moments {
  return asked !== undefined && asked.elapsed < began.elapsed ? asked : began;
}

/** The time without anything to do, unless something happens. Memory that is too old is read again. */
function waitMs(parts: CycleParts, action: Wait, { seen, began, waitableUntil }: Pass): number {
  const { ports, memory, slot, turn } = parts;
  if (action.slot === true && seen.lock !== undefined)
    turn?.follow(waitingOf(parts), seen.lock, slot.askedAt(seen.lock));
  else turn?.stop();
  const tookMs = ports.clock.elapsed() - began.elapsed;
  const until = (action.until ?? Number.POSITIVE_INFINITY) - began.wall - tookMs;
  const trustedMs = Math.min(
    memory.trustedMs(),
    slot.trustedMs(),
    turn?.trustedMs() ?? Number.POSITIVE_INFINITY,
    waitableMs(parts, waitableUntil),
  );
  // Whole milliseconds: what is due in a fraction of one is not due yet, again and again.
  return Math.max(0, Math.ceil(Math.min(until, trustedMs)));
}

/** The milliseconds for which the Node is still enough to wait on; no limit where it is as it was read. */
function waitableMs({ ports, memory }: CycleParts, until: number | undefined): number {
  if (until === undefined || memory.changedSince() === undefined) return Number.POSITIVE_INFINITY;
  return until - ports.clock.elapsed();
}

/** The step whose failures count together. */
function stepOf(action: Doing): Step {
  if (action.do === "run job") return `run the ${action.hook} job`;
  return action.do === "save" ? (action.trial ?? "save") : action.do;
}
