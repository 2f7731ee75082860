/** Keeps the histories of a storm's nodes from what the server stores and machines report, and asks each promise. */
import type { KubeObject } from "../../kubernetes/api/object.ts";
import { type ApiServer, restorer } from "../../kubernetes/api/server.ts";
import type { Change } from "../../kubernetes/api/store.ts";
import type { MachineEvent } from "../../kubernetes/machines/machine.ts";
import { downWithSlot, noCordonWithoutSlot, noMoreSlotsThanAllowed } from "../../promises/at-most-n-down.ts";
import {
  allOf,
  type Checker,
  type Cordoner,
  createHistory,
  graceMs,
  type Look,
  type NodeHistory,
  never,
  pausedAnnotation,
  type Violation,
  type WorldView,
} from "../../promises/checker.ts";
import { downIsDown } from "../../promises/down-is-down.ts";
import { noPodGoesDown, stopsPodsOnce, waitsForOptOuts } from "../../promises/evicted-pods.ts";
import {
  controllerUid,
  daemonIn,
  type Entry,
  entriesIn,
  isAnnotated,
  isCordoned,
  isDownIn,
  isHolder,
  isRequested,
  isUrgent,
  ofEachNode,
  type RecordOnNode,
  recordIn,
} from "../../promises/eyes.ts";
import { unreadableLockStays } from "../../promises/fails-closed.ts";
import {
  givenUpIsLeftAlone,
  noEndlessDrain,
  noLongJobAgain,
  noRebootLoop,
  outageIsNoFailure,
} from "../../promises/nothing-endless.ts";
import { personsCordonStays, uncordonedThenReleased } from "../../promises/nothing-left-behind.ts";
import {
  entersItselfAlone,
  protectedLabelsStay,
  removesItselfAlone,
  writesNoOtherNode,
} from "../../promises/only-its-own.ts";
import { rebootIsProved } from "../../promises/proved-reboot.ts";
import {
  noRebootOfNodeTakenAway,
  noRebootOfPausedNode,
  noRebootOutsideWindow,
  noRebootWithoutCordon,
  noRebootWithoutNeed,
  noRebootWithoutNode,
  noRebootWithoutSlot,
  noStartWhilePausedOrHalted,
  recordSaysThatItReboots,
} from "../../promises/reboot-with-right.ts";
import { waitingNamesReasons } from "../../promises/says-why.ts";
import { staysBounded } from "../../promises/stays-bounded.ts";
import { lockNamed, locks } from "./locks.ts";

export interface StormView extends WorldView {
  server: ApiServer;
  /** How many may be down at most, by the options of the node's daemon now or a moment ago. */
  concurrencyOf(node: string): number;
  onViolation(violation: Violation): void;
  /** Beside those that every storm has. */
  checkers(look: Look): readonly Checker[];
}

export interface Promises {
  onMachineEvent(event: MachineEvent): void;
  /** How many changes and events were looked at. */
  readonly looks: number;
  /** The one who cordoned the node last, while it is cordoned. */
  cordonerOf(node: string): Cordoner | undefined;
  /** The need has gone for good, or is a new one. */
  forgetNeed(node: string): void;
  /**
   * Somebody is about to write a record that is not its daemon's. From then on nobody can know whose the cordon is, nor which
   * drain it is, until a cycle has come to its end.
   */
  onForged(node: string): void;
  /** Whether that has ever happened. */
  wasForged(node: string): boolean;
  /** A person takes its slot away on purpose, and so answers for what follows. */
  takenAway(node: string): void;
  /** When the lock lost its slot; undefined where it has one, or never had one. */
  lostSlotAt(node: string): number | undefined;
  onRequest(node: string, path: string): void;
}

/** From a look to the patch that says what was seen, where the server answers. */
const saveMs = 500;

