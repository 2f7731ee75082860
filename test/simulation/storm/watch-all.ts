/** All promises, with what each has to know of the world of a storm. */
import type { MachineEvent } from "../../kubernetes/machines/machine.ts";
import type { Look, Violation } from "../../promises/checker.ts";
import { etcdKeepsMajority } from "../../promises/etcd-majority.ts";
import {
  type Entry,
  entriesIn,
  isHolder,
  isReady,
  isUnreadable,
  recordIn,
  unlockedIn,
} from "../../promises/eyes.ts";
import { type HookJobsChecker, hookJobsRunOnce } from "../../promises/hook-jobs.ts";
import { watchRestarts } from "../../promises/restarted-once.ts";
import { watchSilences } from "../../promises/silenced-in-cycle.ts";
import { watchTruth } from "../../promises/tells-the-truth.ts";
import type { AlertmanagerModel } from "../../silence/alertmanager.ts";
import type { SmallWorld } from "../small-world.ts";
import { type ControlPlane, staticPods } from "./control-plane.ts";
import type { Disturbances } from "./disturbances.ts";
import { locks } from "./locks.ts";
import type { Settings } from "./settings.ts";
import { type Promises, watchPromises } from "./watch-promises.ts";

export interface Watched {
  world: SmallWorld;
  settings: Settings;
  controlPlane: ControlPlane | undefined;
  disturbances: Disturbances;
  blindness: Disturbances;
  /** Of what keeps daemons from writing to their Nodes. */
  muteness: Disturbances;
  lateness: Disturbances;
  alertmanager: AlertmanagerModel;
  isAlerting: () => boolean;
  isStorageUnwell: () => boolean;
  onViolation: (violation: Violation) => void;
}

/** What makes a daemon late does so for requests that were under way; and a clock was read before it was set. */
const lingersMs = 120_000;
const latenessMaxMs = 75_000;
const undrainedMs = 5 * 60_000;
/** What a daemon has seen of the lock while it is at rest it believes for a period, or for this long. */
const trustMs = 10 * 60_000;

export interface AllPromises extends Promises {
  /** A request of the node's daemon to Alertmanager is about to be answered. */
  asksAlertmanager(node: string): void;
  /** To be called every few seconds. */
  tick(): void;
}

export function watchAll(watched: Watched): AllPromises {
  const { world, settings, controlPlane, disturbances, blindness, muteness, lateness, onViolation } = watched;
  const now = world.time.clock.wall;
  const violate = (promise: string, message: string) => onViolation({ promise, message });
  const runningSince = new Map<string, number>();

  const away = createAway(world);
  const hookJobs = followJobs(watched);
  const promises = watchPromises({
    server: world.server,
    stored: world.server.stored,
    storedAll: world.server.storedAll,
    checkers: (look) => [hookJobs(look), ...(controlPlane ? [etcdKeepsMajority(look, controlPlane)] : [])],
    now,
    machine: world.machine,
    locksOf: (node) => settings.locksOf(node, now()),
    daemonsOf: (node) => settings.daemonsOf(node, now()),
    latenessMs: (node) => (lateness.isUndisturbed(node, lingersMs) ? 0 : latenessMaxMs),
    disturbedMs: (node, since) => disturbances.disturbedMs(node, since) + muteness.disturbedMs(node, since),
    awayMs: away.ms,
    concurrencyOf: (node) => settings.concurrencyOf(node, now()),
    haltAfterOf: (node) => settings.haltAfterOf(node, now()),
    drainTimeoutMs: (node) => settings.drainTimeoutMs(node, now()),
    leastDrainTimeoutMs: (node) => settings.leastDrainTimeoutMs(node, now()),
    optOutsOf: (node) => settings.optOutsOf(node, now()),
    isPreflightOn: (node) => settings.isPreflightOn(node, now()),
    failuresMaxOf: (node) => settings.failuresMaxOf(node, now()),
    isWindowOpen: (node, time) =>
      world
        .clockOf(node)
        .offsetsMs(lingersMs)
        .some((offsetMs) => settings.isWindowOpen(node, time + offsetMs, now())),
    onViolation,
  });
  const truth = watchTruth({
    now,
    nodes: () => world.machines.map(({ name }) => name),
    stored: (node) => world.server.stored("nodes", node),
    machine: world.machine,
    entries: (node) => entriesOf(settings.locksOf(node, now()), world),
    lockVersion: (node) => versionsOf(settings.locksOf(node, now()), world),
    isWindowOpen: (node) => settings.isWindowOpenToAll(node, world.clockOf(node).wall(), now()),
    limitsMs: (node) => ({
      // It may hold a drained node for as long again, for what is soon over.
      draining: 2 * settings.drainTimeoutMs(node, now()) + undrainedMs + settings.jobsMs(node, now()),
      rebooting: settings.rebootingMs(node, now()) + undrainedMs,
      settle: settings.settleMs(node, now()),
      release: settings.releaseDelayMs(node, now()),
      trust: Math.max(settings.periodMs(node, now()), trustMs),
    }),
    isInLock: (node) => isInLock(node, settings.locksOf(node, now()), world),
    lostSlotAt: promises.lostSlotAt,
    isUnlocked: (node) => settings.locksOf(node, now()).some((key) => isUnlockedIn(key, node, world)),
    hasSecond: (node) => settings.daemonsOf(node, now()) > 1,
    isAlerting: watched.isAlerting,
    runningSince: (node) => runningSince.get(node) ?? Number.POSITIVE_INFINITY,
    awaitsMore: (node) =>
      watched.isStorageUnwell() ||
      awaitsJob(node, world) ||
      staticPods.some((name) => isUnreadyPod(`kube-system/${name}-${node}`, world)),
    disturbances,
    blindness,
    muteness,
    violate,
  });

  watchRestarts({ onChange: world.server.onChange, violate });
  const silences = followSilences(watched, runningSince);

  return {
    ...promises,
    asksAlertmanager: silences.asks,
    get looks() {
      return promises.looks;
    },
    tick() {
      away.tick();
      truth.tick();
      silences.tick();
    },
    onMachineEvent(event: MachineEvent): void {
      promises.onMachineEvent(event);
      if (event.type === "daemon-started") runningSince.set(event.machine, now());
      if (event.type === "daemon-ended") runningSince.delete(event.machine);
    },
  };
}

