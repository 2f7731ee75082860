/**
 * The promises, looked at after each change. It reads lock and record with eyes of its own, so that an error in the
 * daemon's reading is not repeated here.
 */

import { at, type KubeObject, text } from "../../kubernetes/api/object.ts";
import { type ApiServer, restorer } from "../../kubernetes/api/server.ts";
import type { Change } from "../../kubernetes/api/store.ts";
import type { Machine, MachineEvent } from "../../kubernetes/machines/machine.ts";
import { watchDown } from "./down-is-down.ts";
import {
  daemonIn,
  type Entry,
  entriesIn,
  failuresIn,
  isAnnotated,
  isCordoned,
  isHolder,
  isMark,
  isReady,
  isUnreadable,
  lockIn,
  lockNamed,
  type RecordOnNode,
  recordIn,
} from "./eyes.ts";
import { locks } from "./locks.ts";
import { watchModeration } from "./moderation.ts";

export interface Violation {
  promise: string;
  message: string;
}

/** What the world knows and the server does not. */
export interface Surroundings {
  server: ApiServer;
  now: () => number;
  machine: (node: string) => Machine;
  /** Keys of the objects that its daemon is told to keep the lock on, or was a moment ago. */
  locksOf: (node: string) => readonly string[];
  /** How many daemons the node has, or had a while ago. */
  daemonsOf: (node: string) => number;
  /** By how much more than usual what its daemon reads is late, and what it writes. */
  latenessMs: (node: string) => number;
  /** For how long it could not reach the server, or stood still, since then. */
  disturbedMs: (node: string, since: number) => number;
  /** For how long the server was away since then. */
  awayMs: (since: number) => number;
  /** What the node's daemon is told, or was a moment ago: how many may be down at most, and whether its window is open. */
  concurrencyOf: (node: string) => number;
  /** After how many failures in a row, of either kind, it does not start; infinity for never. */
  haltAfterOf: (node: string) => { reboots: number; drains: number };
  /** From the cordon; the longest of what it is told. */
  drainTimeoutMs: (node: string) => number;
  /** The shortest of them. */
  leastDrainTimeoutMs: (node: string) => number;
  /** After how many failures in a row it is left alone until a person asks; infinity for never. */
  failuresMaxOf: (node: string) => number;
  isWindowOpen: (node: string, now: number) => boolean;
  /** Whether its daemon is told to look, before it begins, whether the drain can succeed. */
  isPreflightOn: (node: string) => boolean;
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
  /**
   * Somebody is about to write a record that is none of its daemon's. From then on nobody can know whose the cordon is, nor which drain
   * it is, until a cycle has come to its end.
   */
  onForged(node: string): void;
  /** Whether that has ever happened. */
  wasForged(node: string): boolean;
  /** A person takes its slot away on purpose, and so answers for what follows. */
  takenAway(node: string): void;
  /** Whether the lock has lost its slot, and has not got it back. */
  isRobbed(node: string): boolean;
  onRequest(node: string, path: string): void;
}

/** Who cordoned a node; "either" where nobody but us can tell. */
export type Cordoner = "daemon" | "person" | "either";

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
/** The server is looked at so often, at either end of an outage. */
const awayLooksMs = 20_000;
const never = Number.NEGATIVE_INFINITY;
const pausedAnnotation = "rebootd.dev/paused";
const mirrorAnnotation = "kubernetes.io/config.mirror";
const requestedAnnotation = "rebootd.dev/reboot-requested";

