import type { Phase } from "../../../daemon/cycle/record.ts";
import type { Clock } from "../../../daemon/time/clock.ts";
import { holder } from "../../kubernetes/controllers/budget-holder.ts";
import { podStopAnnotation } from "../../kubernetes/machines/pods.ts";
import type { Workload } from "../../kubernetes/workloads.ts";
import type { Violation } from "../../promises/checker.ts";
import { recordIn } from "../../promises/eyes.ts";
import { logindOf } from "../logind-of.ts";
import { seeded } from "../seeded.ts";
import type { SmallWorld } from "../small-world.ts";
import { startSmallWorld } from "../small-world.ts";
import { createControlPlane, staticPods } from "./control-plane.ts";
import { createDisturbances } from "./disturbances.ts";
import { effectOf, nodeOf } from "./disturbing.ts";
import { problemsOf } from "./ending.ts";
import { createLockObjects, emptyOtherLock } from "./harsher-actions.ts";
import { createInterference } from "./interference.ts";
import { locks } from "./locks.ts";
import { createNetwork } from "./network.ts";
import { type Scenario, stormSeconds, type Trouble } from "./scenario.ts";
import type { Scene } from "./scene.ts";
import { createSettings } from "./settings.ts";
import { askAgain, resume, tell, tidyUp, trouble } from "./troubles.ts";
import { createWaiters } from "./waiters.ts";
import { watchAll } from "./watch-all.ts";

export interface Played {
  violations: readonly (Violation & { look: number })[];
  /** After how many changes and events the promises were looked at. */
  looks: number;
  /** What happened, for people. */
  story: readonly string[];
}

/** After the storm everything has to be well within so long. */
const calmSecondsMax = 3 * 3600;
const violationsMax = 5;
/** A person tries to mend what a storm has left so many times. */
const undoRoundsMax = 60;
/** After a trouble with no end of its own. */
const strikesSeconds = 300;

