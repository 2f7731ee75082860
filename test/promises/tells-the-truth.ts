/**
 * P11, tells the truth: the Node is compared with the world. A sentence on it is a lie once it has stood for so long against a
 * world that has not changed, with a daemon that runs and can see and write.
 */
import { at, type KubeObject, text } from "../kubernetes/api/object.ts";
import { type Machine, sentinelFile } from "../kubernetes/machines/machine.ts";
import { type Entry, isHolder, isKeptOff, isReady, recordIn } from "./eyes.ts";

interface Times {
  /** Whether none of them has reached into so long a time before now. */
  isUndisturbed(node: string, forMs: number): boolean;
}

export interface TruthWorld {
  now: () => number;
  nodes: () => readonly string[];
  stored: (node: string) => KubeObject | undefined;
  machine: (node: string) => Machine;
  /** Entries of the lock that the node's daemon is told to use; undefined where those are several, or unreadable. */
  entries: (node: string) => readonly Entry[] | undefined;
  /** Changes with each write of the objects that its daemon is told to keep the lock on. */
  lockVersion: (node: string) => string;
  isWindowOpen: (node: string) => boolean;
  /** The longest that a drain, the wait for the machine, and the wait after the boot may take. */
  limitsMs: (node: string) => {
    draining: number;
    rebooting: number;
    settle: number;
    /** From the uncordon to the release of the slot. */
    release: number;
    /** For so long a node at rest believes what it has seen of the lock and of its Node. */
    trust: number;
  };
  /** Whether it has a slot in a lock that its daemon is told to use. */
  isInLock: (node: string) => boolean;
  /** When the lock lost its slot; undefined where it has one, or never had one. */
  lostSlotAt: (node: string) => number | undefined;
  /** Whether a person has taken its slot away, and so wants it to have none. */
  isUnlocked: (node: string) => boolean;
  /** Another daemon says what it sees on the same Node. */
  hasSecond: (node: string) => boolean;
  isAlerting: () => boolean;
  /** Since when its daemon runs; infinity where it does not. */
  runningSince: (node: string) => number;
  /** Something beside readiness that the node waits for when it returns. */
  awaitsMore: (node: string) => boolean;
  /** Times in which a daemon cannot see or write; in which it is not told of changes; in which it cannot write to its Node. */
  disturbances: Times;
  blindness: Times;
  muteness: Times;
  violate: (promise: string, message: string) => void;
}

/** The Node may be behind the world by this much. */
const lagMs = 90_000;
/** Gates are asked together, and the slowest has this long to answer. */
const gateMs = 30_000;
/** So long after what kept it from seeing is over: a watch that was silent is found out after five minutes. */
const recoveryMs = 5 * 60_000;

export function watchTruth(world: TruthWorld) {
  const { now, disturbances, blindness, muteness, violate } = world;
  /** Since when which lie stands, and against which world, by node and lie. */
  const standing = new Map<string, { since: number; against: string }>();

  return {
    /** To be called every few seconds. */
    tick(): void {
      for (const node of world.nodes()) {
        const stored = world.stored(node);
        const canSay =
          stored !== undefined &&
          world.machine(node).isUp &&
          disturbances.isUndisturbed(node, recoveryMs) &&
          now() - world.runningSince(node) > lagMs;
        // Who is not told of changes looks for itself, where it believes no longer what it has seen.
        const isBlind = !blindness.isUndisturbed(node, recoveryMs);
        const lateMs = isBlind ? world.limitsMs(node).trust + recoveryMs : 0;
        const isMute = !muteness.isUndisturbed(node, recoveryMs);
        const lies = canSay ? liesOf(node, stored, world) : {};
        for (const [name, lie] of Object.entries(lies)) {
          const key = `${node} ${name}`;
          if (lie === undefined || (isMute && lie.isOfLock !== true)) {
            standing.delete(key);
            continue;
          }
          const { against = "" } = lie;
          const known = standing.get(key);
          const since = known?.against === against ? known.since : now();
          standing.set(key, { since, against });
          if (now() - since <= lie.mayStandMs + lateMs) continue;
          violate("the Node says the truth", `${node} ${lie.message}`);
          standing.set(key, { since: now() + lie.mayStandMs, against });
        }
        if (!canSay) for (const key of standing.keys()) if (key.startsWith(`${node} `)) standing.delete(key);
      }
    },
  };
}

