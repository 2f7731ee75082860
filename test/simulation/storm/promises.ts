/**
 * The promises, looked at after each change. It reads lock and record with eyes of its own, so that an error in the
 * daemon's reading is not repeated here.
 */
import type { Phase } from "../../../daemon/cycle/record.ts";
import { at, fields, type KubeObject, list, text } from "../../cluster/api/object.ts";
import { type ApiServer, restorer } from "../../cluster/api/server.ts";
import type { MachineEvent } from "../../cluster/machines/machine.ts";
import { otherLock } from "./harsh.ts";
import type { watchQuiet } from "./quiet.ts";

export interface Violation {
  promise: string;
  message: string;
}

/** What the world knows and the server does not. */
export interface Surroundings {
  server: ApiServer;
  now: () => number;
  bootID: (node: string) => string | undefined;
  /** What the node's daemon is told, or was a moment ago: how many may be down at most, and whether its window is open. */
  concurrencyOf: (node: string) => number;
  /** After how many failures in a row it does not start; infinity for never. */
  haltAfterOf: (node: string) => number;
  /** From the cordon; the longest of what it is told. */
  drainTimeoutMs: (node: string) => number;
  isWindowOpen: (node: string, now: number) => boolean;
  isGoingDown: (node: string) => boolean;
  quiet: ReturnType<typeof watchQuiet>;
  onViolation: (violation: Violation) => void;
}

export interface Promises {
  onMachineEvent(event: MachineEvent): void;
  /** How many changes and events were looked at. */
  readonly looks: number;
  /** Who cordoned the node last, while it is cordoned. */
  cordonerOf(node: string): Cordoner | undefined;
  /** The need has gone for good, or is a new one. */
  forgetNeed(node: string): void;
  /** Something begins or ends that its daemon cannot see at once; without a name all are concerned, and nothing is as it was. */
  disturb(node?: string, forMs?: number): void;
}

/** Who cordoned a node; "either" where nobody but us can tell. */
export type Cordoner = "daemon" | "person" | "either";

interface Entry {
  nodeID: string;
  nodeUID?: string;
  created?: string;
  concurrency?: number;
}

interface Record {
  phase?: Phase;
  bootID?: string;
  cordoned?: boolean;
  announced?: boolean;
  reboots?: number;
  failures?: number;
  request?: string;
  reasons?: { gate: string; message: string }[];
  outcome?: { message: string };
}

/**
 * What a person, or a slow network, changes behind a daemon's back cannot be seen at once: the checks before a step are
 * reads that follow each other, each of which may take so long.
 */
const graceMs = 45_000;
/** The window and the need are looked at last, and nearby. */
const shortGraceMs = 20_000;
/** What a process that is killed, or cut off, may be late by. */
const lateMs = 240_000;
/** From a look to the patch that says what was seen, where the server answers. */
const saveMs = 500;
/** A pod that was bound before the cordon shows up within this time. */
const newcomerMs = 10_000;
/** How often a need is served that does not go away, and once more for a reboot that was under way. */
const rebootsForOneNeedMax = 3;
/** After what a daemon cannot see at once, as its machine stood still, its clock was set, or a backup was restored. */
const disturbedMs = 5 * 60_000;
/** A server that refuses one thing for good, or is away, ends no drain. */
const undrainedMs = 90 * 60_000;
const never = Number.NEGATIVE_INFINITY;
const lockKeys = ["kube-system/rebootd", `kube-system/${otherLock}`];
const lockAnnotation = "rebootd.dev/lock";
const pausedAnnotation = "rebootd.dev/paused";
const requestedAnnotation = "rebootd.dev/reboot-requested";

