/**
 * Every gate and every reason code for which a node may wait, each with one sentence for people. The types
 * below are derived from the tables, so a gate or a code that is not in them does not compile. The names are
 * labels of `rebootd_gate_closed` and are in the record. docs/reference/reasons.md lists them. Pure.
 */
import { obstacles } from "../drain/finding.ts";
import { refusals } from "../lock/refusal.ts";

interface Row {
  /** The condition for which the gate is open, in a sentence. */
  about: string;
  /** Each reason for which it is closed, in a sentence. */
  codes: Readonly<Record<string, string>>;
}

/** Codes of any asked gate that cannot be evaluated. */
export const unevaluated = {
  "cannot-tell": "The gate cannot be evaluated; the message gives the error.",
  "no-answer": "The gate has not answered before its deadline.",
  timeout: "The server that the gate asks was silent up to its own deadline (--prometheus-timeout).",
} as const;

/** Gates that are asked at their stages; each has a file in this folder. */
export const askedGates = {
  paused: {
    about: "Neither this node nor all nodes are paused.",
    codes: {
      node: "This node is paused: the annotation is on its Node.",
      cluster: "All nodes are paused: the annotation is on the object with the lock.",
    },
  },
  approval: {
    about: "A person has approved the reboot (--approval=manual).",
    codes: { missing: "Nobody has approved the reboot of this node." },
  },
  window: {
    about: "Reboots are allowed in the maintenance windows and outside the blackouts.",
    codes: {
      outside: "No maintenance window is open.",
      blackout: "A blackout date is in force.",
      "too-short": "The window is open, but closes before a cycle could end.",
    },
  },
  alerts: {
    about: "No alert of Prometheus that counts is active.",
    codes: { active: "Alerts are active and not silenced." },
  },
  queries: {
    about: "No query of --block-on-query has a result.",
    codes: { query: "A query has a result." },
  },
  pods: {
    about: "No pod on this node matches --blocking-pod-selector.",
    codes: { blocking: "A pod on this node matches." },
  },
  health: {
    about:
      "Every condition of --healthy-when holds; before the uncordon, those of --healthy-before-uncordon.",
    codes: {
      unhealthy: "The expression is false for an object.",
      "no-object": "There is no such object.",
      "not-served": "The cluster serves no such kind; its CustomResourceDefinition may be missing.",
      forbidden: "The daemon may not read the objects; the message names the right.",
    },
  },
  users: {
    about: "Nobody is logged in on this node (--logged-in-users).",
    codes: { "logged-in": "Somebody is logged in; the node waits for that up to a limit." },
  },
  inhibitors: {
    about: "No systemd inhibitor lock blocks shutdowns (--inhibitors).",
    codes: { held: "A program or a person blocks shutdowns." },
  },
  "opt-outs": {
    about: "No pod that the drain would evict asks for time (--wait-for-opt-outs).",
    codes: {
      asked: "Pods opt out of disruptions, or belong to Jobs; the node waits for them up to a limit.",
      late: "The limit has passed and they are still there: the node does not reboot (--opt-outs-late).",
    },
  },
  update: {
    about: "No update of the host is under way that a reboot would break off (--os=suse).",
    codes: { "under-way": "transactional-update is at work." },
  },
  disruption: {
    about:
      "A drain of this node could succeed (--preflight); rebootd plan reports findings with the same codes.",
    codes: obstacles,
  },
  "drain-names": {
    about: "Never closed: it reports options of the drain that match nothing on this node.",
    codes: {},
  },
  "control-plane": {
    about: "Straight before the reboot of a control-plane node: the rest of the control plane is whole.",
    codes: {
      "control-plane-not-ready": refusals["control-plane-not-ready"],
      "control-plane-not-whole": refusals["control-plane-not-whole"],
    },
  },
} as const satisfies Record<string, Row>;

/** Reasons of the lock and of the cycle itself. */
export const cycleGates = {
  need: {
    about: "A reboot is needed.",
    codes: { "cannot-tell": "rebootd cannot tell whether a reboot is needed; the message gives the error." },
  },
  rest: {
    about: "The node is not backing off.",
    codes: {
      withdrawn: "The last cycle ended before the reboot; the next one starts after a back-off.",
      requested: "A request came within an hour of the one before; it counts when the hour is over.",
    },
  },
  failures: {
    about: "The node has not failed too often in a row.",
    codes: { "given-up": "The node has failed --max-failures-per-node times in a row; a person must ask." },
  },
  departing: {
    about: "Nobody takes this node away, stops it or maintains it.",
    codes: {
      removal: "Somebody removes the node, or is about to stop its machine; the message says who.",
      maintenance: "Somebody upgrades, repairs or maintains the node; the message says who.",
      marked: "The node has a label or a taint of --departing-when.",
    },
  },
  lock: {
    about: "This node may take a slot of the lock.",
    codes: {
      ...refusals,
      unwritable: "The API server refuses the write of the lock, or it fails again and again.",
    },
  },
  node: {
    about: "The own Node can be read and written.",
    codes: {
      "cannot-tell": "rebootd cannot tell which pods of this node are Ready.",
      refused: "The API server refuses what the cycle changes on the Node.",
      unanswered: "A write of the Node had no answer; it is written again before the slot is released.",
      unwritable: "The API server does not let the cycle begin.",
    },
  },
  drain: {
    about: "The node is drained.",
    codes: {
      "pods-left": "Pods remain on the node; the message names them with their reasons.",
      "cannot-tell": "The pods of the node cannot be seen at the moment.",
      volumes: "The node is empty; volumes are not detached yet.",
      "reboot-delay": "The node is drained; --reboot-delay is not over.",
    },
  },
  hooks: {
    about: "The hooks have been run (--before-reboot-hooks, --before-reboot-job).",
    codes: {
      before: "Annotations that must be true before the reboot are not.",
      job: "The Job before the reboot has not ended.",
    },
  },
} as const satisfies Record<string, Row>;

export const gates = { ...askedGates, ...cycleGates };

export type AskedGate = keyof typeof askedGates;
export type GateName = keyof typeof gates;

/** The reasons for which a gate, or any of several, may be closed. */
export type ReasonCode<G extends GateName = GateName> = G extends GateName
  ? keyof (typeof gates)[G]["codes"] | (G extends AskedGate ? keyof typeof unevaluated : never)
  : never;

/** A closed gate and its reason: the one form for all gates, for the lock and for the cycle. */
export type Closed<G extends GateName = GateName> = { [Name in G]: ClosedFor<Name, ReasonCode<Name>> }[G];

interface ClosedFor<G, C> {
  gate: G;
  code: C;
  /** A sentence for people. */
  message: string;
  /** RFC 3339: the gate has been closed for this reason since then, without a break. */
  since?: string;
  /** Transient: a drained node waits until it is over. */
  isTransient?: true;
}

/** False for a reason of another version, or of nobody: records may have been written by hand. */
export function isKnownReason({ gate, code }: { gate: string; code: string }): boolean {
  if (!Object.hasOwn(gates, gate)) return false;
  const { codes } = gates[gate as GateName];
  return Object.hasOwn(codes, code) || (Object.hasOwn(askedGates, gate) && Object.hasOwn(unevaluated, code));
}

/** True if a reason, such as one from a stored record, has this gate and one of these codes. */
export function isReason<G extends GateName>(
  { gate, code }: { gate: string; code: string },
  name: G,
  ...codes: readonly ReasonCode<G>[]
): boolean {
  return gate === name && (codes.length === 0 || codes.some((one) => one === code));
}