export function watchPromises(surroundings: Surroundings): Promises {
  const { server, now, onViolation } = surroundings;
  const nodes = new Map<string, ReturnType<typeof history>>();
  let looks = 0;
  /** Since when a person has paused all nodes that look at this lock. */
  const allPausedSince = new Map<string, number>();

  const of = (name: string) => {
    const known = nodes.get(name) ?? history();
    nodes.set(name, known);
    return known;
  };
  const isRecent = (name: string, time: number, within = graceMs) =>
    now() - time <= within + surroundings.latenessMs(name);
  const violate = (promise: string, message: string) => onViolation({ promise, message });
  const down = watchDown({ ...surroundings, violate });
  const moderation = watchModeration({ ...surroundings, violate });
  const holders = () =>
    Object.values(locks).flatMap(({ resource, key }) =>
      entriesIn(server.stored(resource, key)).filter(isHolder),
    );
  const holds = (name: string) => holders().some(({ nodeID }) => nodeID === name);

  server.onChange("nodes", ({ object, previous, type }, user) => {
    looks += 1;
    const { name } = object.metadata;
    const node = of(name);
    if (type === "DELETED") {
      node.goneAt = now();
      node.cordoner = undefined;
      down.except(name);
      // The record goes with the Node, and so do wishes.
      node.reboots = 0;
      node.pausedSince = undefined;
      node.requestedAt = never;
      node.said = {};
      return;
    }
    node.pausedSince = isAnnotated(object, pausedAnnotation) ? (node.pausedSince ?? now()) : undefined;
    if (isAnnotated(previous, requestedAnnotation)) node.requestedAt = now();
    if (isUrgent(previous) || isUrgent(object)) node.urgentAt = now();
    const writer = daemonIn(user);
    if (writer !== undefined && writer !== name) {
      violate("a daemon writes no other Node", `${writer} has changed the Node ${name}`);
    }
    if (writer !== undefined) onLabels(name, labelsIn(previous), labelsIn(object));
    if (user === restorer) onRestored(name, recordIn(previous), object);
    else onCordon(name, writer, isCordoned(previous), isCordoned(object));
    down.onNode(name, object);
    if (writer !== undefined || user === restorer) moderation.onPhase(name, recordIn(object).phase ?? "Idle");
    if (writer !== undefined) {
      onRecord(name, recordIn(previous), recordIn(object), isCordoned(object));
    }
    if (writer !== undefined) trust(name, recordIn(object));
    checkDown();
  });

  const wasForged = (name: string) => of(name).forgedAt !== never;

  function onForged(name: string): void {
    const node = of(name);
    node.forgedAt = now();
    node.isForged = true;
    node.drainingSince = now();
    node.reboots = 0;
    // What says of a node that is down that it is.
    if (!surroundings.machine(name).isUp || surroundings.machine(name).isGoingDown) down.except(name);
  }

  /** The Node says what it said some time ago, also of whose cordon it is; nothing tells when its slot went. */
  function onRestored(name: string, before: RecordOnNode, restored: KubeObject): void {
    const node = of(name);
    node.wasDown ||= isDownIn(before);
    node.said = recordIn(restored);
    node.isUncordonUnseen = node.cordoner === "daemon" && !isCordoned(restored);
    const isOurs = recordIn(restored).cordoned === true;
    node.cordoner = isCordoned(restored) ? (isOurs ? "daemon" : "person") : undefined;
    node.restoredAt = now();
    node.robbedAt = now();
    node.uncordonedAt = now();
    node.drainingSince = now();
    node.reboots = 0;
    down.except(name);
  }

  function onLabels(name: string, before: string, after: string): void {
    if (before !== after)
      violate("labels that Kubernetes protects stay", `${name} had ${before}, and has ${after}`);
  }

  function onCordon(name: string, writer: string | undefined, before: boolean, after: boolean): void {
    const node = of(name);
    if (before === after) return;
    if (after) {
      const isUnseen = node.isUncordonUnseen && !hasSeen(name, node.uncordonedAt);
      node.cordoner = writer !== undefined ? "daemon" : isUnseen ? "either" : "person";
      if (writer !== undefined) moderation.onCordon(name);
      if (writer !== undefined && !holds(name) && !isRecent(name, node.robbedAt)) {
        violate("no cordon without a slot", `${name} was cordoned and holds no slot`);
      }
      return;
    }
    if (writer !== undefined && node.cordoner === "person" && !node.isForged) {
      violate("a person's cordon stays", `the daemon has uncordoned ${name}, which a person had cordoned`);
    }
    if (writer === undefined) down.onOpened(name);
    else down.onUncordoned(name);
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

  function onRecord(name: string, found: RecordOnNode, after: RecordOnNode, cordoned: boolean): void {
    const { isForged, said: before = found } = of(name);
    of(name).said = after;
    // Which cordon is whose is what the daemon takes from the record, now that it has written it again.
    if (isForged && cordoned) of(name).cordoner = after.cordoned ? "daemon" : "person";
    // The patch names the version of the Node that was looked at, so here nothing can have come in between.
    // What a process before this one has sent late is put right, to what a record says that it has found forged.
    const isPutRight = isForged && surroundings.latenessMs(name) > 0;
    if (after.phase === "Rebooting" && before.phase === "Draining" && !cordoned && !isPutRight) {
      violate("no reboot of a node that is not cordoned", `${name} is to reboot without a cordon`);
    }
    // The need was gone: one that comes later is another.
    if (after.phase === "Idle") of(name).reboots = 0;
    if (!isDownIn(after)) of(name).wasDown = false;
    if (isDownIn(before)) of(name).downAt = now();
    // What is asked for anew is looked at from the beginning.
    const isStill = [before, found].every(
      ({ phase, request }) => phase === "Waiting" && request === after.request,
    );
    if (after.phase === "Waiting" && (after.reasons ?? []).length === 0 && isStill) {
      violate("it says why it waits", `${name} waits and names no reason`);
    }
    const failuresMax = surroundings.failuresMaxOf(name);
    if (
      after.phase === "Draining" &&
      before.phase !== after.phase &&
      (before.failures ?? 0) >= failuresMax &&
      !wasForged(name)
    ) {
      const times = `${name} begins again after ${before.failures} failures, and nobody has asked for it`;
      violate("a node that was given up is left alone", times);
    }
    if (after.phase === "Draining" && (before.phase !== "Draining" || before.announced)) {
      of(name).drainingSince = now();
      of(name).begunAt = now();
      of(name).evictedOf.clear();
    }
    if (after.phase === "Draining" && before.phase !== "Draining" && !isForged && isInVain(name, before)) {
      const what = `${name} is drained again of pods whose grace has outlasted a drain`;
      violate("no long job is ended again and again", what);
    }
    if (before.phase === "Draining" && after.phase !== "Draining") {
      // Time in which it can see and do nothing does not count.
      const since = of(name).drainingSince;
      const blindMs = Math.max(surroundings.disturbedMs(name, since), surroundings.awayMs(since));
      const tookMs = now() - since - blindMs;
      // Of what was before its daemon was started it cannot know.
      const awayMs = surroundings.awayMs(Math.max(since, of(name).startedAt));
      // A node that goes on to its reboot still has the outcome of the cycle before.
      const isGivenUp = after.phase === "Restoring" && after.outcome?.result === "failed";
      // Of a drain that a restore has brought back it does not know for how long the server was away in it.
      const isOwn = since > of(name).restoredAt && !isForged;
      const isLate = isGivenUp && isOwn && after.outcome?.message.includes("deadline");
      const leastMs = surroundings.leastDrainTimeoutMs(name) - awayLooksMs;
      if (isLate && awayMs > 0 && now() - since - awayMs < leastMs) {
        violate(
          "an outage is no failure",
          `${name} has failed, and the server was away while it was drained`,
        );
      }
      // Nor does that in which it did not run.
      const isNew = now() - of(name).startedAt < lateMs;
      if (!isNew && tookMs > surroundings.drainTimeoutMs(name) + lateMs) {
        violate("no endless drain", `${name} was drained for ${Math.round(tookMs / 1000)} s`);
      }
    }
    if (after.phase === "Settling" && before.phase !== "Settling") {
      const bootID = surroundings.machine(name).boots.at(-1)?.bootID;
      if (before.bootID === bootID || of(name).enteredUnder === bootID) {
        violate("a reboot is proved", `${name} is said to have rebooted, and has not`);
      }
      const stored = server.stored("nodes", name);
      const isBack = text(at(stored, "status", "nodeInfo", "bootID")) === bootID && isReady(stored);
      // It was given back before, and the restore has taken away what says so.
      if (!isBack && !isRecent(name, of(name).restoredAt)) {
        violate("a node is given back Ready", `${name} was given back before it was Ready under this boot`);
      }
    }
  }

  /** A cycle that has begun since, or the rest after one, is its daemon's own again. */
  function trust(name: string, { phase, cordoned }: RecordOnNode): void {
    const isAtRest = phase === undefined || phase === "Idle" || phase === "Waiting" || phase === "Failed";
    // What is still to be undone is not over.
    if (isAtRest && cordoned !== true && !holds(name) && !isRecent(name, of(name).forgedAt))
      of(name).isForged = false;
  }

  /** Whether a pod with a grace that has outlasted a drain has been on the node for a while, and a drain may not last as long now. */
  function isInVain(name: string, { phase, slowGraceSeconds }: RecordOnNode): boolean {
    const isAgain = phase !== "Rebooting" && slowGraceSeconds !== undefined;
    if (!isAgain || !surroundings.isPreflightOn(name) || isRecent(name, of(name).restoredAt)) return false;
    return server.storedAll("pods").some((pod) => {
      const grace = Number(at(pod, "spec", "terminationGracePeriodSeconds"));
      const isTaken = pod.metadata.deletionTimestamp === undefined && !isAnnotated(pod, mirrorAnnotation);
      const isHere = at(pod, "spec", "nodeName") === name && isTaken;
      const isNew = isRecent(name, Date.parse(pod.metadata.creationTimestamp ?? ""));
      return (
        isHere && !isNew && grace >= slowGraceSeconds && grace * 1000 > surroundings.drainTimeoutMs(name)
      );
    });
  }

  for (const resource of new Set(Object.values(locks).map((lock) => lock.resource))) {
    server.onChange(resource, (change, user) => {
      if (lockNamed(resource, change.key) !== undefined) onLock(change, user);
    });
  }

  function onLock({ object, previous, type, key }: Change, user: string): void {
    looks += 1;
    const writer = daemonIn(user);
    const isPaused = type !== "DELETED" && isAnnotated(object, pausedAnnotation);
    if (!isPaused) allPausedSince.delete(key);
    else if (!allPausedSince.has(key)) allPausedSince.set(key, now());
    const before = entriesIn(previous);
    const after = type === "DELETED" ? [] : entriesIn(object);
    const isIn = (entries: readonly Entry[], { nodeID }: Entry) =>
      entries.some((other) => other.nodeID === nodeID);
    if (writer === undefined) {
      for (const entry of before.filter(isHolder)) {
        if (isIn(after, entry)) continue;
        of(entry.nodeID).robbedAt = now();
        of(entry.nodeID).enteredUnder = undefined;
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
      of(nodeID).robbedAt = never;
      // Without a slot only its record says under which boot it has begun.
      of(nodeID).enteredUnder = undefined;
      // What it has written of its slot then may take effect later.
      if (isDown(nodeID) || isRecent(nodeID, of(nodeID).downAt)) continue;
      of(nodeID).enteredUnder = surroundings.machine(nodeID).boots.at(-1)?.bootID;
      if (isAnnotated(previous, pausedAnnotation)) {
        violate("a pause of all holds", `${writer} has entered while all nodes are paused`);
      }
      const failed = failuresIn(previous);
      const most = surroundings.haltAfterOf(writer);
      if (failed.reboots >= most.reboots || failed.drains >= most.drains) {
        const what = `${failed.reboots} reboots and ${failed.drains} drains had failed in a row`;
        violate("a halt holds", `${writer} has entered after ${what}`);
      }
      if (after.some((entry) => !isHolder(entry))) {
        violate("a lock set by hand holds", `${writer} has entered a lock that was set by hand`);
      }
      const own = surroundings.concurrencyOf(writer);
      const slots = Math.min(own, ...ofEachNode(before).map(({ concurrency = 1 }) => concurrency));
      const many = ofEachNode(after).length;
      if (many > slots) {
        violate("no more slots than allowed", `${writer} is one of ${many}, allowed are ${slots}`);
      }
      down.onEntered(
        writer,
        after.map((entry) => entry.nodeID),
        slots,
      );
    }
    // One of kured for the same node is no slot of ours.
    const twiceIn = (entries: readonly Entry[]) => {
      const ours = entries.filter(({ concurrency }) => concurrency !== undefined);
      return ours.length - new Set(ours.map(({ nodeID }) => nodeID)).size;
    };
    if (twiceIn(after) > twiceIn(before)) {
      violate("a node has one slot", `${lockIn(object)} names a node twice`);
    }
    for (const entry of before.filter((one) => !isIn(after, one))) onRemoved(writer, entry);
    checkDown();
  }

  /** Its machine was asked, or comes back: it puts back what the lock has lost, whoever else is in. */
  function isDown(node: string): boolean {
    const record = recordIn(server.stored("nodes", node));
    return isDownIn(record) || of(node).wasDown || surroundings.machine(node).isGoingDown;
  }

  function onRemoved(writer: string, entry: Entry): void {
    const { nodeID, nodeUID } = entry;
    const stored = server.stored("nodes", nodeID);
    if (!isHolder(entry)) {
      violate("a lock set by hand stays", `${writer} has taken ${nodeID} away, which was set by hand`);
    } else if (nodeID !== writer) {
      const isGone = stored === undefined || (nodeUID !== undefined && stored.metadata.uid !== nodeUID);
      if (!isGone && !isRecent(nodeID, of(nodeID).goneAt)) {
        violate("no slot is stolen", `${writer} has taken the slot of ${nodeID}`);
      }
    } else if (entry.concurrency === undefined) {
      violate("kured's entry is kured's", `${writer} has taken away what kured has entered for ${nodeID}`);
    } else {
      down.onReleased(nodeID);
      // The other one has lost its slot by this, and may not know yet.
      if (surroundings.daemonsOf(nodeID) > 1) of(nodeID).robbedAt = now();
      // A daemon with another lock may still be at it.
      if (isCordoned(stored) && of(nodeID).cordoner === "daemon" && !holds(nodeID) && !of(nodeID).isForged) {
        violate("uncordon, then release", `${nodeID} gave its slot back and is still cordoned`);
      }
    }
  }

  /** Nodes that are down with a slot, or should have one. Whose slot a person has taken away is no daemon's fault. */
  function checkDown(): void {
    const held = holders().map(({ nodeID }) => nodeID);
    const cordoned = [...nodes].filter(([, { cordoner }]) => cordoner === "daemon").map(([name]) => name);
    const homeless = cordoned.filter(
      (name) => !held.includes(name) && of(name).robbedAt === never && !of(name).isForged,
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
    onForged,
    wasForged,
    takenAway: down.except,
    isRobbed: (name) => of(name).robbedAt !== never,
    onRequest(node, path) {
      moderation.onRequest(node, path);
      const [, namespace, name] = /\/namespaces\/([^/]+)\/pods\/([^/]+)\/eviction$/.exec(path) ?? [];
      const pod = server.stored("pods", `${namespace}/${name}`);
      if (pod === undefined) return;
      moderation.onEviction(node, makerOf(pod), pod.metadata.uid);
      of(node).evictedOf.add(makerOf(pod));
    },
    onMachineEvent(event) {
      looks += 1;
      down.onMachineEvent(event);
      const { machine: name } = event;
      const node = of(name);
      if (event.type === "sentinel") {
        if (!event.present) node.unwantedAt = now();
        node.isNeeded = event.present;
      }
      if (event.type === "daemon-ended") node.endedAt = now();
      if (event.type === "daemon-started") node.startedAt = now();
      // It knows of nothing but what its Node says.
      if (event.type === "daemon-started") {
        node.said = recordIn(server.stored("nodes", name));
        if (node.isForged) node.drainingSince = now();
      }
      // From here on it cannot be undone, though the machine may take minutes.
      if (event.type === "going-down" && event.cause === "command") onReboot(name);
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
    if (stored === undefined) {
      if (!isRecent(name, node.goneAt))
        violate("no reboot without its Node", `${name} has no Node, and was rebooted`);
      return;
    }
    if (!holds(name) && !isRecent(name, node.robbedAt)) {
      violate("no reboot without a slot", `${name} was rebooted without a slot`);
    }
    if (!isCordoned(stored) && !isRecent(name, node.uncordonedAt)) {
      violate("no reboot of a node that is not cordoned", `${name} was rebooted without a cordon`);
    }
    // Of a pause on a lock that its daemon does not look at, it cannot know.
    const pauses = surroundings.locksOf(name).map((key) => allPausedSince.get(key) ?? now());
    for (const since of [node.pausedSince ?? now(), Math.max(...pauses)]) {
      if (!isRecent(name, since, shortGraceMs))
        violate("no reboot of a paused node", `${name} was rebooted, and had been paused before`);
    }
    const isRequested =
      isAnnotated(stored, requestedAnnotation) || isRecent(name, node.requestedAt, shortGraceMs);
    if (!node.isNeeded && !isRequested && !isRecent(name, node.unwantedAt, shortGraceMs)) {
      violate("no reboot without need", `${name} was rebooted without need`);
    }
    if (
      record.phase !== "Rebooting" &&
      !isRecent(name, Math.max(node.goneAt, node.restoredAt, node.forgedAt))
    ) {
      violate("the record says that it reboots", `${name} was rebooted while ${record.phase}`);
    }
    const isAllowedAtAnyTime = isUrgent(stored) || isRecent(name, node.urgentAt, shortGraceMs);
    const lookedAtMs = [0, shortGraceMs, shortGraceMs + surroundings.latenessMs(name)];
    if (!isAllowedAtAnyTime && !lookedAtMs.some((ms) => surroundings.isWindowOpen(name, now() - ms))) {
      violate("no reboot outside the window", `${name} was rebooted outside its window`);
    }
    for (const pod of server.storedAll("pods")) {
      const { creationTimestamp, deletionTimestamp } = pod.metadata;
      const isOurs = at(pod, "spec", "nodeName") === name && at(pod, "status", "phase") === "Running";
      const isMirror = isAnnotated(pod, mirrorAnnotation);
      if (!isOurs || isMirror || deletionTimestamp !== undefined || isRecent(name, node.uncordonedAt))
        continue;
      if (isRecent(name, Date.parse(creationTimestamp), newcomerMs)) continue;
      // What comes back once its like was evicted is left.
      const isBack = comesBack(pod) || node.evictedOf.has(makerOf(pod));
      if (isBack && Date.parse(creationTimestamp) + 1000 > node.begunAt) continue;
      violate("no pod goes down with its node", `the reboot of ${name} killed ${pod.metadata.name}`);
    }
  }
}

/** Those that say where a node is, and what it is. */
function labelsIn(node: KubeObject | undefined): string {
  const labels = Object.entries(node?.metadata.labels ?? {});
  return JSON.stringify(labels.filter(([key]) => key.includes("kubernetes.io/") && !isMark(key)).toSorted());
}

/** Whoever may write the lock can name a node in it twice: the last one counts. */
function ofEachNode(entries: readonly Entry[]): readonly Entry[] {
  return [...new Map(entries.map((entry) => [entry.nodeID, entry])).values()];
}

function isUrgent(node: KubeObject | undefined): boolean {
  return node?.metadata.annotations?.[requestedAnnotation]?.startsWith("urgent") === true;
}

function isDownIn({ phase }: RecordOnNode): boolean {
  return phase === "Rebooting" || phase === "Returning";
}

/** The same for all pods of one controller; a pod without one is made by nobody anew. */
function makerOf({ metadata: { ownerReferences, uid } }: KubeObject): string {
  return String(ownerReferences?.find(({ controller }) => controller)?.["uid"] ?? uid);
}

/** The cordon does not keep its like away. */
function comesBack(pod: KubeObject): boolean {
  const tolerations = (at(pod, "spec", "tolerations") ?? []) as { key?: string; effect?: string }[];
  const isTolerant = tolerations.some(({ key, effect }) => !effect && !key);
  return (
    isTolerant || pod.metadata.ownerReferences?.some(({ apiVersion }) => apiVersion !== "apps/v1") === true
  );
}

function history() {
  return {
    cordoner: undefined as Cordoner | undefined,
    /** When a person took its slot away, its Node, its cordon or its need. */
    robbedAt: never,
    goneAt: never,
    restoredAt: never,
    /** When somebody has written over its record last, and whether that may still be why its daemon does what it does. */
    forgedAt: never,
    isForged: false,
    /** The boot ID of its machine when it took a slot last, where it was not down already. */
    enteredUnder: undefined as string | undefined,
    /** What its daemon has written last, or has found when it was started. */
    said: undefined as RecordOnNode | undefined,
    /** It was down when a restore took away what its Node said of that, and its daemon has not said since that it is over. */
    wasDown: false,
    /** When its daemon has said last that it is down, or no longer. */
    downAt: never,
    uncordonedAt: never,
    unwantedAt: never,
    /** When a request for it was there last, and since when a person has paused it. */
    requestedAt: never,
    urgentAt: never,
    pausedSince: undefined as number | undefined,
    drainingSince: 0,
    /** The same, and not later where a restore has brought that drain back. */
    begunAt: 0,
    /** What makes the pods that were evicted in this drain. */
    evictedOf: new Set<string>(),
    /** A person has taken the daemon's cordon away: if they cordon anew before it has looked, nothing tells the two apart. */
    isUncordonUnseen: false,
    endedAt: never,
    startedAt: never,
    isNeeded: false,
    /** For the need that stands now. */
    reboots: 0,
  };
}