/** Plays a scenario on a cluster in memory, in virtual time, and looks at the promises after each change. */
export async function play(scenario: Scenario): Promise<Played> {
  const random = seeded(scenario.seed + 0x40000000);
  const sleep: Clock["sleep"] = (ms, signal) => world.time.clock.sleep(ms, signal);
  const interference = createInterference(sleep);
  const network = createNetwork(sleep, random);
  const lock = scenario.options["ds-name"] === undefined ? locks.usual : locks.kured;
  const alerts = { active: false };
  const world = await startSmallWorld({
    nodes: scenario.nodes,
    seed: scenario.seed,
    skewMs: scenario.skewMs,
    ...(scenario.joinsAfter && {
      joinsAfterMs: { [`n${scenario.nodes}`]: scenario.joinsAfter * 1000 },
    }),
    logind: logindOf,
    ...(scenario.controlPlane && { controlPlane: { members: scenario.controlPlane, staticPods } }),
    kubelet: { heartbeatMs: 20_000, podStopMs: 4000 },
    options: scenario.options,
    workloads: workloadsOf(scenario),
    ...(scenario.agents && { nodeAgents: { name: "agent", boundBy: scenario.agents } }),
    ...(scenario.held && { heldBudget: "database" }),
    between: (node, transport) => interference.between(node, network.between(node, transport)),
    post: async () => ({ status: 200, text: alertsText(alerts.active) }),
  });
  const { clock } = world.time;
  const began = clock.wall();
  const second = () => Math.round((clock.wall() - began) / 1000);
  const story: string[] = [];
  const note = (what: string) => void story.push(`${String(second()).padStart(6)} s  ${what}`);
  const violations: (Violation & { look: number })[] = [];
  const violate = (violation: Violation) => {
    // What stays broken is said once.
    const { promise, message } = violation;
    if (violations.some((one) => one.promise === promise && one.message === message)) return;
    note(`BROKEN: ${violation.promise}: ${violation.message}`);
    violations.push({ ...violation, look: promises.looks });
  };

  const settings = createSettings(scenario);
  await createLockObjects({ world });
  const controlPlane = scenario.controlPlane && createControlPlane(world, scenario.controlPlane, random);
  const disturbances = createDisturbances(clock.wall);
  const blindness = createDisturbances(clock.wall);
  const muteness = createDisturbances(clock.wall);
  const lateness = createDisturbances(clock.wall);
  const promises = watchAll({
    world,
    settings,
    controlPlane,
    disturbances,
    blindness,
    muteness,
    lateness,
    isAlerting: () => alerts.active,
    onViolation: violate,
  });
  const requests = createWaiters();
  const boots = createWaiters();
  world.onDaemonRequest = (node, { path }) => {
    promises.onRequest(node, path);
    requests.tell(node);
  };
  const stubborn = new Set<string>();
  world.onMachineEvent = (event) => {
    note(`${event.machine}: ${event.type}${"how" in event ? ` ${event.how}` : ""}`);
    promises.onMachineEvent(event);
    controlPlane?.onMachineEvent(event);
    if (event.type === "booted") boots.tell(event.machine);
    const isStubborn = stubborn.has(event.machine);
    if (event.type === "booted" && isStubborn) world.machine(event.machine).wantReboot();
    // What goes away while the machine is up has gone for good; at a boot it is perhaps only hidden.
    const isGone = event.type === "sentinel" && !event.present;
    if (isGone && (!isStubborn || world.machine(event.machine).isUp)) promises.forgetNeed(event.machine);
  };
  const storm = new AbortController();
  const undos = new Set<() => unknown>();
  // A person's action that the server refuses is not done.
  const perform = (action: () => unknown) => void (async () => action())().catch(() => {});
  const later = (seconds: number, action: () => unknown) =>
    void clock.sleep(seconds * 1000, storm.signal).then(
      () => perform(action),
      () => {},
    );
  const end = async (undo: () => unknown) => {
    if (!undos.delete(undo)) return;
    try {
      await undo();
    } catch {
      undos.add(undo);
      later(5, () => end(undo));
    }
  };
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
    lock,
    options: scenario.options,
    random,
    alerts,
    stubborn,
    givenUp: new Set(),
    later,
    onRequest: requests.wait,
    onNextBoot: (node, action) => boots.wait(node, 0, action),
  };
  const disturb = (one: Trouble) => {
    const effect = effectOf(one);
    if (effect === undefined) return () => {};
    return { disturbs: disturbances, mutes: muteness, blinds: blindness }[effect].begin(nodeOf(one));
  };
  const begin = async (one: Trouble) => {
    note(`-- ${tell(one)}`);
    const settleDown = disturb(one);
    const undoTrouble = await trouble(one, scene).catch((error: unknown) => {
      settleDown();
      throw error;
    });
    // What strikes later, or is found out later, does so within this time.
    if (undoTrouble === undefined) return later(strikesSeconds, settleDown);
    const undo = async () => {
      await undoTrouble();
      settleDown();
    };
    undos.add(undo);
    later("for" in one ? one.for : 0, () => {
      note(`-- over: ${tell(one)}`);
      return end(undo);
    });
  };
  const onPhase = followPhases(world, note);
  for (const one of scenario.troubles) {
    const { once } = one;
    if (once === undefined) later(one.at, () => begin(one));
    else later(one.at, () => onPhase(once.node, once.phase, (delay) => later(delay, () => begin(one))));
  }

  const hasFailed = () => violations.length >= violationsMax;
  const pass = async (ms: number) => {
    await world.time.pass(ms);
    // For whatever reason the server is away.
    if (world.server.away) disturbances.begin()();
    promises.tick();
  };
  for (let passed = 0; passed < (scenario.seconds ?? stormSeconds) && !hasFailed(); passed += 10) {
    await pass(10_000);
  }
  note("-- the storm is over");
  storm.abort(new Error("the storm is over"));
  interference.disarm();
  for (const one of [disturbances, blindness, muteness, lateness]) one.endAll();
  // More than once for what the server was not there for.
  for (let round = 0; round < 2 || (undos.size > 0 && round < undoRoundsMax); round += 1) {
    for (const undo of [...undos]) perform(() => end(undo));
    await pass(round < 2 ? 1000 : 10_000);
  }
  calm(scenario, scene);
  perform(() => emptyOtherLock(scene));
  let problems: string[] = [];
  for (
    const calmSince = second();
    second() - calmSince < calmSecondsMax && violations.length < violationsMax;
  ) {
    // Who is on call looks at what has failed, and lets the others go on.
    perform(() => tidyUp(scene));
    perform(() => resume(scene));
    perform(() => askAgain(scene));
    await pass(10_000);
    problems = problemsOf(scene);
    if (problems.length > 0) continue;
    // It stays so.
    await pass(30_000);
    problems = problemsOf(scene);
    if (problems.length === 0) break;
  }
  for (const message of problems) violate({ promise: "all is well in the end", message });
  const circle = world.logs.find((line) => line.includes("a bug in rebootd"));
  if (circle !== undefined) violate({ promise: "no loop without a rest", message: circle });
  await world.stop();
  return { violations, looks: promises.looks, story };
}

function workloadsOf({ replicas, tolerating = 0, held = 0, slow }: Scenario): Workload[] {
  const operator = {
    name: "operator",
    replicas: tolerating,
    spec: { tolerations: [{ operator: "Exists" }] },
  };
  const database = {
    name: "database",
    replicas: held,
    budget: { minAvailable: "100%" },
    budgetOwner: holder,
  };
  const job = slow && {
    name: "job",
    replicas: slow.replicas,
    annotations: { [podStopAnnotation]: String(slow.stopSeconds) },
    spec: { terminationGracePeriodSeconds: slow.graceSeconds },
  };
  return [{ name: "web", replicas }, operator, database, ...(job ? [job] : [])].filter(
    (one) => one.replicas > 0,
  );
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

function alertsText(active: boolean): string {
  const result = active ? [{ metric: { alertname: "Storm", alertstate: "firing" }, value: [0, "1"] }] : [];
  return JSON.stringify({ status: "success", data: { resultType: "vector", result } });
}