function checkersOf(look: Look): Checker[] {
  const { view } = look;
  return [
    downIsDown(look),
    staysBounded(look),
    writesNoOtherNode(look),
    protectedLabelsStay(look),
    noCordonWithoutSlot(look),
    personsCordonStays(look),
    waitingNamesReasons(look),
    givenUpIsLeftAlone(look),
    noLongJobAgain(look),
    outageIsNoFailure(look),
    noEndlessDrain(look),
    rebootIsProved(look),
    unreadableLockStays(look),
    noStartWhilePausedOrHalted(look),
    noMoreSlotsThanAllowed(look),
    entersItselfAlone(look),
    removesItselfAlone(look),
    uncordonedThenReleased(look),
    noRebootLoop(look),
    noRebootWithoutNode(look),
    noRebootWithoutSlot(look, (name) => view.stored("nodes", name) !== undefined),
    noRebootWithoutCordon(look),
    noRebootOfPausedNode(look),
    noRebootOfNodeTakenAway(look),
    noRebootWithoutNeed(look),
    recordSaysThatItReboots(look),
    noRebootOutsideWindow(look),
    noPodGoesDown(look),
    stopsPodsOnce(look),
    waitsForOptOuts(look),
    downWithSlot(look),
  ];
}

export function watchPromises(view: StormView): Promises {
  const { server, now } = view;
  const look = createLook(view);
  const check = allOf([...view.checkers(look), ...checkersOf(look)]);
  const { of } = look;
  let looks = 0;

  server.onChange("nodes", (change, user) => {
    looks += 1;
    if (change.type === "DELETED") onNodeGone(change.object.metadata.name, look, check);
    else onNode(change, user, look, check, (name, since) => hasSeen(server, look, name, since));
  });
  for (const resource of new Set(Object.values(locks).map((lock) => lock.resource))) {
    server.onChange(resource, (change, user) => {
      if (lockNamed(resource, change.key) === undefined) return;
      looks += 1;
      onLock(change, user, look, check, view.concurrencyOf);
    });
  }

  return {
    get looks() {
      return looks;
    },
    cordonerOf: (name) => of(name).cordoner,
    forgetNeed(name) {
      of(name).reboots = 0;
    },
    onForged(name) {
      Object.assign(of(name), { forgedAt: now(), isForged: true, drainingSince: now(), reboots: 0 });
      // The record was what said of a node that is down that it is.
      if (!view.machine(name).isUp || view.machine(name).isGoingDown) check.onExcepted(name);
    },
    wasForged: (name) => of(name).forgedAt !== never,
    takenAway: check.onExcepted,
    lostSlotAt: (name) => (of(name).robbedAt === never ? undefined : of(name).robbedAt),
    onRequest(node, path) {
      check.onRequest(node, path);
      const [, namespace, name] = /\/namespaces\/([^/]+)\/pods\/([^/]+)\/eviction$/.exec(path) ?? [];
      const pod = server.stored("pods", `${namespace}/${name}`);
      if (pod === undefined) return;
      check.onEviction(node, controllerUid(pod), pod.metadata.uid);
      of(node).evictedOf.add(controllerUid(pod));
    },
    onMachineEvent(event) {
      looks += 1;
      onMachine(event, look, check);
    },
  };
}

interface StormLook extends Look {
  pauses: Map<string, number>;
}

function createLook(view: StormView): StormLook {
  const { server, now, onViolation } = view;
  const nodes = new Map<string, NodeHistory>();
  const pauses = new Map<string, number>();
  const holders = () =>
    Object.values(locks).flatMap(({ resource, key }) =>
      entriesIn(server.stored(resource, key)).filter(isHolder),
    );
  return {
    view,
    pauses,
    of(name) {
      const known = nodes.get(name) ?? createHistory();
      nodes.set(name, known);
      return known;
    },
    names: () => [...nodes.keys()],
    isRecent: (name, time, within = graceMs) => now() - time <= within + view.latenessMs(name),
    holds: (name) => holders().some(({ nodeID }) => nodeID === name),
    allPausedSince: (lock) => pauses.get(lock),
    violate: (promise, message) => onViolation({ promise, message }),
  };
}

/** The record goes with the Node, and so do requests. */
function onNodeGone(name: string, { view, of }: Look, check: Required<Checker>): void {
  const gone = { goneAt: view.now(), cordoner: undefined, reboots: 0, pausedSince: undefined };
  Object.assign(of(name), { ...gone, requestedAt: never, reported: {} });
  check.onExcepted(name);
}

