/** The texts of the confirmations: what a change does, exactly. Pure. */
import type { ChangeName, Changes } from "../wire.ts";
import { phaseLook } from "./phases.ts";

export interface Confirmation<N extends ChangeName = ChangeName> {
  title: string;
  /** The effects, and what stays as it is. */
  sentences: string[];
  /** The text of the button that does it. */
  action: string;
  /** True if it can take a node down, or a slot away. */
  isGrave: boolean;
  asksReason: boolean;
  /** True if it can end by itself after a time. */
  asksUntil: boolean;
  /** True if it can go past the window and alerts. */
  asksUrgent: boolean;
  change: N;
  body: Changes[N];
}

const plain = { isGrave: false, asksReason: false, asksUntil: false, asksUrgent: false };

const pauseStops = [
  "A drain under way is stopped: the node is restored and its slot released.",
  "A machine that is already rebooting is not stopped.",
];
const startsSoon = "A node that needs a reboot starts as soon as its gates are open and a slot is free.";

export function pauseNode(node: string): Confirmation<"pause"> {
  return {
    ...plain,
    title: `Pause ${node}?`,
    sentences: [`${node} starts no reboot until it is resumed.`, ...pauseStops],
    action: "Pause the node",
    asksReason: true,
    asksUntil: true,
    change: "pause",
    body: { node },
  };
}

export function pauseAll(nodes: number): Confirmation<"pause"> {
  return {
    ...plain,
    title: "Pause all nodes?",
    sentences: [`None of the ${nodes} nodes starts a reboot until all are resumed.`, ...pauseStops],
    action: "Pause all nodes",
    asksReason: true,
    asksUntil: true,
    change: "pause",
    body: {},
  };
}

export function resumeNode(node: string): Confirmation<"resume"> {
  return {
    ...plain,
    title: `Resume ${node}?`,
    sentences: [`The pause of ${node} ends, and its failures are forgotten.`, startsSoon],
    action: "Resume the node",
    change: "resume",
    body: { node },
  };
}

export function resumeAll(): Confirmation<"resume"> {
  return {
    ...plain,
    title: "Resume all nodes?",
    sentences: [
      "The pause of all nodes ends, and failures in a row are counted from zero.",
      startsSoon,
      "Nodes that are paused one by one stay paused.",
    ],
    action: "Resume all nodes",
    change: "resume",
    body: {},
  };
}

export function rebootNode(node: string, phase: string): Confirmation<"reboot"> {
  return {
    ...plain,
    title: `Reboot ${node}?`,
    sentences: [
      `Now ${node} ${phaseLook(phase).doing}.`,
      "The request makes it need a reboot. It still waits for its gates, its window and a free slot.",
      "Then it is cordoned and drained, its pods move to other nodes, and the machine reboots.",
    ],
    action: "Request the reboot",
    isGrave: true,
    asksReason: true,
    asksUrgent: true,
    change: "reboot",
    body: { node },
  };
}

export function lockAll(): Confirmation<"lock"> {
  return {
    ...plain,
    title: "Lock the cluster?",
    sentences: [
      "A manual entry is added to the lock: no node starts a reboot until it is unlocked.",
      "Nodes that hold a slot now go on to their end.",
    ],
    action: "Lock",
    asksReason: true,
    change: "lock",
    body: {},
  };
}

export function unlockAll(manual: readonly { name: string; reason?: string }[]): Confirmation<"unlock"> {
  const entries = manual.map(({ name, reason }) => (reason === undefined ? name : `${name} (${reason})`));
  return {
    ...plain,
    title: "Remove the manual lock?",
    sentences: [
      `The manual entries are removed: ${entries.join(", ")}.`,
      "Somebody may have set them for a reason: ask first.",
      startsSoon,
    ],
    action: "Unlock",
    isGrave: true,
    change: "unlock",
    body: {},
  };
}

export function releaseSlot(node: string): Confirmation<"unlock"> {
  return {
    ...plain,
    title: `Take the slot from ${node}?`,
    sentences: [
      `The entry of ${node} is removed from the lock, and another node can start at once.`,
      `If ${node} is down or half drained, one more node than the limit may be down then.`,
      "Do this only for a node that does not come back.",
    ],
    action: "Take the slot",
    isGrave: true,
    change: "unlock",
    body: { node },
  };
}