interface Lie {
  message: string;
  mayStandMs: number;
  /** What in the world it is about; where that changes it is another lie. */
  against?: string;
  /** What the lock says of it, and not the Node. */
  isOfLock?: true;
}

/** A lie, where it is one: undefined where the Node does not say so, or where it is true. */
const lie = (isLie: boolean, message: string, mayStandMs = lagMs): Lie | undefined =>
  isLie ? { message, mayStandMs } : undefined;

/** Each kind of lie, as the Node and the world are at this moment. */
function liesOf(node: string, stored: KubeObject, world: TruthWorld): Record<string, Lie | undefined> {
  return { ...liesBetweenCycles(node, stored, world), ...liesInCycle(node, stored, world) };
}

function liesBetweenCycles(node: string, stored: KubeObject, world: TruthWorld) {
  const { phase = "Idle", reasons = [] } = recordIn(stored);
  const machine = world.machine(node);
  const isNeeded = machine.hasFile(sentinelFile) && !machine.isGoingDown;
  const entries = world.entries(node);
  const says = (gate: string, code: string) =>
    phase === "Waiting" && reasons.some((one) => one.gate === gate && one.code === code);
  const others = entries?.filter(({ nodeID }) => nodeID !== node);
  const isByHand = entries?.some((entry) => !isHolder(entry)) === true;
  const saysOnlyTaken = reasons.every(({ gate, code }) => gate === "lock" && code === "lock-taken");
  const isBetween = phase === "Idle" || phase === "Waiting" || phase === "Failed";
  const taken = lie(
    says("lock", "lock-taken") && others?.length === 0,
    "says that all slots are taken, and the lock is free",
  );
  const holding = lie(
    isBetween && !world.hasSecond(node) && world.isInLock(node),
    `has a slot, and is ${phase}`,
    world.limitsMs(node).trust + lagMs,
  );
  return {
    idle: lie(phase === "Idle" && isNeeded, "says that it is Idle, and its sentinel is there"),
    window: lie(
      says("window", "outside") && world.isWindowOpen(node),
      "says that it is outside the window, which is open",
    ),
    // A slot that was taken and released between two looks was taken.
    taken: taken && { ...taken, against: world.lockVersion(node) },
    // Beside a window that is closed anyway, alerts are asked for no more than once a period.
    alerts: lie(
      says("alerts", "active") && reasons.length === 1 && !world.isAlerting(),
      "says that alerts are active, and there are none",
      lagMs + gateMs,
    ),
    holding: holding && ({ ...holding, isOfLock: true } as const),
    byHand: lie(
      phase === "Waiting" && isNeeded && isByHand && saysOnlyTaken,
      "does not say that the lock is set by hand",
    ),
  };
}

function liesInCycle(node: string, stored: KubeObject, world: TruthWorld) {
  const { phase = "Idle", reasons = [] } = recordIn(stored);
  const machine = world.machine(node);
  const limits = world.limitsMs(node);
  const isDown = (phase === "Rebooting" && machine.isGoingDown) || phase === "Returning";
  const bootID = machine.boots.at(-1)?.bootID;
  const lostSlotAt = world.lostSlotAt(node);
  const homeless = lie(
    isDown && lostSlotAt !== undefined && world.entries(node) !== undefined && !world.isUnlocked(node),
    `is ${phase}, and does not put its slot back`,
  );
  const isBack = isReady(stored) && text(at(stored, "status", "nodeInfo", "bootID")) === bootID;
  return {
    // A slot that was put back and lost again between two looks was put back.
    homeless: homeless && { ...homeless, against: String(lostSlotAt) },
    settling: lie(
      phase === "Settling",
      "says that it is Settling, for longer than it may",
      limits.release + lagMs,
    ),
    draining: lie(
      phase === "Draining",
      "says that it is Draining, for longer than a drain may take",
      limits.draining,
    ),
    // Before the cordon it may wait for --drain-delay.
    unexplained: lie(
      phase === "Draining" && reasons.length === 0,
      "is drained for long, and does not say what for",
      lagMs + 30_000,
    ),
    rebooting: lie(
      phase === "Rebooting" && !machine.isGoingDown,
      "says that it is Rebooting, and its machine does not go down",
      limits.rebooting,
    ),
    returning: lie(
      phase === "Returning" &&
        isBack &&
        !isKeptOff(stored) &&
        !machine.isGoingDown &&
        !world.awaitsMore(node),
      "says that it is Returning, and is back",
      limits.settle + lagMs,
    ),
  };
}
