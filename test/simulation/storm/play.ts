import type { Phase } from "../../../daemon/cycle/record.ts";
import type { Clock } from "../../../daemon/time/clock.ts";
import type { MachineEvent } from "../../kubernetes/machines/machine.ts";
import type { Violation } from "../../promises/checker.ts";
import { recordIn } from "../../promises/eyes.ts";
import { createAlertmanager } from "../../silence/alertmanager.ts";
import { logindOf } from "../logind-of.ts";
import { seeded } from "../seeded.ts";
import { type SmallWorld, type SmallWorldOptions, startSmallWorld } from "../small-world.ts";
import { askAgain, resume, tidyUp } from "./by-hand.ts";
import { createControlPlane, staticPods } from "./control-plane.ts";
import { createDisturbances, type Disturbances } from "./disturbances.ts";
import { effectOf, nodeOf } from "./disturbing.ts";
import { problemsOf } from "./ending.ts";
import { createLockObjects, emptyOtherLock } from "./harsher-actions.ts";
import { createTemplates } from "./hook-job-actions.ts";
import { createInterference } from "./interference.ts";
import { locks } from "./locks.ts";
import { createMailboxes, type Mailboxes } from "./messages.ts";
import { createNetwork } from "./network.ts";
import { type Scenario, stormSeconds, type Trouble } from "./scenario.ts";
import type { Scene } from "./scene.ts";
import { createServers } from "./servers.ts";
import { createSettings } from "./settings.ts";
import { mendStorage } from "./storage-actions.ts";
import { tell, trouble } from "./troubles.ts";
import { createWaiters } from "./waiters.ts";
import { type AllPromises, watchAll } from "./watch-all.ts";
import { workloadsOf } from "./workloads.ts";

export interface Played {
  violations: readonly (Violation & { look: number })[];
  /** After how many changes and events the promises were looked at. */
  looks: number;
  /** What happened, for people. */
  story: readonly string[];
}

/** After the storm everything has to be well within so long. */
const calmSecondsMax = 3 * 3600;
const violationsUsual = 5;
/** A person tries to mend what a storm has left so many times. */
const undoRoundsMax = 60;
/** After a trouble with no end of its own. */
const strikesSeconds = 300;

/**
 * Plays a scenario on a cluster in memory, in virtual time, and checks the promises after each change. Soon after so many broken
 * promises it ends: more would say nothing new, and a daemon that goes round in circles takes long.
 */
export async function play(scenario: Scenario, violationsMax: number = violationsUsual): Promise<Played> {
  const stage = await setUp(scenario, violationsMax);
  const { world, scene, journal, promises, troubles, hindrances, mailboxes } = stage;
  const pass = async (ms: number) => {
    await world.pass(ms);
    // For whatever reason the server is away.
    if (world.server.away) hindrances.disturbances.begin()();
    promises.tick();
  };
  for (const one of scenario.troubles) troubles.schedule(one);
  for (let passed = 0; passed < (scenario.seconds ?? stormSeconds) && !journal.isFull(); passed += 10) {
    await pass(10_000);
  }
  journal.note("-- the storm is over");
  troubles.stop();
  scene.interference.disarm();
  for (const one of Object.values(hindrances)) one.endAll();
  if (!journal.isFull()) await troubles.undoAll(pass);
  calm(scenario, scene);
  mailboxes?.calm();
  perform(() => emptyOtherLock(scene));
  for (const message of await problemsAfterCalm(scene, journal, pass, mailboxes)) {
    journal.violate({ promise: "all is well in the end", message });
  }
  const circle = world.logs.find((line) => line.includes("a bug in rebootd"));
  if (circle !== undefined) journal.violate({ promise: "no loop without a rest", message: circle });
  await world.stop();
  return { violations: journal.violations, looks: promises.looks, story: journal.story };
}

type Hindrances = Record<"disturbances" | "blindness" | "muteness" | "lateness", Disturbances>;

