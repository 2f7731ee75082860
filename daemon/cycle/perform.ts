/** Performs actions. Each depends on the pass that has led to it. */

import type { RebootKind } from "../host/reboot/rebooter.ts";
import { saysTheSame } from "../notify/mail.ts";
import { ageMs, type Moments, momentsOf } from "../time/both-clocks.ts";
import type { Clock } from "../time/clock.ts";
import { announcement } from "./announcement.ts";
import type { Action } from "./decision.ts";
import type { Observation } from "./observation.ts";
import { type CycleParts, nodeUid, waitingOf } from "./parts.ts";
import type { CyclePorts } from "./ports.ts";
import { askedKind } from "./reboot-kind.ts";
import { type CycleRecord, writeRecord } from "./record.ts";
import { save, saveOrReport } from "./save.ts";

export type Doing = Exclude<Action, { do: "wait" | "look" }>;

/** The pass that an action depends on. */
export interface Basis {
  seen: Observation;
  why: string;
  /** Nothing that was looked at is older. */
  began: Moments;
  /** The version of the Node. */
  version: string;
}

/**
 * Checks before a reboot are no older than this, by either clock: a machine that was suspended may not
 * know of it.
 */
const checksMaxMs = 60_000;

export async function perform(
  parts: CycleParts,
  action: Doing,
  basis: Basis,
  signal: AbortSignal,
): Promise<void> {
  const { ports, slot } = parts;
  const { lock } = ports;
  const { seen } = basis;
  switch (action.do) {
    case "acquire": {
      const unschedulable = typeof seen.node === "object" && seen.node.unschedulable;
      await slot.write(() => lock.acquire(waitingOf(parts), unschedulable, signal), "slot");
      return;
    }
    case "reenter": {
      const facts = await slot.write(() => lock.reenter(waitingOf(parts), signal), "lock");
      // A write without effect is not repeated without pause.
      if (!facts.held && !facts.takenAway) throw new Error("the lock does not take the slot back");
      return;
    }
    case "release": {
      const holders = seen.lock?.holders ?? [];
      const { halt } = await slot.write(
        () => lock.release(waitingOf(parts), holders, action.end, signal),
        "slot",
      );
      if (halt !== undefined) ports.report.halted(halt);
      await leaveFormerLock(parts, signal);
      return;
    }
    case "save":
      return await saveOrReport(parts, action, basis, signal);
    case "drain":
      return parts.drain.start(action);
    case "run job":
      return await parts.jobs.run(action, nodeUid(parts), signal);
    case "reboot":
      return await reboot(parts, action.record, basis, signal);
    default:
      return action satisfies never;
  }
}

/**
 * A lock that was used when the cycle began, and is no longer configured: nobody else would take the entry
 * away.
 */
async function leaveFormerLock({ ports, memory }: CycleParts, signal: AbortSignal): Promise<void> {
  const former = memory.record()?.lock;
  if (former === undefined || former === ports.policy.lock) return;
  try {
    await ports.leaveLock(former, signal);
  } catch (error) {
    signal.throwIfAborted();
    ports.report.failed(`releasing the slot in the lock ${former}, which was used before,`, error);
  }
}

/**
 * The record that the machine was asked comes first, and is the last check: it is refused where the Node
 * has changed since.
 */
async function reboot(
  parts: CycleParts,
  record: CycleRecord,
  { seen, began, why, version }: Basis,
  signal: AbortSignal,
): Promise<void> {
  const { ports, memory, evidence } = parts;
  await ports.messages.settled(signal);
  signal.throwIfAborted();
  evidence.add({ type: "asked", ask: { result: "unsent" } });
  const isKept = saysTheSame(record.mail, ports.messages.toKeep());
  if (!isKept || !memory.carries(writeRecord(record)))
    await save(parts, { record, change: {}, why, version }, signal);
  confirmAge(began, ports.clock);
  const kind = await possibleKind(ports, record, signal);
  await announce(ports, seen, kind, signal);
  // The machine may have been suspended meanwhile.
  confirmAge(began, ports.clock);
  evidence.add({ type: "asked", ask: undefined });
  try {
    await ports.rebooter.reboot(signal, kind);
  } catch (error) {
    signal.throwIfAborted();
    const { message, code } = error as Error & { code?: string };
    if (code === "reboot-refused") evidence.add({ type: "asked", ask: { result: "refused", why: message } });
    ports.report.failed("asking the machine to reboot", error);
  }
}

/** The wanted kind; a full reboot where that is not possible, and the log says why. */
async function possibleKind(
  { policy, rebooter, report }: CyclePorts,
  record: CycleRecord,
  signal: AbortSignal,
): Promise<RebootKind> {
  const wanted = askedKind(record, policy);
  if (wanted === "full" || rebooter.possible === undefined) return wanted;
  const { kind, why } = await rebooter.possible(wanted, signal);
  if (why !== undefined) report.failed(`rebooting by ${wanted}`, new Error(`${why}; it is a ${kind} reboot`));
  return kind;
}

function confirmAge(began: Moments, clock: Clock): void {
  const checkedMs = ageMs(began, momentsOf(clock));
  if (checkedMs > checksMaxMs)
    throw new Error(`the checks before the reboot are ${Math.round(checkedMs / 1000)} s old`);
}

/** No failure keeps the reboot back: it only leaves people without the reason. */
async function announce(
  { nodeName, rebooter, report }: CyclePorts,
  { need, lock }: Observation,
  kind: RebootKind,
  signal: AbortSignal,
): Promise<void> {
  try {
    await rebooter.announce(announcement(nodeName, kind, need, lock?.holders), signal);
  } catch (error) {
    signal.throwIfAborted();
    report.failed("announcing the reboot on the machine", error);
  }
}
