import type { Phase } from "../../../daemon/cycle/record.ts";
import { logindOf } from "../logind-of.ts";
import { seeded } from "../seeded.ts";
import type { SmallWorld } from "../small-world.ts";
import { startSmallWorld } from "../small-world.ts";
import { playControlPlane } from "./control-plane.ts";
import { harshKinds } from "./draw-harsh.ts";
import { problemsOf } from "./ending.ts";
import { createInterference } from "./interference.ts";
import { recordIn, type Violation, watchPromises } from "./promises.ts";
import { watchQuiet } from "./quiet.ts";
import { type Scenario, stormSeconds, type Trouble } from "./scenario.ts";
import { createSettings } from "./settings.ts";
import { askAgain, endPauses, resume, type Scene, tell, trouble } from "./troubles.ts";

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

/** Plays a scenario on a cluster in memory, in virtual time, and looks at the promises after each change. */
export async function play(scenario: Scenario): Promise<Played> {
  const interference = createInterference();
  const alerts = { active: false };
  const world = await startSmallWorld({
    nodes: scenario.nodes,
    seed: scenario.seed,
    skewMs: scenario.skewMs,
    ...(scenario.joinsAfter && {
      joinsAfterMs: { [`n${scenario.nodes}`]: scenario.joinsAfter * 1000 },
    }),
    kubelet: { heartbeatMs: 20_000, podStopMs: 4000 },
    options: scenario.options,
    workloads: scenario.replicas > 0 ? [{ name: "web", replicas: scenario.replicas }] : [],
    between: interference.between,
    logind: logindOf,
    ...(scenario.members !== undefined && {
      controlPlane: { members: scenario.members, staticPods: ["etcd", "kube-apiserver"] },
    }),
    post: async () => ({ status: 200, text: alertsText(alerts.active) }),
  });
  const { clock } = world.time;
  const began = clock.wall();
  const second = () => Math.round((clock.wall() - began) / 1000);
  const story: string[] = [];
  const note = (what: string) => void story.push(`${String(second()).padStart(6)} s  ${what}`);
  const violations: (Violation & { look: number })[] = [];
  const violate = (violation: Violation) => {
    note(`BROKEN: ${violation.promise}: ${violation.message}`);
    violations.push({ ...violation, look: promises.looks });
  };

  const settings = createSettings(scenario);
  const quiet = watchQuiet(clock.elapsed, violate);
  world.onDaemonRequest = (node, { path }) => quiet.onRequest(node, path.endsWith("/eviction"));
  const promises = watchPromises({
    server: world.server,
    isGoingDown: (node) => world.machine(node).isGoingDown,
    quiet,
    now: clock.wall,
    bootID: (node) => world.machine(node).boots.at(-1)?.bootID,
    concurrencyOf: (node) => settings.concurrencyOf(node, clock.wall()),
    haltAfterOf: (node) => settings.haltAfterOf(node, clock.wall()),
    drainTimeoutMs: (node) => settings.drainTimeoutMs(node, clock.wall()),
    isWindowOpen: (node, time) =>
      world
        .clockOf(node)
        .offsetsMs(60_000)
        .some((offsetMs) => settings.isWindowOpen(node, time + offsetMs, clock.wall())),
    onViolation: violate,
  });
  const stubborn = new Set<string>();
  world.onMachineEvent = (event) => {
    note(`${event.machine}: ${event.type}${"how" in event ? ` ${event.how}` : ""}`);
    promises.onMachineEvent(event);
    const isStubborn = stubborn.has(event.machine);
    if (event.type === "booted" && isStubborn) world.machine(event.machine).wantReboot();
    // What goes away while the machine is up has gone for good; at a boot it is perhaps only hidden.
    const isGone = event.type === "sentinel" && !event.present;
    if (isGone && (!isStubborn || world.machine(event.machine).isUp)) promises.forgetNeed(event.machine);
  };
  const storm = new AbortController();
  const undos = new Set<() => unknown>();
  // A person's deed that the server refuses is not done.
  const perform = (deed: () => unknown) => void (async () => deed())().catch(() => {});
  const later = (seconds: number, deed: () => unknown) =>
    void clock.sleep(seconds * 1000, storm.signal).then(
      () => perform(deed),
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
  const { options } = scenario;
  const random = seeded(scenario.seed + 0x40000000);
  const scene: Scene = { world, promises, interference, settings, alerts, stubborn, options, random, later };
  const begin = async (one: Trouble) => {
    note(`-- ${tell(one)}`);
    const disturbs = isHarsh(one) && "node" in one;
    if (disturbs) promises.disturb(one.node);
    const undo = await trouble(one, scene);
    if (undo === undefined) return;
    const over = () => {
      if (disturbs) promises.disturb(one.node);
      return undo();
    };
    undos.add(over);
    later("for" in one ? one.for : 0, () => {
      note(`-- over: ${tell(one)}`);
      return end(over);
    });
  };
  if (scenario.members !== undefined) playControlPlane(world, scenario.members, random, violate);
  const onPhase = followPhases(world, note);
  for (const one of scenario.troubles) {
    const { once } = one;
    if (once === undefined) later(one.at, () => begin(one));
    else later(one.at, () => onPhase(once.node, once.phase, (delay) => later(delay, () => begin(one))));
  }

  const hasFailed = () => violations.length >= violationsMax;
  const lastsSeconds = secondsOf(scenario);
  for (let passed = 0; passed < lastsSeconds && !hasFailed(); passed += 10) await world.time.pass(10_000);
  note("-- the storm is over");
  storm.abort(new Error("the storm is over"));
  interference.disarm();
  // The second time for what the server was not there for.
  for (let round = 0; round < 2; round += 1) {
    for (const undo of [...undos]) perform(() => end(undo));
    await world.time.pass(1000);
  }
  calm(scenario, scene);
  perform(() => endPauses(scene));
  let problems: string[] = ["nothing was looked at"];
  for (
    const calmSince = second();
    second() - calmSince < calmSecondsMax && violations.length < violationsMax;
  ) {
    // Who is on call looks at what has failed, and lets the others go on.
    perform(() => resume(world));
    perform(() => askAgain(scene));
    await world.time.pass(10_000);
    problems = problemsOf(world, promises);
    if (problems.length > 0) continue;
    // It stays so.
    await world.time.pass(30_000);
    problems = problemsOf(world, promises);
    if (problems.length === 0) break;
  }
  for (const message of problems) violate({ promise: "all is well in the end", message });
  const circle = world.logs.find((line) => line.includes("a fault of rebootd"));
  if (circle !== undefined) violate({ promise: "no loop without a rest", message: circle });
  await world.stop();
  return { violations, looks: promises.looks, story };
}

/** Until the last of what takes long is over; most of it is quiet. */
function secondsOf({ troubles }: Scenario): number {
  const long = troubles.map((one) => (isHarsh(one) && "for" in one ? one.at + one.for + 60 : 0));
  return Math.max(stormSeconds, ...long);
}

function isHarsh({ kind }: Trouble): boolean {
  return (harshKinds as readonly string[]).includes(kind);
}

/** What people see to when a storm has passed. */
function calm({ options }: Scenario, { world, settings }: Scene): void {
  const { "end-time": _, ...always } = options;
  for (const machine of world.machines) {
    machine.behaviour.goesDown = true;
    machine.powerOn();
    if (world.server.stored("nodes", machine.name) === undefined) machine.reboot();
    settings.change(machine.name, always, world.time.clock.wall());
    world.restartDaemon(machine.name, always);
  }
}

/** Writes down each change of phase, as the Nodes show it, and tells who waits for one. */
function followPhases({ server }: SmallWorld, note: (what: string) => void) {
  const waiting: { node: string; phase: Phase; deed: (delaySeconds: number) => void }[] = [];
  server.onChange("nodes", ({ object, previous }, user) => {
    const { name } = object.metadata;
    const { phase = "Idle", reasons = [], outcome } = recordIn(object);
    if (user === "kubernetes-admin") note(`${name}: changed by a person`);
    if (phase === (recordIn(previous).phase ?? "Idle")) return;
    note(`${name}: ${phase} ${reasons.map(({ message }) => message).join("; ") || (outcome?.message ?? "")}`);
    const due = waiting.find((one) => one.node === name && one.phase === phase);
    if (due === undefined) return;
    waiting.splice(waiting.indexOf(due), 1);
    due.deed((Number(object.metadata.resourceVersion) % 8) / 4);
  });
  return (node: string, phase: Phase, deed: (delaySeconds: number) => void) =>
    void waiting.push({ node, phase, deed });
}

function alertsText(active: boolean): string {
  const result = active ? [{ metric: { alertname: "Storm", alertstate: "firing" }, value: [0, "1"] }] : [];
  return JSON.stringify({ status: "success", data: { resultType: "vector", result } });
}