interface Stage {
  world: SmallWorld;
  scene: Scene;
  journal: Journal;
  promises: AllPromises;
  troubles: Troubles;
  hindrances: Hindrances;
  mailboxes: Mailboxes | undefined;
}

async function setUp(scenario: Scenario, violationsMax: number): Promise<Stage> {
  const random = seeded(scenario.seed + 0x40000000);
  const sleep: Clock["sleep"] = (ms, signal) => world.time.clock.sleep(ms, signal);
  const interference = createInterference(sleep);
  const network = createNetwork(sleep, random);
  const alerts = { active: false };
  const storage = { troubles: 0 };
  const servers = createServers(alerts);
  const mailboxes = scenario.messages
    ? createMailboxes(scenario.seed, (violation) => journal.violate(violation))
    : undefined;
  const world = await startSmallWorld({
    ...worldOf(scenario),
    between: (node, transport) => interference.between(node, network.between(node, transport)),
    post: servers.post,
    ...(mailboxes && { receive: mailboxes.receive }),
  });
  mailboxes?.follow(world);
  const { clock } = world.time;
  const alertmanager = createAlertmanager(clock.wall);
  alertmanager.create({ matchers: [{ name: "node", value: "n1", isRegex: false, isEqual: true }] });
  const journal = createJournal(clock, violationsMax, () => promises.looks);
  const settings = createSettings(scenario);
  await createLockObjects({ world });
  if (scenario.storage) await mendStorage(world);
  if (scenario.options["before-reboot-job"] !== undefined) await createTemplates(world);
  const controlPlane = scenario.controlPlane && createControlPlane(world, scenario.controlPlane, random);
  const hindrances: Hindrances = {
    disturbances: createDisturbances(clock.wall),
    blindness: createDisturbances(clock.wall),
    muteness: createDisturbances(clock.wall),
    lateness: createDisturbances(clock.wall),
  };
  const isAlerting = () => alerts.active;
  const onViolation = journal.violate;
  const isStorageUnwell = () => storage.troubles > 0;
  const watched = { world, settings, controlPlane, alertmanager, isAlerting, isStorageUnwell, onViolation };
  const promises = watchAll({ ...watched, ...hindrances });
  servers.begin(alertmanager, promises.asksAlertmanager);
  const requests = createWaiters();
  const boots = createWaiters();
  const { disturbances, blindness, lateness } = hindrances;
  const scene: Scene = {
    world,
    promises,
    interference,
    network,
    disturbances,
    blindness,
    lateness,
    controlPlane,
    settings,
    lock: scenario.options["ds-name"] === undefined ? locks.usual : locks.kured,
    options: scenario.options,
    random,
    alerts,
    storage,
    alertmanager,
    stubborn: new Set(),
    givenUp: new Set(),
    later: (seconds, action) => troubles.later(seconds, action),
    onRequest: requests.wait,
    onNextBoot: (node, action) => boots.wait(node, 0, action),
  };
  world.onDaemonRequest = (node, { path }) => {
    promises.onRequest(node, path);
    requests.tell(node);
  };
  world.onMachineEvent = (event) => {
    journal.note(`${event.machine}: ${event.type}${"how" in event ? ` ${event.how}` : ""}`);
    promises.onMachineEvent(event);
    mailboxes?.onMachineEvent(event);
    controlPlane?.onMachineEvent(event);
    if (event.type === "booted") boots.tell(event.machine);
    keepNeeds(event, scene);
  };
  const troubles = createTroubles(scene, journal, hindrances);
  return { world, scene, journal, promises, troubles, hindrances, mailboxes };
}