/** Creates the checker, which hears of each Job from then on. */
function followJobs({ world: { server, time }, settings }: Watched): (look: Look) => HookJobsChecker {
  let checker: HookJobsChecker | undefined;
  server.onChange("jobs.batch", ({ object, type }) => checker?.onJob(object, type === "ADDED"));
  return (look) => {
    checker = hookJobsRunOnce(look, (node) => settings.runsJobBefore(node, time.clock.wall()));
    return checker;
  };
}

function followSilences(watched: Watched, runningSince: ReadonlyMap<string, number>) {
  const { world, settings, alertmanager, disturbances, blindness, muteness, lateness } = watched;
  const now = world.time.clock.wall;
  const silences = watchSilences(alertmanager, {
    now,
    nodes: () => world.machines.map(({ name }) => name),
    stored: (node) => world.server.stored("nodes", node),
    daemonsOf: (node) => settings.daemonsOf(node, now()),
    runningSince: (node) => runningSince.get(node) ?? Number.POSITIVE_INFINITY,
    isUndisturbed: (node, forMs) =>
      [disturbances, blindness, muteness, lateness].every((one) => one.isUndisturbed(node, forMs)),
    violate: (promise, message) => watched.onViolation({ promise, message }),
  });
  world.server.onChange("nodes", ({ object }) => silences.onNode(object.metadata.name));
  return silences;
}

/** The Job after the reboot is under way, or has failed and is waited for until somebody deletes it. */
function awaitsJob(node: string, { server }: SmallWorld): boolean {
  return (recordIn(server.stored("nodes", node)) as { afterJob?: object }).afterJob !== undefined;
}

function isUnreadyPod(key: string, { server }: SmallWorld): boolean {
  const pod = server.stored("pods", key);
  return pod !== undefined && !isReady(pod);
}

function versionsOf(keys: readonly string[], { server }: SmallWorld): string {
  const objects = Object.values(locks).filter(({ key }) => keys.includes(key));
  return objects.map(({ resource, key }) => server.stored(resource, key)?.metadata.resourceVersion).join(" ");
}

/** Whether it has a slot in one of these locks. Entries of kured are its own. */
function isInLock(node: string, keys: readonly string[], { server }: SmallWorld): boolean {
  const told = Object.values(locks).filter(({ key }) => keys.includes(key));
  const entries = told.flatMap((lock) => entriesIn(server.stored(lock.resource, lock.key)).filter(isHolder));
  return entries.some(({ nodeID, concurrency }) => nodeID === node && concurrency !== undefined);
}

function isUnlockedIn(key: string, node: string, { server }: SmallWorld): boolean {
  const lock = Object.values(locks).find((one) => one.key === key);
  return unlockedIn(lock && server.stored(lock.resource, lock.key)).includes(node);
}

/** For how long the server was away since then, to the nearest look. */
function createAway({ server, time }: SmallWorld) {
  const spans: { start: number; end: number }[] = [];
  let since: number | undefined;
  return {
    tick(): void {
      const now = time.clock.wall();
      if (server.away) since ??= now;
      else if (since !== undefined) {
        spans.push({ start: since, end: now });
        since = undefined;
      }
    },
    ms(from: number): number {
      const now = time.clock.wall();
      return [...spans, { start: since ?? now, end: now }]
        .map(({ start, end }) => end - Math.max(start, from))
        .reduce((sum, ms) => sum + Math.max(0, ms), 0);
    },
  };
}

/** Of the one lock that a daemon is told to use; undefined where those are several, or where it cannot be read. */
function entriesOf(keys: readonly string[], { server }: SmallWorld): readonly Entry[] | undefined {
  const [key, ...others] = new Set(keys);
  const lock = Object.values(locks).find((one) => one.key === key);
  const lockObject = lock && server.stored(lock.resource, lock.key);
  if (lockObject === undefined || others.length > 0 || isUnreadable(lockObject)) return undefined;
  return entriesIn(lockObject);
}