type HasSeen = (name: string, since: number) => boolean;

function onNode(
  { object, previous }: Change,
  user: string,
  look: Look,
  check: Required<Checker>,
  hasSeen: HasSeen,
): void {
  const { name } = object.metadata;
  const node = look.of(name);
  const now = look.view.now();
  node.pausedSince = isAnnotated(object, pausedAnnotation) ? (node.pausedSince ?? now) : undefined;
  if (isRequested(previous)) node.requestedAt = now;
  if (isUrgent(previous) || isUrgent(object)) node.urgentAt = now;
  const writer = daemonIn(user);
  const isRestored = user === restorer;
  const [before, after] = [isCordoned(previous), isCordoned(object)];
  if (isRestored) {
    restore(node, recordIn(previous), object, now);
    check.onExcepted(name);
  } else if (before !== after && after) {
    const isUnseen = node.isUncordonUnseen && !hasSeen(name, node.uncordonedAt);
    node.cordoner = writer !== undefined ? "daemon" : isUnseen ? "either" : "person";
    check.onCordoned(name, node.cordoner);
  } else if (before !== after) {
    uncordon(name, writer, look, check);
  }
  check.onNode({ name, writer, isRestored, object, previous });
  // A write of the conditions says nothing of the record that the Node carries.
  if (writer !== undefined && recordText(previous) !== recordText(object)) {
    onRecord(name, recordIn(previous), recordIn(object), after, look, check);
    trust(name, recordIn(object), look);
  }
  check.onChanged();
}

const recordText = (node: KubeObject | undefined) => node?.metadata.annotations?.["rebootd.dev/cycle"];

/** The Node says what it said some time ago, also of whose cordon it is; nothing tells when its slot went. */
function restore(node: NodeHistory, before: RecordOnNode, restored: KubeObject, now: number): void {
  node.wasDown ||= isDownIn(before);
  node.reported = recordIn(restored);
  node.isUncordonUnseen = node.cordoner === "daemon" && !isCordoned(restored);
  const isOurs = recordIn(restored).cordoned === true;
  node.cordoner = isCordoned(restored) ? (isOurs ? "daemon" : "person") : undefined;
  Object.assign(node, { restoredAt: now, robbedAt: now, uncordonedAt: now, drainingSince: now, reboots: 0 });
}

function uncordon(
  name: string,
  writer: string | undefined,
  { view, of }: Look,
  check: Required<Checker>,
): void {
  const node = of(name);
  check.onUncordoned(name, writer === undefined ? "person" : "daemon", node.cordoner);
  node.isUncordonUnseen = writer === undefined && node.cordoner === "daemon";
  if (writer === undefined) node.uncordonedAt = view.now();
  node.cordoner = undefined;
}

/** Whether the daemon that runs now has read its Node since then, and had the time to say so. */
function hasSeen({ ledger }: ApiServer, { view, of }: Look, name: string, since: number): boolean {
  const reads = ledger.entries({ user: `rebootd:${name}`, verb: "get", resource: "nodes", name });
  const { endedAt } = of(name);
  return reads.some(
    ({ start, status }) => status === 200 && start > Math.max(since, endedAt) && start < view.now() - saveMs,
  );
}

function onRecord(
  name: string,
  found: RecordOnNode,
  after: RecordOnNode,
  isCordoned: boolean,
  { view, of }: Look,
  check: Required<Checker>,
): void {
  const node = of(name);
  const { isForged, reported: before = found } = node;
  node.reported = after;
  // Which cordon is whose is what the daemon takes from the record, now that it has written it again.
  if (isForged && isCordoned) node.cordoner = after.cordoned ? "daemon" : "person";
  // The need was gone: one that comes later is another.
  if (after.phase === "Idle") node.reboots = 0;
  if (!isDownIn(after)) node.wasDown = false;
  if (isDownIn(before)) node.downAt = view.now();
  if (after.phase === "Draining" && (before.phase !== "Draining" || before.announced)) {
    node.drainingSince = view.now();
    node.begunAt = view.now();
    node.evictedOf.clear();
  }
  check.onRecord({ name, before, found, after, isCordoned, isForged });
}