function worldOf(scenario: Scenario): SmallWorldOptions {
  const { nodes, seed, skewMs, joinsAfter, controlPlane, agents, held, options } = scenario;
  return {
    nodes,
    seed,
    skewMs,
    ...(joinsAfter && { joinsAfterMs: { [`n${nodes}`]: joinsAfter * 1000 } }),
    logind: logindOf,
    ...(controlPlane && { controlPlane: { members: controlPlane, staticPods } }),
    kubelet: { heartbeatMs: 20_000, statusEvery: 1, podStopMs: 4000 },
    options,
    ...(options["before-reboot-job"] !== undefined && { jobs: true, components: ["hook-jobs"] }),
    workloads: workloadsOf(scenario),
    ...(agents && { nodeAgents: { name: "agent", boundBy: agents } }),
    ...(held && { heldBudget: "database" }),
  };
}

/** A need that is stubborn is there again after each boot; any other that goes away has gone for good. */
function keepNeeds(event: MachineEvent, { world, promises, stubborn }: Scene): void {
  const { machine: name, type } = event;
  const isStubborn = stubborn.has(name);
  if (type === "booted" && isStubborn) world.node(name).wantsReboot();
  // A need that goes away while the machine is up has gone for good; at a boot it is perhaps only hidden.
  const isGone = type === "sentinel" && !event.present;
  if (isGone && (!isStubborn || world.machine(name).isUp)) promises.forgetNeed(name);
}

/** The story of a storm, and the promises that it has broken. */
interface Journal {
  readonly story: readonly string[];
  readonly violations: readonly (Violation & { look: number })[];
  note(what: string): void;
  violate(violation: Violation): void;
  /** So many promises are broken that more would say nothing new. */
  isFull(): boolean;
  /** Since the start. */
  second(): number;
}

function createJournal({ wall }: Clock, violationsMax: number, looks: () => number): Journal {
  const began = wall();
  const story: string[] = [];
  const violations: (Violation & { look: number })[] = [];
  const second = () => Math.round((wall() - began) / 1000);
  const note = (what: string) => void story.push(`${String(second()).padStart(6)} s  ${what}`);
  return {
    story,
    violations,
    note,
    violate(violation) {
      // A promise that stays broken is named once.
      const { promise, message } = violation;
      if (violations.some((one) => one.promise === promise && one.message === message)) return;
      note(`BROKEN: ${promise}: ${message}`);
      violations.push({ ...violation, look: looks() });
    },
    isFull: () => violations.length >= violationsMax,
    second,
  };
}

/** A person's action that the server refuses is not done. */
function perform(action: () => unknown): void {
  void (async () => action())().catch(() => {});
}

interface Troubles {
  schedule(trouble: Trouble): void;
  /** Does something so many seconds later, or never if the storm is over by then. */
  later(seconds: number, action: () => unknown): void;
  /** No trouble begins any more. */
  stop(): void;
  /** Undoes all that has not ended by itself, more than once where the server was not there for it. */
  undoAll(pass: (ms: number) => Promise<void>): Promise<void>;
}

function createTroubles(scene: Scene, { note }: Journal, hindrances: Hindrances): Troubles {
  const { clock } = scene.world.time;
  const storm = new AbortController();
  const undos = new Set<() => unknown>();
  const onPhase = followPhases(scene.world, note);

  function later(seconds: number, action: () => unknown): void {
    void clock.sleep(seconds * 1000, storm.signal).then(
      () => perform(action),
      () => {},
    );
  }

  async function end(undo: () => unknown): Promise<void> {
    if (!undos.delete(undo)) return;
    try {
      await undo();
    } catch {
      undos.add(undo);
      later(5, () => end(undo));
    }
  }

  async function begin(one: Trouble): Promise<void> {
    note(`-- ${tell(one)}`);
    const settleDown = hinder(one, hindrances);
    const undoTrouble = await trouble(one, scene).catch((error: unknown) => {
      settleDown();
      throw error;
    });
    // A trouble that strikes later, or is found out later, does so within this time.
    if (undoTrouble === undefined) {
      later(strikesSeconds, settleDown);
      return;
    }
    const undo = async () => {
      await undoTrouble();
      settleDown();
    };
    undos.add(undo);
    later("for" in one ? one.for : 0, () => {
      note(`-- over: ${tell(one)}`);
      return end(undo);
    });
  }

  return {
    schedule(one) {
      const { once } = one;
      if (once === undefined) later(one.at, () => begin(one));
      else later(one.at, () => onPhase(once.node, once.phase, (delay) => later(delay, () => begin(one))));
    },
    later,
    stop: () => storm.abort(new Error("the storm is over")),
    async undoAll(pass) {
      for (let round = 0; round < 2 || (undos.size > 0 && round < undoRoundsMax); round += 1) {
        for (const undo of [...undos]) perform(() => end(undo));
        await pass(round < 2 ? 1000 : 10_000);
      }
    },
  };
}

