/**
 * The messages between the server of `rebootd ui` and its page. The page knows nothing else of the daemon, so this
 * file imports nothing. Times are RFC 3339. Texts are those of the cluster as they are: the page shows them as
 * text, never as HTML.
 */

/** The phase of a node. "Gone": a holder of the lock without a Node. "Unknown": its record cannot be read. */
export type TilePhase =
  | "Idle"
  | "Waiting"
  | "Draining"
  | "Rebooting"
  | "Returning"
  | "Settling"
  | "Restoring"
  | "Failed"
  | "Gone"
  | "Unknown";

/** One node of the fleet. A field that is not known is absent. */
export interface NodeTile {
  name: string;
  phase: TilePhase;
  /** The beginning of the phase. */
  since?: string;
  zone?: string;
  pool?: string;
  /** Absent if the node's condition was not looked at. */
  isReady?: boolean;
  holdsSlot: boolean;
  /** The troubles of the node and of its daemon as sentences, the worst first. */
  troubles: string[];
  /** The reasons why it waits, or its error, as sentences. */
  why: string[];
  neededSince?: string;
  priority: string;
  /** The cycle that is under way, else the last one. */
  cycle?: CycleTimes;
}

/**
 * When the parts of a cycle began. The drain lasts from `drainFrom` to `downFrom`, the reboot from there to `backAt`
 * (the new boot), the return from there to `endedAt`.
 */
export interface CycleTimes {
  drainFrom?: string;
  downFrom?: string;
  backAt?: string;
  /** Absent while the cycle is under way. */
  endedAt?: string;
  /** How it ended; absent while it is under way. */
  result?: "rebooted" | "failed" | "withdrawn";
}

/** The fleet without its nodes. */
export interface FleetHead {
  /** When the server has seen this state. */
  at: string;
  /** The cluster, as its kubeconfig names it. */
  cluster: string;
  /** True if the server accepts changes: `--allow-changes`. */
  canChange: boolean;
  lock: {
    /** Such as "lease/rebootd in kube-system". */
    object: string;
    annotation: string;
    state: "free" | "held" | "manual" | "unreadable";
    /** The same as a sentence. */
    message: string;
  };
  /** Manual locks. */
  manual: { name: string; since?: string; reason?: string }[];
  /** `max` is absent while no node holds a slot that names it. */
  slots: { held: number; max?: number };
  /** Present if all nodes are paused, as a sentence. */
  pausedMessage?: string;
  /** True if no node starts after failures until `rebootd resume --all`. */
  halted: boolean;
  /** Present if nodes have failed in a row, as a sentence. */
  failuresMessage?: string;
  /** Annotations that are not understood, as sentences. */
  misread: string[];
  /** Nodes, nodes with a Ready daemon, and nodes that need a reboot. */
  count: { nodes: number; daemons: number; needReboot: number };
}

/** The event `fleet`: everything. It is the first event of a stream, and may come again: then it replaces all. */
export interface FleetMessage extends FleetHead {
  /** Sorted by name. */
  nodes: NodeTile[];
}

/** The event `change`: the head as it is now, the nodes that have changed, and the names of those that are gone. */
export interface ChangeMessage extends FleetHead {
  nodes: NodeTile[];
  gone: string[];
}

/** The event `trouble`: the cluster does not answer, so what is shown is old. Without a message: it answers again. */
export interface TroubleMessage {
  at: string;
  message?: string;
}

/** The event streams at GET `events`, by the names of their events. */
export interface StreamMessages {
  fleet: FleetMessage;
  change: ChangeMessage;
  trouble: TroubleMessage;
}

/** GET `node/NAME`. */
export interface NodeDetail {
  name: string;
  /** The text of `rebootd explain`, line by line; a line that explains the one before is indented by two spaces. */
  lines: string[];
  /** The last cycles, the newest first. */
  history: PastCycle[];
  /** The last events on the Node, the newest first. */
  events: NodeEvent[];
}

export interface PastCycle {
  result: "rebooted" | "failed" | "withdrawn";
  /** When it ended. */
  at: string;
  /** The need of its reboot; may be empty. */
  why: string;
  message: string;
  waitMs?: number;
  drainMs?: number;
  bootMs?: number;
  returnMs?: number;
}

export interface NodeEvent {
  /** When it happened last. */
  at: string;
  type: "Normal" | "Warning";
  reason: string;
  message: string;
  /** How often it has happened, at least 1. */
  count: number;
}

/** GET `forecast`: when the nodes would reboot. GET `calendar` is the same as an iCalendar file. */
export interface ForecastMessage {
  from: string;
  until: string;
  nodes: NodeForecast[];
  windows: ForecastWindow[];
  blackouts: ForecastWindow[];
  assumptions: string[];
}

/** A node without `startsAt` does not reboot in that time, and `why` says why. */
export interface NodeForecast {
  node: string;
  startsAt?: string;
  endsAt?: string;
  /** Nodes of one priority go by lot, so it may also start at any time between these. */
  lot?: { earliest: string; latest: string };
  why: string[];
}

/** `of`: the daemons to which it applies, where there are several kinds. */
export interface ForecastWindow {
  opensAt: string;
  closesAt: string;
  of?: string;
}

/**
 * The body of POST `pause`, `resume`, `reboot`, `lock` and `unlock`, as JSON with the headers {@link changeHeaders}.
 * They exist with `--allow-changes` only.
 */
export interface Changes {
  /** Without a node: all nodes. `until` is a time or a duration such as "8h", as with `rebootd pause`. */
  pause: { node?: string; reason?: string; until?: string };
  /** Without a node: the pause of all, and the count of failures in a row. */
  resume: { node?: string };
  reboot: { node: string; reason?: string; urgent?: boolean };
  lock: { reason?: string };
  /** Without a node: the manual locks; else the slot of the node. */
  unlock: { node?: string };
}

export type ChangeName = keyof Changes;

/** Headers that no other site can send without being asked first. */
export const changeHeaders = { "content-type": "application/json", "x-rebootd": "1" } as const;

/** The answer to each POST, and to each GET that fails: one sentence. The status is 200 if it was done. */
export interface Answer {
  message: string;
}
