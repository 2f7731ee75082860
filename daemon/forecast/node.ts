/** One node in virtual time: its record, its Node, its machine and its drain. */
import type { NodeFacts } from "../cycle/observation.ts";
import { type CycleRecord, idleRecord, isAtRest, shifted } from "../cycle/record.ts";
import { isRequestAlone } from "../cycle/request.ts";
import { type Closed, isReason } from "../gates/reasons.ts";
import type { Need } from "../host/need/need.ts";
import { iso } from "../time/iso.ts";
import type { VirtualDaemon } from "./daemons.ts";
import type { ForecastNode, ForecastOptions } from "./input.ts";
import type { CycleTimes } from "./times.ts";

export interface VirtualNode {
  readonly name: string;
  readonly daemon: VirtualDaemon;
  readonly times: CycleTimes;
  /** Gates that are closed now, and that nobody can foresee: they stay closed. */
  readonly closed: readonly Closed[];
  facts: NodeFacts;
  record: CycleRecord;
  host: Need;
  /** The kernel's boot ID. */
  bootID: string;
  /** When the drain that is under way ends; undefined without one. */
  drainedAt: number | undefined;
  /** When the machine that was asked to reboot is up again; undefined if none was asked. */
  bootAt: number | undefined;
  /** Since when the node is Ready, or when it will be; undefined as long as that does not matter. */
  readyAt: number | undefined;
  /** When there is something to do that does not depend on the lock. */
  wakeAt: number;
  /** Its last cycle; one that is under way counts from the beginning of its phase, until the lock says more. */
  cycle: { startsAt: number; endsAt?: number; isProved: boolean } | undefined;
  /** Since when nothing but a slot was missing; undefined before. */
  queuesSince: number | undefined;
}

/** Gates whose answer the forecast computes. */
const foreseenGates: ReadonlySet<string> = new Set(["paused", "window", "lock", "rest", "failures", "need"]);
/** Reasons of a cycle that is under way pass with it. */
const passingGates: ReadonlySet<string> = new Set(["drain", "hooks"]);

export function virtualNode(
  { name, facts, record: found }: ForecastNode,
  daemon: VirtualDaemon,
  times: CycleTimes,
  at: number,
  { from, ifAllNeed = false }: ForecastOptions,
): VirtualNode {
  const known = found === undefined ? idleRecord(from) : shifted(found, from - at);
  const needs = ifAllNeed && known.need === undefined;
  const record: CycleRecord = needs
    ? { ...known, need: { source: "file", reasons: [], since: iso(from) } }
    : known;
  return {
    name,
    daemon,
    times,
    closed: record.phase === "Waiting" ? record.reasons.filter(isUnforeseen).map(asClosed) : [],
    facts: {
      ...facts,
      priority: facts.priority ?? record.need?.urgency,
      annotations: withHooks(facts, daemon),
    },
    record,
    host: hostNeed(record),
    ...machineOf(record, facts, times, daemon, from),
    wakeAt: from,
    cycle: isAtRest(record)
      ? undefined
      : { startsAt: Date.parse(record.since), isProved: record.phase === "Settling" },
    queuesSince: undefined,
  };
}

type Reason = CycleRecord["reasons"][number];

function isUnforeseen({ gate }: Reason): boolean {
  return !foreseenGates.has(gate) && !passingGates.has(gate);
}

/** The record keeps gates and codes of any version as text. */
function asClosed({ gate, code, message }: Reason): Closed {
  return { gate, code, message } as Closed;
}

/** Hooks answer as they did: their time is part of the times that were learned. */
function withHooks({ annotations }: NodeFacts, { policy }: VirtualDaemon): NodeFacts["annotations"] {
  const { beforeHooks, afterHooks } = policy;
  const keys = [...beforeHooks.keys, ...afterHooks.keys];
  return keys.length === 0
    ? annotations
    : { ...annotations, ...Object.fromEntries(keys.map((key) => [key, "true"])) };
}

const hostSources = ["command", "uptime"] as const;

/** The need of the host itself; a request is on the Node. */
function hostNeed({ phase, need, reasons }: CycleRecord): Need {
  // The reboot that serves it has happened.
  if (phase === "Returning" || phase === "Settling") return { state: "not-needed" };
  const unknown = reasons.find((one) => isReason(one, "need"));
  if (unknown !== undefined) return { state: "unknown", why: unknown.message };
  if (need === undefined || isRequestAlone(need)) return { state: "not-needed" };
  const source = hostSources.find((one) => one === need.source) ?? "file";
  return { state: "needed", source, reasons: need.reasons };
}

/** A machine that is under way is as far as it usually is after so long. */
function machineOf(
  record: CycleRecord,
  facts: NodeFacts,
  { bootMs, returnMs }: CycleTimes,
  { policy }: VirtualDaemon,
  from: number,
): Pick<VirtualNode, "bootID" | "drainedAt" | "bootAt" | "readyAt"> {
  const since = Date.parse(record.since);
  const current = facts.bootID ?? "before";
  const machine = { bootID: current, drainedAt: undefined, bootAt: undefined, readyAt: undefined };
  const isAsked = record.phase === "Rebooting" && record.askedAt !== undefined;
  if (record.phase === "Rebooting" && !isAsked)
    return { ...machine, bootID: record.bootID ?? current, drainedAt: from };
  if (isAsked) {
    const isLate = from > Date.parse(record.askedAt ?? "") + policy.rebootTimeoutMs;
    // Its machine has not gone down, and its daemon gives that up.
    if (isLate && facts.ready) return { ...machine, bootID: record.bootID ?? current };
    const bootAt = isLate ? Number.POSITIVE_INFINITY : Math.max(from, since + bootMs);
    return { ...machine, bootID: record.bootID ?? current, bootAt, readyAt: bootAt + returnMs };
  }
  if (record.phase !== "Returning") return machine;
  const bootID = current === record.bootID ? nextBootID(current) : current;
  const isLate = !facts.ready && from > since + policy.readyTimeoutMs;
  const usual = since + returnMs;
  const readyAt = isLate
    ? Number.POSITIVE_INFINITY
    : facts.ready
      ? Math.min(from, usual)
      : Math.max(from, usual);
  return { ...machine, bootID, readyAt };
}

/** Another one in its beginning too, which is what the lock keeps. */
export function nextBootID(bootID: string): string {
  return bootID.startsWith("after-") ? `again-${bootID.slice(6)}` : `after-${bootID.replace(/^again-/, "")}`;
}

/** Brings the machine and the Node up to a moment. */
export function advance(node: VirtualNode, now: number): void {
  if (node.bootAt !== undefined && node.bootAt <= now) {
    node.bootID = nextBootID(node.bootID);
    node.bootAt = undefined;
    node.drainedAt = undefined;
    // A reboot serves what has asked for it.
    node.host = { state: "not-needed" };
  }
  if (node.readyAt === undefined) return;
  const ready = node.bootAt === undefined && node.readyAt <= now;
  if (node.facts.ready !== ready || (ready && node.facts.bootID !== node.bootID))
    node.facts = { ...node.facts, ready, bootID: ready ? node.bootID : node.facts.bootID };
}

/** The next moment at which something happens to the machine by itself; infinite without one. */
export function nextChange({ drainedAt, bootAt, readyAt }: VirtualNode, now: number): number {
  const ahead = [drainedAt, bootAt, readyAt].filter((time) => time !== undefined && time > now);
  return Math.min(Number.POSITIVE_INFINITY, ...(ahead as number[]));
}
