import assert from "node:assert/strict";
import type { Action, Decision, Policy } from "../../daemon/cycle/decision.ts";
import type { EndedCycle } from "../../daemon/cycle/history.ts";
import type { MarkPolicy } from "../../daemon/cycle/marks.ts";
import type { NodeFacts, Observation } from "../../daemon/cycle/observation.ts";
import type { Outcome } from "../../daemon/cycle/outcomes.ts";
import { type CycleRecord, idleRecord } from "../../daemon/cycle/record.ts";
import type { Took } from "../../daemon/cycle/took.ts";
import type { Running } from "../../daemon/drain/state.ts";
import type { Stage } from "../../daemon/gates/gate.ts";
import type { Closed } from "../../daemon/gates/reasons.ts";
import type { Refusal } from "../../daemon/lock/refusal.ts";

/** Noon of a day on which everything is a round number of minutes away. */
export const noon = Date.parse("2026-11-24T12:00:00.000Z");
export const minute = 60_000;

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

export function policy(changes: Partial<Policy> = {}): Policy {
  return {
    marks: marks(),
    drainDelayMs: 0,
    drainTimeoutMs: 15 * minute,
    drainDeleteAfterMs: Number.POSITIVE_INFINITY,
    rebootAnyway: false,
    rebootDelayMs: 0,
    rebootTimeoutMs: 10 * minute,
    rebootKind: "full",
    rebootAttempts: 2,
    maxRebootsPerNeed: 2,
    maxFailuresPerNode: 3,
    lock: "lease/kube-system/rebootd rebootd.dev/lock",
    readySettleMs: 15_000,
    readyTimeoutMs: 15 * minute,
    readyTaintsIgnored: [],
    departingWhen: [],
    beforeHooks: { keys: [], timeoutMs: 15 * minute, late: "restore" },
    afterHooks: { keys: [], timeoutMs: 15 * minute, late: "wait" },
    asksOnReturn: false,
    beforeJob: undefined,
    afterJob: undefined,
    lockReleaseDelayMs: 0,
    gateRecheckMs: minute,
    ...changes,
  };
}

export function marks(changes: Partial<MarkPolicy> = {}): MarkPolicy {
  return {
    labelsBefore: {},
    labelsAfter: {},
    softTaint: undefined,
    annotatesNeed: false,
    usesApproval: false,
    requestLabel: undefined,
    hooks: [],
    ...changes,
  };
}

const oldBoot = "11111111-1111-4111-8111-111111111111";
const newBoot = "22222222-2222-4222-8222-222222222222";

/** A record in mid-cycle, begun at noon under the old boot, unless said otherwise. */
export function record(changes: Partial<CycleRecord> = {}): CycleRecord {
  return {
    ...idleRecord(noon),
    need: { source: "file", reasons: ["linux-image"], since: iso(noon) },
    bootID: oldBoot,
    cordoned: true,
    ...changes,
  };
}

export function idle(changes: Partial<CycleRecord> = {}): CycleRecord {
  return { ...idleRecord(noon), ...changes };
}

/** A cycle that has ended at noon, unless said otherwise. */
export function ended(
  result: Outcome,
  took: Took = {},
  changes: Partial<EndedCycle> & { message?: string } = {},
): EndedCycle {
  const { message = "m", ...others } = changes;
  const need = { source: "file", reasons: [] };
  return { outcome: { result, at: iso(noon), message }, need, took, ...others };
}

/** A drain that waits for two pods. */
export function running(changes: Partial<Running> = {}): Running {
  return {
    state: "running",
    isListed: true,
    podsLeft: 2,
    left: { budget: 1, ending: 1 },
    heldUp: [],
    blocked: ["shop/cart-0: no room in budget cart", "shop/cart-1: is terminating"],
    trouble: undefined,
    slowGraceSeconds: undefined,
    ...changes,
  };
}

