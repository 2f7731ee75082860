/** The kinds of messages, which are the words of `rebootd.on`, in the order of a cycle. */
export const messageKinds = {
  started: "a node is about to be cordoned and drained",
  rebooting: "the machine is about to be asked to reboot",
  done: "a node is back: its reboot is proved, and it is uncordoned",
  restored: "a cycle has ended before the reboot without a failure, and the node is as it was found",
  failed: "a drain, a reboot or a return has failed, or the API server refuses what the cycle writes",
  blocked: "a node has needed a reboot for longer than --notify-blocked-after, and still waits",
  overdue: "another node holds a slot for longer than a cycle takes, and is NotReady",
  halted: "failures have halted all reboots in the cluster",
  orphan: "the entry of a node that no longer exists was removed from the lock",
} as const;

export type MessageKind = keyof typeof messageKinds;
export const messageKindNames = Object.keys(messageKinds) as MessageKind[];

/** A message as every destination gets it. Texts are without control characters; only `text` may have line breaks. */
export interface Message {
  /** The same in each attempt, so that receivers can tell a repeat: at most 200 printable ASCII characters. */
  id: string;
  kind: MessageKind;
  /** The reason of the event, as in the log and in the events of the Node. */
  event: string;
  level: "info" | "warn" | "error";
  node: string;
  /** A few words, such as "n1: the drain has failed". */
  title: string;
  text: string;
  /** When it happened: RFC 3339, UTC. */
  at: string;
  /** Names the trouble or cycle of this node: `done` and `restored` end what `failed` has opened under the same key. */
  topic: string;
  /** Names what all nodes do in one night: messages with the same wave belong together. */
  wave: string;
  /** The page that says what to do. */
  runbook: string | undefined;
}
