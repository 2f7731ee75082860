/** Troubles that last, lie, or come late: what they are, and how they are drawn. */
import type { FaultEffect } from "../../kubernetes/api/server.ts";
import type { Draw } from "./draw.ts";

export type HarsherTrouble =
  /** The wall clock of a machine is set, forward or back. */
  | { kind: "clock-step"; node: string; ms: number }
  /** At its next boot the clock is wrong, and is set right a minute later. */
  | { kind: "wrong-at-boot"; node: string; ms: number }
  /**
   * The machine is paused, while the answer to the next request of its daemon but so many is on its way; its wall clock is right again so many seconds after it goes on. Whom it looks dead to takes its
   * slot away meanwhile.
   */
  | { kind: "suspended"; node: string; skip: number; behind: number; isGivenUp: boolean; for: number }
  /** A write takes effect so many seconds after it was sent, when its client has long given up. */
  | { kind: "late-write"; node: string; skip: number; seconds: number }
  | { kind: "slow-answers"; node: string; probability: number; for: number }
  /** Watches show what happened so many seconds ago, as with another API server behind. */
  | { kind: "lagging-watch"; node: string; seconds: number; for: number }
  /** Watches that open meanwhile say nothing, or that they are alive and nothing else. */
  | { kind: "dull-watch"; node: string; how: "silent" | "bookmarks"; for: number }
  /** The other end of the open watches is gone, and nobody says so. */
  | { kind: "frozen-watch"; node: string }
  /** One verb on one resource is refused, for one daemon or for all, until the storm is over. */
  | { kind: "refused"; user: string | undefined; request: RefusedRequest; effect: FaultEffect; for: number }
  /** These are put back to how they were so many seconds before. */
  | { kind: "restored"; resources: readonly string[]; seconds: number }
  | { kind: "slow-shutdown"; node: string; seconds: number; for: number }
  /** Somebody else on the machine asks for a reboot, which takes so long. */
  | { kind: "shut-down"; node: string; seconds: number }
  /** A soft reboot: processes start anew under the same boot ID. */
  | { kind: "restart"; node: string }
  /** A virtual machine is put back to a snapshot from before its last reboot, with the boot ID and the sentinel of then. */
  | { kind: "put-back"; node: string }
  | { kind: "second-daemon"; node: string; lock: "usual" | "other"; for: number }
  /** All daemons are told to use another lock, one by one. */
  | { kind: "lock-moved"; every: number }
  /** Somebody applies the object without the lock, again and again. */
  | { kind: "lock-stripped"; every: number; for: number }
  /** kured runs beside rebootd, where both have its lock. */
  | { kind: "kured"; node: string; for: number }
  | { kind: "outage"; for: number }
  /** The daemon is one of another version for a while. */
  | { kind: "other-version"; node: string; for: number }
  /**
   * The static pods of a member of the control plane take long to be Ready after its next boot, or break now for as long;
   * undefined is for ever.
   */
  | { kind: "slow-etcd"; node: string; seconds: number | undefined; isBroken: boolean; for: number };

export type HarsherKind = HarsherTrouble["kind"];

export interface RefusedRequest {
  verb: string;
  resource: string;
  subresource?: string;
}

const hour = 3_600_000;
/** Until the storm is over, whenever that is. */
const untilTheEnd = 24 * 3600;

const refusable: readonly RefusedRequest[] = [
  { verb: "patch", resource: "nodes" },
  { verb: "get", resource: "nodes" },
  { verb: "watch", resource: "nodes" },
  { verb: "patch", resource: "leases" },
  { verb: "get", resource: "leases" },
  { verb: "watch", resource: "leases" },
  { verb: "create", resource: "pods", subresource: "eviction" },
  { verb: "list", resource: "pods" },
  { verb: "create", resource: "events" },
];

const refusals: ((draw: Draw) => FaultEffect)[] = [
  () => ({ refusal: { code: 403, reason: "Forbidden", message: "a webhook says no" } }),
  ({ integer }) => ({ status: 429, retryAfter: integer(1, 30) }),
  () => ({ status: 500 }),
];

/** A step of the clock: of minutes mostly, of hours sometimes, in both directions. */
const step = ({ chance, integer, oneOf }: Draw) =>
  oneOf(-1, 1) * (chance(0.5) ? integer(60_000, 900_000) : integer(hour, 6 * hour));