/** A cycle that has begun since, or the rest after one, is its daemon's own again. */
function trust(name: string, { phase, cordoned }: RecordOnNode, { of, holds, isRecent }: Look): void {
  const isBetween = phase === undefined || phase === "Idle" || phase === "Waiting" || phase === "Failed";
  // What is still to be undone is not over.
  if (isBetween && cordoned !== true && !holds(name) && !isRecent(name, of(name).forgedAt))
    of(name).isForged = false;
}

const isIn = (entries: readonly Entry[], { nodeID }: Entry) =>
  entries.some((other) => other.nodeID === nodeID);

function onLock(
  { object, previous, type, key }: Change,
  user: string,
  look: StormLook,
  check: Required<Checker>,
  concurrencyOf: StormView["concurrencyOf"],
): void {
  const { view, of, pauses } = look;
  const writer = daemonIn(user);
  const isPaused = type !== "DELETED" && isAnnotated(object, pausedAnnotation);
  if (!isPaused) pauses.delete(key);
  else if (!pauses.has(key)) pauses.set(key, view.now());
  const before = entriesIn(previous);
  const after = type === "DELETED" ? [] : entriesIn(object);
  const removed = before.filter((entry) => !isIn(after, entry));
  if (writer === undefined) {
    for (const { nodeID } of removed.filter(isHolder)) {
      Object.assign(of(nodeID), { robbedAt: view.now(), enteredUnder: undefined });
    }
    check.onChanged();
    return;
  }
  check.onLock({ writer, before, after, object, previous });
  for (const { nodeID: name } of after.filter((entry) => !isIn(before, entry))) {
    const isReturn = isReturning(name, look);
    // Without a slot only the record of a node that is down says under which boot it has begun.
    const boot = isReturn ? undefined : view.machine(name).boots.at(-1);
    const entered = { enteredUnder: boot?.bootID, enteredAfter: boot?.softReboots ?? 0 };
    Object.assign(of(name), { robbedAt: never, ...entered });
    const others = ofEachNode(before).map(({ concurrency = 1 }) => concurrency);
    const slots = Math.min(concurrencyOf(writer), ...others);
    check.onEntered({ writer, name, isReturn, before, after, previous, slots });
  }
  for (const entry of removed) {
    check.onRemoved({ writer, entry });
    const isOwn = entry.nodeID === writer && isHolder(entry) && entry.concurrency !== undefined;
    // The other daemon of the node has lost its slot by this, and may not know yet.
    if (isOwn && view.daemonsOf(writer) > 1) of(writer).robbedAt = view.now();
  }
  check.onChanged();
}

/** The machine was asked, or comes back, or a moment ago was: its daemon puts back what the lock has lost, however full that is. */
function isReturning(name: string, { view, of, isRecent }: Look): boolean {
  const record = recordIn(view.stored("nodes", name));
  const isDown = isDownIn(record) || of(name).wasDown || view.machine(name).isGoingDown;
  // A write that was sent then may take effect later.
  return isDown || isRecent(name, of(name).downAt);
}

function onMachine(event: MachineEvent, { view, of }: Look, check: Required<Checker>): void {
  const { machine: name, type } = event;
  const node = of(name);
  const now = view.now();
  check.onMachineEvent(event);
  if (type === "sentinel") {
    if (!event.present) node.unwantedAt = now;
    node.isNeeded = event.present;
  }
  if (type === "daemon-ended") node.endedAt = now;
  if (type === "daemon-started") {
    node.startedAt = now;
    // The new process knows of nothing but what its Node says.
    node.reported = recordIn(view.stored("nodes", name));
    if (node.isForged) node.drainingSince = now;
  }
  // From here on the reboot cannot be undone, though the machine may take minutes.
  if (type === "going-down" && event.cause === "command") {
    node.reboots += 1;
    check.onReboot(name);
  }
}
