/** The parts of a cycle. Each keeps what it knows to itself, and the record is what they have in common. */
import type { Waiting } from "../lock/limits.ts";
import type { Turn } from "../lock/turn.ts";
import { momentsOf, onTheWall } from "../time/both-clocks.ts";
import { iso } from "../time/iso.ts";
import { type Event, type Evidence, evidenceAfter, keepsDrain, noEvidence } from "./evidence.ts";
import { createOwnMemory, type OwnMemory } from "./memory.ts";
import { createOwnDrain, type OwnDrain } from "./own-drain.ts";
import { createOwnJobs, type OwnJobs } from "./own-jobs.ts";
import { createOwnSlot, type OwnSlot } from "./own-slot.ts";
import { createPodsLook, type PodsLook } from "./pods-look.ts";
import type { CyclePorts } from "./ports.ts";
import { type CycleRecord, isAtRest } from "./record.ts";
import { createReportTimes, type ReportTimes } from "./report-times.ts";
import { createSetbacks, type Setbacks } from "./setbacks.ts";

export interface CycleParts {
  ports: CyclePorts;
  memory: OwnMemory;
  evidence: { now(): Evidence; add(event: Event): void };
  slot: OwnSlot;
  /** Undefined for a cycle that only looks. */
  turn: Turn | undefined;
  drain: OwnDrain;
  pods: PodsLook;
  jobs: OwnJobs;
  setbacks: Setbacks;
  reports: ReportTimes;
  /** Ends the wait between two passes. */
  wake: () => void;
}

/** `trustMs`: for how long the Node and the lock are believed. */
export function createParts(
  ports: CyclePorts,
  trustMs: number,
  turn: Turn | undefined,
  wake: () => void,
): CycleParts {
  const { clock, random, report } = ports;
  let known = noEvidence;
  return {
    ports,
    memory: createOwnMemory(clock, trustMs, report.doubted),
    evidence: {
      now: () => known,
      add(event) {
        known = evidenceAfter(known, event);
      },
    },
    slot: createOwnSlot(clock, trustMs),
    turn,
    drain: createOwnDrain(clock, ports.startDrain, wake),
    pods: createPodsLook(ports),
    jobs: createOwnJobs(ports),
    setbacks: createSetbacks(clock, random),
    reports: createReportTimes(clock),
    wake,
  };
}

/** Goes on with the record that was read or written; what belongs to the phase before ends. */
export function adopt({ ports, evidence, drain }: CycleParts, next: CycleRecord): void {
  const before = evidence.now().record;
  evidence.add({ type: "record", record: next, unreachableMs: ports.unreachableMs() });
  if (!keepsDrain(before, next)) drain.stop();
}

/** Empty before the Node was read. */
export function nodeUid({ memory }: CycleParts): string {
  return memory.node()?.uid ?? "";
}

/** This node, as the lock is to know it. */
export function waitingOf({ ports, memory, evidence }: CycleParts): Waiting {
  const node = memory.node();
  const record = memory.record();
  const { bootID, userspace, neededSince, urgency } = evidence.now();
  const since = neededSince === undefined ? undefined : iso(onTheWall(neededSince, momentsOf(ports.clock)));
  return {
    identity: { name: ports.nodeName, uid: node?.uid },
    ...(record === undefined || isAtRest(record)
      ? { bootID, softReboots: userspace?.state === "seen" ? userspace.softReboots : undefined }
      : { bootID: record.bootID, softReboots: record.softReboots }),
    labels: node?.labels ?? {},
    // A person's word goes before that of the host.
    priority: node?.priority ?? urgency,
    leftAt: record?.leftAt,
    neededSince: record?.need?.since ?? since,
  };
}