export function watchPromises(surroundings: Surroundings): Promises {
  const { server, now, onViolation, quiet } = surroundings;
  const nodes = new Map<string, ReturnType<typeof history>>();
  let looks = 0;
  /** When nothing was as it was before. */
  let restoredAt = never;
  /** Since when a person has paused all nodes; undefined for not now. */
  let allPausedSince: number | undefined;

  const of = (name: string) => {
    const known = nodes.get(name) ?? history();
    nodes.set(name, known);
    return known;
  };
  const isRecent = (time: number, within = graceMs) => now() - time <= within;
  const violate = (promise: string, message: string) => onViolation({ promise, message });
  const isDisturbed = (name: string, within = disturbedMs) =>
    isRecent(restoredAt, within) || isRecent(of(name).disturbedAt, within);
  const leases = () => lockKeys.map((key) => server.stored("leases.coordination.k8s.io", key));
  const holders = () => leases().flatMap(entriesIn).filter(isHolder);
  /** Nodes whose machines were asked by their daemon, and are not back; whom a person has unlocked is no longer waited for. */
  const asked = () => {
    const unlocked = leases().flatMap(unlockedIn);
    const names = [...nodes].filter(([, { askedAt }]) => askedAt !== undefined).map(([name]) => name);
    // Whoever uncordons a node says that it is of use.
    return names.filter((name) => isCordoned(server.stored("nodes", name)) && !unlocked.includes(name));
  };
  const holds = (name: string) => holders().some(({ nodeID }) => nodeID === name);

  server.onChange("nodes", ({ object, previous, type }, user) => {
    looks += 1;
    const { name } = object.metadata;
    const node = of(name);
    if (type === "DELETED") {
      node.goneAt = now();
      node.cordoner = undefined;
      // The record goes with the Node, and so do wishes: nobody can know that it is down.
      node.askedAt = undefined;
      node.reboots = 0;
      node.pausedSince = undefined;
      node.requestedAt = never;
      return;
    }
    node.pausedSince = isAnnotated(object, pausedAnnotation) ? (node.pausedSince ?? now()) : undefined;
    if (isAnnotated(previous, requestedAnnotation)) node.requestedAt = now();
    if (isAnnotated(object, requestedAnnotation)) quiet.onRequested(name);
    const phase = recordIn(object).phase ?? "Idle";
    if (phase !== (recordIn(previous).phase ?? "Idle")) quiet.onPhase(name, phase);
    if (user === restorer) return onRestored(name, isCordoned(object), recordIn(object));
    const writer = daemonIn(user);
    if (writer !== undefined && writer !== name) {
      violate("a daemon writes no other Node", `${writer} has changed the Node ${name}`);
    }
    onCordon(name, writer, isCordoned(previous), isCordoned(object));
    if (writer !== undefined) onRecord(name, recordIn(previous), recordIn(object), isCordoned(object));
    checkDown();
  });

  function onRestored(name: string, cordoned: boolean, { cordoned: isOurs }: Record): void {
    restoredAt = now();
    const node = of(name);
    node.cordoner = cordoned ? (isOurs === true ? "daemon" : "either") : undefined;
    node.drainingSince = now();
    node.askedAt = undefined;
  }

  /** It goes down at any moment, and its daemon knows or had the time to know. */
  function isSurelyGoingDown(name: string): boolean {
    const { askedAt, goingDownAt } = of(name);
    const isKnown = askedAt !== undefined || (goingDownAt !== undefined && !isRecent(goingDownAt));
    return surroundings.isGoingDown(name) && isKnown && !isDisturbed(name);
  }

  function onCordon(name: string, writer: string | undefined, before: boolean, after: boolean): void {
    const node = of(name);
    if (before === after) return;
    if (after) {
      const isUnseen = node.isUncordonUnseen && !hasSeen(name, node.uncordonedAt);
      node.cordoner = writer !== undefined ? "daemon" : isUnseen ? "either" : "person";
      if (writer !== undefined) quiet.onCordon(name);
      if (writer !== undefined && !holds(name) && !isRecent(node.robbedAt) && !isDisturbed(name)) {
        violate("no cordon without a slot", `${name} was cordoned and holds no slot`);
      }
      return;
    }
    if (writer !== undefined && isSurelyGoingDown(name)) {
      violate("down is down", `${name} was uncordoned while it goes down`);
    }
    if (writer !== undefined && node.cordoner === "person") {
      violate("a person's cordon stays", `the daemon has uncordoned ${name}, which a person had cordoned`);
    }
    node.isUncordonUnseen = writer === undefined && node.cordoner === "daemon";
    if (writer === undefined) node.uncordonedAt = now();
    node.cordoner = undefined;
  }

  /** Whether the daemon that runs now has read its Node since then, and had the time to say so. */
  function hasSeen(name: string, since: number): boolean {
    const reads = server.ledger.entries({ user: `rebootd:${name}`, verb: "get", resource: "nodes", name });
    return reads.some(
      ({ start, status }) =>
        status === 200 && start > Math.max(since, of(name).endedAt) && start < now() - saveMs,
    );
  }

  function onRecord(name: string, before: Record, after: Record, cordoned: boolean): void {
    // The patch names the version of the Node that was looked at, so here nothing can have come in between.
    if (after.phase === "Rebooting" && before.phase === "Draining" && !cordoned) {
      violate("no reboot of a node that is not cordoned", `${name} is to reboot without a cordon`);
    }
    // What is asked for anew is looked at from the beginning.
    const isStill = before.phase === "Waiting" && after.request === before.request;
    if (after.phase === "Waiting" && (after.reasons ?? []).length === 0 && isStill) {
      violate("it says why it waits", `${name} waits and names no reason`);
    }
    if (after.phase === "Draining" && (before.phase !== "Draining" || before.announced))
      of(name).drainingSince = now();
    if (before.phase === "Draining" && after.phase !== "Draining") {
      const tookMs = now() - of(name).drainingSince;
      if (tookMs > surroundings.drainTimeoutMs(name) + lateMs && !isDisturbed(name, undrainedMs)) {
        violate("no endless drain", `${name} was drained for ${Math.round(tookMs / 1000)} s`);
      }
    }
    if (after.phase === "Settling" || after.phase === "Restoring") of(name).askedAt = undefined;
    if (after.phase === "Settling" && before.phase !== "Settling") {
      const bootID = surroundings.bootID(name);
      if (before.bootID === bootID) {
        violate("a reboot is proved", `${name} is said to have rebooted, and has not`);
      }
      const stored = server.stored("nodes", name);
      if (text(at(stored, "status", "nodeInfo", "bootID")) !== bootID || !isReady(stored)) {
        violate("a node is given back Ready", `${name} was given back before it was Ready under this boot`);
      }
    }
  }

  server.onChange("leases.coordination.k8s.io", ({ object, previous, type, key }, user) => {
    if (!lockKeys.includes(key)) return;
    looks += 1;
    const writer = daemonIn(user);
    const isPaused = type !== "DELETED" && isAnnotated(object, pausedAnnotation);
    allPausedSince = isPaused ? (allPausedSince ?? now()) : undefined;
    const before = entriesIn(previous);
    const after = type === "DELETED" ? [] : entriesIn(object);
    const isIn = (entries: readonly Entry[], { nodeID }: Entry) =>
      entries.some((other) => other.nodeID === nodeID);
    if (writer === undefined) {
      for (const entry of before.filter(isHolder)) {
        if (!isIn(after, entry)) of(entry.nodeID).robbedAt = now();
      }
      checkDown();
      return;
    }
    if (isUnreadable(previous) && JSON.stringify(lockIn(previous)) !== JSON.stringify(lockIn(object))) {
      violate("what cannot be read is left alone", `${writer} has overwritten ${lockIn(previous)}`);
    }
    const added = after.filter((entry) => !isIn(before, entry));
    for (const { nodeID } of added) {
      if (nodeID !== writer) violate("a daemon enters itself alone", `${writer} has entered ${nodeID}`);
      if (isDown(nodeID)) continue;
      if (isAnnotated(previous, pausedAnnotation)) {
        violate("a pause of all holds", `${writer} has entered while all nodes are paused`);
      }
      if (failuresIn(previous) >= surroundings.haltAfterOf(writer)) {
        violate(
          "a halt holds",
          `${writer} has entered after ${failuresIn(previous)} nodes had failed in a row`,
        );
      }
      if (after.some((entry) => !isHolder(entry))) {
        violate("a lock set by hand holds", `${writer} has entered a lock that was set by hand`);
      }
      const own = surroundings.concurrencyOf(writer);
      const most = Math.min(own, ...before.map(({ concurrency = 1 }) => concurrency));
      if (after.length > most) {
        violate("no more slots than allowed", `${writer} is one of ${after.length}, allowed are ${most}`);
      }
      const down = new Set([...after.map((entry) => entry.nodeID), ...asked()]);
      if (down.size > own && !isDisturbed(writer)) {
        const names = [...down].join(", ");
        violate("down is down", `${writer} has entered, and down or in are ${names}; allowed are ${own}`);
      }
      of(nodeID).robbedAt = never;
    }
    if (new Set(after.map(({ nodeID }) => nodeID)).size < after.length) {
      violate("a node has one slot", `${lockIn(object)} names a node twice`);
    }
    for (const entry of before.filter((one) => !isIn(after, one))) onRemoved(writer, entry);
    checkDown();
  });

  /** Its machine was asked, or comes back: it puts back what the lock has lost, whoever else is in. */
  function isDown(name: string): boolean {
    const { phase } = recordIn(server.stored("nodes", name));
    return of(name).askedAt !== undefined || phase === "Rebooting" || phase === "Returning";
  }

  function onRemoved(writer: string, entry: Entry): void {
    const { nodeID, nodeUID } = entry;
    const stored = server.stored("nodes", nodeID);
    if (!isHolder(entry)) {
      violate("a lock set by hand stays", `${writer} has taken ${nodeID} away, which was set by hand`);
    } else if (nodeID !== writer) {
      const isGone = stored === undefined || (nodeUID !== undefined && stored.metadata.uid !== nodeUID);
      if (!isGone && !isRecent(of(nodeID).goneAt)) {
        violate("no slot is stolen", `${writer} has taken the slot of ${nodeID}`);
      }
    } else if (isSurelyGoingDown(nodeID)) {
      violate("down is down", `${nodeID} has released its slot while it goes down`);
    } else if (isCordoned(stored) && of(nodeID).cordoner === "daemon") {
      violate("uncordon, then release", `${nodeID} gave its slot back and is still cordoned`);
    }
  }

  /** Nodes that are down with a slot, or should have one. Whose slot a person has taken away is no daemon's fault. */
  function checkDown(): void {
    const held = holders().map(({ nodeID }) => nodeID);
    const down = [...nodes].filter(([, { cordoner }]) => cordoner === "daemon").map(([name]) => name);
    const homeless = down.filter(
      (name) => !held.includes(name) && of(name).robbedAt === never && !isDisturbed(name),
    );
    for (const name of homeless)
      violate("down with a slot", `${name} is cordoned by its daemon without a slot`);
  }

  return {
    get looks() {
      return looks;
    },
    cordonerOf: (name) => of(name).cordoner,
    forgetNeed(name) {
      of(name).reboots = 0;
    },
    disturb(name, forMs = 0) {
      if (name === undefined) restoredAt = now();
      else of(name).disturbedAt = Math.max(of(name).disturbedAt, now() + forMs);
    },
    onMachineEvent(event) {
      looks += 1;
      const { machine: name } = event;
      const node = of(name);
      if (event.type === "sentinel") {
        if (!event.present) node.unwantedAt = now();
        node.isNeeded = event.present;
      }
      if (event.type === "daemon-ended") node.endedAt = now();
      if (event.type === "going-down") {
        node.goingDownAt = now();
        if (event.cause === "command") node.askedAt = now();
      }
      if (event.type === "booted") node.goingDownAt = undefined;
      if (event.type !== "down") return;
      if (event.cause === "command") onReboot(name);
    },
  };

  function onReboot(name: string): void {
    const node = of(name);
    node.reboots += 1;
    if (node.reboots > rebootsForOneNeedMax) {
      violate("no reboot loop", `${name} was rebooted ${node.reboots} times for one need`);
    }
    const stored = server.stored("nodes", name);
    const record = recordIn(stored);
    if (isRecent(restoredAt, disturbedMs)) return;
    if (stored === undefined) {
      if (!isRecent(node.goneAt))
        violate("no reboot without its Node", `${name} has no Node, and was rebooted`);
      return;
    }
    if (!holds(name) && !isRecent(node.robbedAt)) {
      violate("no reboot without a slot", `${name} was rebooted without a slot`);
    }
    if (!isCordoned(stored) && !isRecent(node.uncordonedAt)) {
      violate("no reboot of a node that is not cordoned", `${name} was rebooted without a cordon`);
    }
    const isLookedAtInTime = !isDisturbed(name);
    for (const since of isLookedAtInTime ? [node.pausedSince, allPausedSince] : []) {
      if (since !== undefined && !isRecent(since, shortGraceMs))
        violate("no reboot of a paused node", `${name} was rebooted, and had been paused before`);
    }
    const isRequested = isAnnotated(stored, requestedAnnotation) || isRecent(node.requestedAt, shortGraceMs);
    const isUnwanted = !node.isNeeded && !isRequested && !isRecent(node.unwantedAt, shortGraceMs);
    if (isUnwanted && isLookedAtInTime) {
      violate("no reboot without need", `${name} was rebooted without need`);
    }
    if (record.phase !== "Rebooting" && !isRecent(node.goneAt)) {
      violate("the record says that it reboots", `${name} was rebooted while ${record.phase}`);
    }
    if (isLookedAtInTime && ![0, shortGraceMs].some((ms) => surroundings.isWindowOpen(name, now() - ms))) {
      violate("no reboot outside the window", `${name} was rebooted outside its window`);
    }
    for (const pod of server.storedAll("pods")) {
      const { creationTimestamp, deletionTimestamp } = pod.metadata;
      const isOurs = at(pod, "spec", "nodeName") === name && at(pod, "status", "phase") === "Running";
      if (!isOurs || deletionTimestamp !== undefined || isRecent(node.uncordonedAt)) continue;
      if (isRecent(Date.parse(creationTimestamp), newcomerMs)) continue;
      violate("no pod goes down with its node", `the reboot of ${name} killed ${pod.metadata.name}`);
    }
  }
}