export const draws: { [K in HarsherKind]: (draw: Draw) => Extract<HarsherTrouble, { kind: K }> } = {
  "clock-step": (draw) => ({ kind: "clock-step", node: draw.node(), ms: step(draw) }),
  "wrong-at-boot": (draw) => ({ kind: "wrong-at-boot", node: draw.node(), ms: step(draw) }),
  suspended: ({ node, integer, oneOf, chance }) => {
    const where = { node: node(), skip: integer(0, 4) };
    const behind = oneOf(0, integer(10, 90));
    // Where the clock stays behind nothing tells a daemon that time has passed since its last check: it has to be shut down first.
    const isGivenUp = chance(0.5) && behind === 0;
    return {
      kind: "suspended",
      ...where,
      behind,
      isGivenUp,
      for: oneOf(integer(5, 60), integer(60, 900)),
    };
  },
  "late-write": ({ node, integer }) => ({
    kind: "late-write",
    node: node(),
    skip: integer(0, 6),
    seconds: integer(305, 700) / 10,
  }),
  "slow-answers": ({ node, integer, oneOf }) => ({
    kind: "slow-answers",
    node: node(),
    probability: oneOf(0.1, 0.3),
    for: integer(30, 300),
  }),
  "lagging-watch": ({ node, integer }) => ({
    kind: "lagging-watch",
    node: node(),
    seconds: integer(5, 120),
    for: integer(60, 600),
  }),
  "dull-watch": ({ node, integer, oneOf }) => ({
    kind: "dull-watch",
    node: node(),
    how: oneOf("silent", "bookmarks"),
    for: integer(60, 900),
  }),
  "frozen-watch": ({ node }) => ({ kind: "frozen-watch", node: node() }),
  refused: (draw) => ({
    kind: "refused",
    user: draw.chance(0.7) ? `rebootd:${draw.node()}` : undefined,
    request: draw.oneOf(...refusable),
    effect: draw.oneOf(...refusals)(draw),
    for: untilTheEnd,
  }),
  restored: ({ integer, oneOf }) => ({
    kind: "restored",
    resources: oneOf(["leases"], ["nodes"], ["leases", "nodes"]),
    seconds: integer(5, 120),
  }),
  "slow-shutdown": ({ node, integer }) => ({
    kind: "slow-shutdown",
    node: node(),
    seconds: integer(5, 240),
    for: 900,
  }),
  "shut-down": ({ node, integer }) => ({ kind: "shut-down", node: node(), seconds: integer(5, 240) }),
  restart: ({ node }) => ({ kind: "restart", node: node() }),
  "put-back": ({ node }) => ({ kind: "put-back", node: node() }),
  "second-daemon": ({ node, integer, oneOf }) => ({
    kind: "second-daemon",
    node: node(),
    lock: oneOf("usual", "other"),
    for: integer(120, 1500),
  }),
  "lock-moved": ({ integer }) => ({ kind: "lock-moved", every: integer(1, 30) }),
  "lock-stripped": ({ integer }) => ({
    kind: "lock-stripped",
    every: integer(10, 60),
    for: integer(60, 1200),
  }),
  kured: ({ node, integer }) => ({ kind: "kured", node: node(), for: integer(120, 900) }),
  outage: ({ integer }) => ({ kind: "outage", for: integer(3700, 5400) }),
  "other-version": ({ node, integer }) => ({ kind: "other-version", node: node(), for: integer(5, 120) }),
  "slow-etcd": ({ member, integer, chance }) => ({
    kind: "slow-etcd",
    node: member(),
    seconds: chance(0.5) ? undefined : integer(20, 300),
    for: integer(120, 900),
    isBroken: chance(0.4),
  }),
};

export const harsherKinds = Object.keys(draws) as HarsherKind[];

/** How long a storm goes on, in seconds, so that those which last have the time to do harm. */
export const stormSecondsOf: Partial<Record<HarsherKind, number>> = {
  refused: 1500,
  "second-daemon": 1500,
  "lock-stripped": 1500,
  "dull-watch": 1200,
  "frozen-watch": 1500,
  "slow-answers": 1500,
  "lagging-watch": 1800,
  "late-write": 900,
  "clock-step": 900,
  restored: 1500,
  suspended: 1200,
  kured: 1200,
  "slow-etcd": 1200,
  outage: 6000,
};
