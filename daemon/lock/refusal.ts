/** Each reason for which the lock lets no cycle start, in a sentence for people. */
export const refusals = {
  "lock-unreadable": "The lock annotation cannot be read; the message says how to repair it.",
  "lock-manual": "The lock is locked manually, with rebootd lock or kubectl.",
  "lock-foreign": "Another program, such as kured, holds a slot for this node.",
  "lock-taken": "All slots are taken.",
  "lock-interval": "The last reboot in the cluster was less than --min-interval ago.",
  "lock-full": "The lock annotation has no room for another holder.",
  "lock-control-plane": "Another control-plane node holds a slot.",
  "lock-zone": "All slots of the node's zone are taken (--max-per-zone).",
  "lock-pool": "All slots of the node's pool are taken (--max-per-pool).",
  "lock-lost": "Nodes that are down without a slot count as holders and leave no free slot.",
  "control-plane-not-ready": "Other control-plane nodes are not Ready.",
  "control-plane-not-whole":
    "Critical static pods of other control-plane nodes, such as etcd, are not Ready.",
  "too-many-unavailable": "Too many nodes are not Ready, cordoned or in the lock (--max-unavailable).",
  "nodes-unknown": "The state of the other nodes is unknown.",
  halted: "Too many nodes have failed in a row; no node starts until rebootd resume --all.",
  "failures-unreadable": "The annotation that counts failures cannot be read.",
} as const;

export type RefusalCode = keyof typeof refusals;

/** The reason why a cycle may not start now: a closed gate, as in gates/reasons.ts. */
export type Refusal = LockRefusal | ({ gate: "paused"; code: "cluster" } & Refused);

export type LockRefusal<C extends RefusalCode = RefusalCode> = { gate: "lock"; code: C } & Refused;

interface Refused {
  message: string;
  /** Nodes that are in the way, if the message does not name them. */
  by?: readonly string[];
  /** When it ends by itself, if that is known; milliseconds since the epoch. */
  until?: number | undefined;
  /** Only other Nodes show when that changes, not the lock object: they have to be looked at again. */
  dependsOnNodes?: true;
}

const byPeople: ReadonlySet<string> = new Set<RefusalCode>([
  "lock-manual",
  "lock-unreadable",
  "halted",
  "failures-unreadable",
]);

/**
 * True if only a person ends it, or an event worth a person's attention; false if it changes with each
 * holder.
 */
export function isByPeople({ gate, code }: { gate: string; code: string }): boolean {
  return gate === "paused" || (gate === "lock" && byPeople.has(code));
}