/** Notes that the trouble keeps a daemon from seeing or writing; until the answer is called. */
function hinder(one: Trouble, { disturbances, muteness, blindness }: Hindrances): () => void {
  const effect = effectOf(one);
  if (effect === undefined) return () => {};
  return { disturbs: disturbances, mutes: muteness, blinds: blindness }[effect].begin(nodeOf(one));
}

/** Waits until all is well and stays so, or for as long as that may take; what is wrong then. */
async function problemsAfterCalm(
  scene: Scene,
  { second, isFull }: Journal,
  pass: (ms: number) => Promise<void>,
  mailboxes: Mailboxes | undefined,
): Promise<string[]> {
  const problemsNow = () => [...problemsOf(scene), ...(mailboxes?.problems() ?? [])];
  const calmSince = second();
  let problems: string[] = [];
  while (second() - calmSince < calmSecondsMax && !isFull()) {
    // The person on call looks at what has failed, and lets the others go on.
    perform(() => tidyUp(scene));
    perform(() => resume(scene));
    perform(() => askAgain(scene));
    await pass(10_000);
    problems = problemsNow();
    if (problems.length > 0) continue;
    await pass(30_000);
    problems = problemsNow();
    if (problems.length === 0) break;
  }
  return problems;
}

/** What people see to when a storm has passed; drains get the time that the pods need. */
function calm({ options, skewMs, slow }: Scenario, scene: Scene): void {
  const { world, settings } = scene;
  const { "end-time": _, ...usual } = options;
  const always = slow === undefined ? usual : { ...usual, "drain-timeout": "10m" };
  for (const machine of world.machines) {
    machine.behaviour.goesDown = true;
    machine.behaviour.shutdownMs = 0;
    const clock = world.clockOf(machine.name);
    clock.step((skewMs[machine.name] ?? 0) - (clock.offsetsMs(0)[0] ?? 0));
    machine.powerOn();
    if (world.server.stored("nodes", machine.name) === undefined) machine.reboot();
    settings.change(machine.name, always, world.time.clock.wall());
    world.restartDaemon(machine.name, always);
  }
}

/** Writes down each change of phase, as the Nodes show it, and tells who waits for one. */
function followPhases({ server }: SmallWorld, note: (what: string) => void) {
  const waiting: { node: string; phase: Phase; action: (delaySeconds: number) => void }[] = [];
  server.onChange("nodes", ({ object, previous }, user) => {
    const { name } = object.metadata;
    const { phase = "Idle", reasons = [], outcome } = recordIn(object);
    if (user === "kubernetes-admin") note(`${name}: changed by a person`);
    if (phase === (recordIn(previous).phase ?? "Idle")) return;
    note(`${name}: ${phase} ${reasons.map(({ message }) => message).join("; ") || (outcome?.message ?? "")}`);
    const due = waiting.find((one) => one.node === name && one.phase === phase);
    if (due === undefined) return;
    waiting.splice(waiting.indexOf(due), 1);
    due.action((Number(object.metadata.resourceVersion) % 8) / 4);
  });
  return (node: string, phase: Phase, action: (delaySeconds: number) => void) =>
    void waiting.push({ node, phase, action });
}