function history() {
  return {
    cordoner: undefined as Cordoner | undefined,
    /** When a person took its slot away, its Node, its cordon or its need. */
    robbedAt: never,
    goneAt: never,
    uncordonedAt: never,
    unwantedAt: never,
    /** When a request for it was there last, and since when a person has paused it. */
    requestedAt: never,
    pausedSince: undefined as number | undefined,
    drainingSince: 0,
    /** Since when its machine was asked by its daemon, until it is back, or is seen not to have gone. */
    askedAt: undefined as number | undefined,
    goingDownAt: undefined as number | undefined,
    disturbedAt: never,
    /** A person has taken the daemon's cordon away: if they cordon anew before it has looked, nothing tells the two apart. */
    isUncordonUnseen: false,
    endedAt: never,
    isNeeded: false,
    /** For the need that stands now. */
    reboots: 0,
  };
}

function daemonIn(user: string): string | undefined {
  return /^rebootd:(.+)$/.exec(user)?.[1];
}

function isCordoned(node: KubeObject | undefined): boolean {
  return at(node, "spec", "unschedulable") === true;
}

function isAnnotated(object: KubeObject | undefined, key: string): boolean {
  return object?.metadata.annotations?.[key] !== undefined;
}

function isReady(node: KubeObject | undefined): boolean {
  return list(at(node, "status", "conditions")).some(
    (condition) => at(condition, "type") === "Ready" && at(condition, "status") === "True",
  );
}