interface Facts {
  needed?: boolean | "unknown";
  /** The annotation that asks for the reboot. */
  request?: string;
  node?: Partial<NodeFacts> | "gone";
  held?: boolean;
  boot?: string | undefined;
  hasStaleEntry?: boolean;
  refusal?: Refusal;
  closed?: Closed[];
  changesAt?: number;
  /** For which the gates were asked. */
  stage?: Stage;
  drain?: Observation["drain"];
  rebooted?: boolean;
  /** What systemd says of the userspace; not looked at unless said. */
  userspace?: Observation["userspace"];
  ask?: Observation["ask"];
  shutdown?: Observation["shutdown"];
  takenAway?: boolean;
  unreachableMs?: number;
  setbacks?: Observation["setbacks"];
  isRehearsed?: boolean;
  /** What the API server has said of the last write. */
  refused?: string;
  reportCount?: number;
  rewordAt?: number;
  neededSince?: number;
  readySince?: number;
  /** What is not Ready, by its name, or why that cannot be seen. */
  unready?: readonly string[] | string;
  /** DaemonSets that are. */
  ready?: readonly string[];
  isDrained?: boolean;
  mayHoldSlot?: boolean;
  turn?: boolean;
  /** What was not looked at. */
  without?: Look;
}

type Look = "need" | "gates" | "lock" | "node" | "ownPods" | "shutdown";

/** Everything was looked at: a reboot is needed, gates are open, the slot is held, the node is cordoned and Ready, as are its pods. */
export function seen({ without, ...facts }: Facts = {}): Observation {
  const all = seenAll(facts);
  if (without !== undefined) delete all[without];
  return all;
}

function seenAll(facts: Omit<Facts, "without">): Observation {
  const { needed = true, held = true, node = {}, rebooted = false } = facts;
  const bootID = rebooted ? newBoot : oldBoot;
  return {
    bootID,
    ...(facts.userspace && { userspace: facts.userspace }),
    drain: facts.drain ?? { state: "none" },
    ask: facts.ask,
    shutdown: facts.shutdown ?? "none",
    unreachableMs: facts.unreachableMs ?? 0,
    setbacks: facts.setbacks ?? {},
    refused: facts.refused,
    isRehearsed: facts.isRehearsed ?? true,
    reportCount: facts.reportCount ?? 0,
    rewordAt: facts.rewordAt,
    neededSince: facts.neededSince,
    readySince: facts.readySince,
    isDrained: facts.isDrained ?? true,
    mayHoldSlot: facts.mayHoldSlot ?? (held || facts.hasStaleEntry === true),
    turn: facts.turn ?? true,
    need:
      needed === "unknown"
        ? { state: "unknown", why: "exit code 127" }
        : needed
          ? {
              state: "needed",
              source: "file",
              reasons: ["linux-image"],
              ...(facts.request !== undefined && { request: facts.request }),
            }
          : { state: "not-needed" },
    ownPods:
      typeof facts.unready === "string"
        ? { state: "unknown", why: facts.unready }
        : {
            state: "seen",
            ready: facts.ready ?? [],
            unready: (facts.unready ?? []).map((key) => ({ key, name: `${key}-x7k2p` })),
          },
    gates: { stage: facts.stage ?? "slot", closed: facts.closed ?? [], changesAt: facts.changesAt },
    lock: {
      held,
      boot: facts.boot,
      hasStaleEntry: facts.hasStaleEntry ?? false,
      refusal: facts.refusal,
      holders: [],
      slots: { allowed: 1, held: held ? 1 : 0 },
      takenAway: facts.takenAway ?? false,
      version: "7",
    },
    node:
      node === "gone"
        ? "gone"
        : {
            uid: "u1",
            resourceVersion: "7",
            unschedulable: true,
            conditions: {},
            ready: true,
            labels: {},
            annotations: {},
            taints: [],
            priority: undefined,
            paused: undefined,
            approved: undefined,
            requested: undefined,
            bootID,
            ...node,
          },
  };
}

/** What is known without asking anybody. */
export function unseen(facts: Facts = {}): Observation {
  const { need, gates, lock, node, ownPods, shutdown, ...rest } = seen(facts);
  return rest;
}

export function action({ action }: Decision): Action {
  return action;
}

/** The record that the decision is to save, and what becomes of the cordon with it. */
export function saved({ action, why }: Decision): CycleRecord & { cordon: "set" | "clear" | undefined } {
  assert.ok(action.do === "save", `decided to ${action.do}: ${why}`);
  return { ...action.record, cordon: action.change.cordon };
}
