/** The knowledge of this process about its own slot in the lock, and its age. */
import type { LockFacts } from "../lock/facts.ts";
import { ageMs, type Moments, momentsOf } from "../time/both-clocks.ts";
import type { Clock } from "../time/clock.ts";
import { isSettled, justNowMs, lateMs } from "./late.ts";
import type { Ask } from "./observation.ts";
import type { CycleRecord } from "./record.ts";

/**
 * Each pod that goes, and each change of the Node, wakes a drain; nothing that it does stands on the slot for
 * longer. The reboot stands on a fresh read.
 */
const drainLockMs = 15_000;

/** An answer of the server, and when it was asked. */
export interface Answer<T> {
  facts: T;
  asked: Moments;
}

export interface OwnSlot {
  /**
   * To be called as a pass begins. While it is false this node has no slot: the lock was seen without it,
   * not too long ago.
   */
  mayBeHeld(): boolean;
  /** The milliseconds for which "no slot" is still believed; infinity where there may be one. */
  trustedMs(): number;
  /** The last answer of the lock with the slot held, where it need not be read again in this pass. */
  believed(record: CycleRecord, ask: Ask | undefined, recheckMs: number): Believed | undefined;
  /** Undefined for what the lock did not answer itself. */
  askedAt(facts: LockFacts): number | undefined;
  learn(facts: LockFacts, asked: Moments): void;
  /**
   * After a write without an answer the slot may be this node's, at once or later. `learns`: from the answer
   * to a node that is down only the lock is known, as its slot is put back until a person takes it away.
   */
  write(work: () => Promise<LockFacts>, learns: "slot" | "lock"): Promise<LockFacts>;
}

/** `isBasis`: the pass is as old as the answer; it is not where the node is down, or its cycle over. */
export interface Believed extends Answer<LockFacts> {
  isBasis: boolean;
}

export function createOwnSlot(clock: Clock, trustMs: number): OwnSlot {
  let mayBeHeld = true;
  let trustedUntil = Number.NEGATIVE_INFINITY;
  let last: Answer<LockFacts> | undefined;
  let unansweredUntil = Number.NEGATIVE_INFINITY;

  function learn(facts: LockFacts, asked: Moments): void {
    last = { facts, asked };
    mayBeHeld = facts.held || facts.hasStaleEntry;
    const isUnanswered = clock.elapsed() < unansweredUntil;
    trustedUntil = isUnanswered ? unansweredUntil : asked.elapsed + trustMs;
  }

  return {
    learn,
    mayBeHeld() {
      if (clock.elapsed() >= trustedUntil) mayBeHeld = true;
      return mayBeHeld;
    },
    trustedMs: () => (mayBeHeld ? Number.POSITIVE_INFINITY : trustedUntil - clock.elapsed()),
    askedAt: (facts) => (last?.facts === facts ? last.asked.elapsed : undefined),
    believed(record, ask, recheckMs) {
      if (!last?.facts.held) return undefined;
      const { forMs, isBasis } = beliefOf(record, ask, recheckMs);
      const now = momentsOf(clock);
      const age = isBasis ? ageMs(last.asked, now) : now.elapsed - last.asked.elapsed;
      return age < forMs ? { ...last, isBasis } : undefined;
    },
    async write(work, learns) {
      mayBeHeld = true;
      last = undefined;
      const asked = momentsOf(clock);
      try {
        const facts = await work();
        if (learns === "slot") learn(facts, asked);
        else last = { facts, asked };
        return facts;
      } catch (error) {
        if (!isSettled(error)) unansweredUntil = clock.elapsed() + lateMs;
        throw error;
      }
    },
  };
}

/** Before the machine is asked the lock is read in any case, and a node that is down may take its time. */
function beliefOf(
  { phase, askedAt }: CycleRecord,
  ask: Ask | undefined,
  recheckMs: number,
): { forMs: number; isBasis: boolean } {
  const isDown =
    phase === "Returning" || (phase === "Rebooting" && askedAt !== undefined && ask === undefined);
  // The release itself looks at the lock once more.
  const isEnding = phase === "Settling" || phase === "Restoring";
  if (isDown || isEnding) return { forMs: recheckMs, isBasis: false };
  if (phase === "Rebooting") return { forMs: 0, isBasis: true };
  return { forMs: phase === "Draining" ? drainLockMs : justNowMs, isBasis: true };
}