export function recordIn(node: KubeObject | undefined): Record {
  const value = node?.metadata.annotations?.["rebootd.dev/cycle"];
  return value === undefined ? {} : (JSON.parse(value) as Record);
}

function unlockedIn(lease: KubeObject | undefined): string[] {
  const unlocked = JSON.parse(lease?.metadata.annotations?.["rebootd.dev/unlocked"] ?? "[]") as {
    node: string;
  }[];
  return unlocked.map(({ node }) => node);
}

export function lockIn(lease: KubeObject | undefined): string | undefined {
  return lease?.metadata.annotations?.[lockAnnotation];
}

function failuresIn(lease: KubeObject | undefined): number {
  return list(JSON.parse(lease?.metadata.annotations?.["rebootd.dev/failures"] ?? "[]")).length;
}

function isUnreadable(lease: KubeObject | undefined): boolean {
  try {
    JSON.parse(lockIn(lease) ?? "{}");
    return false;
  } catch {
    return true;
  }
}

/** Entries of the lock, whoever has made them. */
function entriesIn(lease: KubeObject | undefined): Entry[] {
  if (isUnreadable(lease)) return [];
  const value = fields(JSON.parse(lockIn(lease) ?? "{}"));
  const entries = Array.isArray(value["locks"]) ? value["locks"] : [value];
  return entries.filter((entry): entry is Entry => typeof at(entry, "nodeID") === "string");
}

/** People write no `created`. */
function isHolder({ created }: Entry): boolean {
  return created !== undefined;
}
