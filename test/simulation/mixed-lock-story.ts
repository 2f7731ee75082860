/** Nodes with kured and nodes with rebootd on one lock, in either of its shapes, while much goes wrong. */
import { parseRecord } from "../../daemon/cycle/record.ts";
import { at, type KubeObject } from "../kubernetes/api/object.ts";
import type { FaultEffect, RequestFacts } from "../kubernetes/api/server.ts";
import { entriesOf } from "../promises/eyes.ts";
import { installKured } from "../world/kured-rights.ts";
import { startKured } from "./kured.ts";
import { seeded } from "./seeded.ts";
import {
  isFromDaemon,
  type SmallWorld,
  type SmallWorldOptions,
  slowCluster,
  startSmallWorld,
} from "./small-world.ts";

/** Something that goes wrong, so many seconds after the start; what lasts ends `for` so many seconds later. */
type Trouble = { at: number } & (
  | { kind: "crash"; node: string }
  | { kind: "away"; for: number }
  | { kind: "fault"; effect: FaultEffect; probability: number; for: number }
  | { kind: "lost-answers"; times: number }
  | { kind: "slow-boot"; node: string; downSeconds: number }
  | { kind: "cut-watches" }
);

/** A run, as data. */
export interface MixedLock {
  seed: number;
  /** How many may be down at a time; 1 is the shape for one holder. */
  concurrency: number;
  /** Which nodes have kured; the others have rebootd. */
  kured: readonly string[];
  periodMs: number;
  /** Whether rebootd has kured's rights alone, or all. */
  rights: "everything" | "kured";
  /** When each node wants its reboot; seconds. */
  wants: Readonly<Record<string, number>>;
  troubles: readonly Trouble[];
}

const nodesMax = 10;
const stormSeconds = 900;
/** Afterwards everybody has had a turn within so long: ten cycles of a few minutes, and kured looks once in a period. */
const calmSecondsMax = 3 * 3600;
const lockPath = "/apis/apps/v1/namespaces/kube-system/daemonsets/kured";

export function draw(seed: number): MixedLock {
  const random = seeded(seed);
  const integer = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
  const oneOf = <T>(...items: readonly T[]) => items[integer(0, items.length - 1)] as T;
  const names = Array.from({ length: nodesMax }, (_, index) => `n${index + 1}`);
  const node = () => oneOf(...names);
  const at = () => integer(0, stormSeconds);
  const drawTrouble = (): Trouble => {
    const kind = oneOf(
      "crash",
      "crash",
      "away",
      "fault",
      "fault",
      "lost-answers",
      "slow-boot",
      "cut-watches",
    );
    switch (kind) {
      case "crash":
        return { at: at(), kind, node: node() };
      case "away":
        return { at: at(), kind, for: integer(2, 90) };
      case "fault": {
        const effect = oneOf<FaultEffect>({ status: 409 }, { status: 500 }, "reset-before", "reset-after");
        return { at: at(), kind, effect, probability: oneOf(0.2, 0.5), for: integer(10, 120) };
      }
      case "lost-answers":
        return { at: at(), kind, times: integer(1, 4) };
      case "slow-boot":
        return { at: at(), kind, node: node(), downSeconds: integer(30, 200) };
      case "cut-watches":
        return { at: at(), kind };
      default:
        return kind satisfies never;
    }
  };
  const shuffled = names
    .map((name) => ({ name, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ name }) => name);
  return {
    seed,
    concurrency: oneOf(1, 1, 2, 3),
    kured: shuffled.slice(0, nodesMax / 2).sort(),
    periodMs: integer(30, 180) * 1000,
    rights: oneOf("everything", "kured"),
    wants: Object.fromEntries(names.map((name) => [name, integer(5, stormSeconds / 2)])),
    troubles: Array.from({ length: integer(4, 16) }, drawTrouble).sort((a, b) => a.at - b.at),
  };
}

export interface Played {
  /** Limits that were broken, and nodes that had no turn. */
  problems: readonly string[];
  /** For people. */
  story: readonly string[];
}

/** The lock as it is stored, whoever may read it. */
const lockOf = ({ server }: SmallWorld) =>
  server.stored("daemonsets.apps", "kube-system/kured")?.metadata.annotations?.[
    "weave.works/kured-node-lock"
  ];
const isCordoned = (node: KubeObject | undefined) => at(node, "spec", "unschedulable") === true;

export async function play(mixed: MixedLock): Promise<Played> {
  const { seed, concurrency, rights } = mixed;
  const options: SmallWorldOptions = {
    nodes: nodesMax,
    seed,
    rights,
    instead: kuredInstead(mixed),
    ...slowCluster,
    options: {
      "ds-name": "kured",
      "ds-namespace": "kube-system",
      concurrency: String(concurrency),
      "ready-settle": "5s",
    },
  };
  const world = await startSmallWorld(options);
  if (rights !== "kured") await installKured(world.api, world.signal);
  const journal = createJournal(world);
  watchLimits(mixed, world, journal);
  for (const [name, second] of Object.entries(mixed.wants)) {
    later(world, second, () => world.machine(name).wantReboot());
  }
  const undo: (() => void)[] = [];
  for (const trouble of mixed.troubles) {
    later(world, trouble.at, () => {
      journal.note(JSON.stringify(trouble));
      undo.push(begin(trouble, world));
    });
  }
  await world.pass((stormSeconds + 120) * 1000);
  for (const end of undo) end();
  const boots = () => world.machines.map(({ boots }) => boots.length);
  const isOver = () => boots().every((many) => many >= 2) && problemsLeft(mixed, world).length === 0;
  for (let passed = 0; passed < calmSecondsMax && !isOver(); passed += 30) await world.pass(30_000);
  const hadNoTurn = world.machines.filter((machine) => machine.boots.length < 2).map(({ name }) => name);
  const problems = [
    ...journal.problems,
    ...hadNoTurn.map((name) => `${name} had no turn`),
    ...problemsLeft(mixed, world),
  ];
  await world.stop();
  return { problems, story: [...journal.story, ...world.logs] };
}

function later({ time, signal }: SmallWorld, seconds: number, act: () => void): void {
  void time.clock.sleep(seconds * 1000, signal).then(act, () => {});
}

function kuredInstead({
  kured,
  concurrency,
  periodMs,
  seed,
}: MixedLock): NonNullable<SmallWorldOptions["instead"]> {
  const random = seeded(seed + 0x10000000);
  const drain = () => ({ ms: random() * 60_000, succeeds: random() < 0.9 });
  const shared = { daemonSet: lockPath, random, concurrency, periodMs, mayBegin: () => true, drain };
  return (node) => (kured.includes(node) ? (place) => startKured({ ...shared, ...place, node }) : undefined);
}

function begin(trouble: Trouble, world: SmallWorld): () => void {
  const { server } = world;
  const where = (facts: RequestFacts) => isFromDaemon(facts) || facts.user.startsWith("other:");
  switch (trouble.kind) {
    case "crash":
      world.machine(trouble.node).crashDaemon();
      return () => {};
    case "away": {
      const reason = `outage at ${trouble.at}`;
      const end = () => world.setAway(reason, false);
      world.setAway(reason, true);
      later(world, trouble.for, end);
      return end;
    }
    case "fault": {
      const { effect, probability } = trouble;
      const fault = server.faults.add({ match: { where }, probability, effect });
      later(world, trouble.for, fault.remove);
      return fault.remove;
    }
    case "lost-answers": {
      const isWrite = (facts: RequestFacts) => where(facts) && ["update", "patch"].includes(facts.verb);
      const match = { resource: "daemonsets", where: isWrite };
      return server.faults.add({ match, times: trouble.times, effect: "reset-after" }).remove;
    }
    case "slow-boot": {
      const { behaviour } = world.machine(trouble.node);
      behaviour.downMs = trouble.downSeconds * 1000;
      return () => {};
    }
    case "cut-watches":
      server.cutWatches();
      return () => {};
    default:
      return trouble satisfies never;
  }
}

function createJournal({ time: { clock } }: SmallWorld) {
  const began = clock.wall();
  const story: string[] = [];
  const problems: string[] = [];
  const note = (what: string) => {
    story.push(`${String(Math.round((clock.wall() - began) / 1000)).padStart(6)} s  ${what}`);
  };
  return {
    story,
    problems,
    note,
    violate(problem: string) {
      if (problems.includes(problem)) return;
      note(`BROKEN: ${problem}`);
      problems.push(problem);
    },
  };
}

/**
 * After each change: no more nodes in the lock than may be, each machine that goes down or is down has a slot, and so has
 * each node that rebootd has cordoned. A kured whose drain has failed releases first and uncordons then.
 */
function watchLimits(
  { concurrency, kured }: MixedLock,
  world: SmallWorld,
  journal: ReturnType<typeof createJournal>,
) {
  const holders = () => new Set(entriesOf(lockOf(world)).map(({ nodeID }) => nodeID));
  const check = () => {
    const inside = holders();
    if (inside.size > concurrency)
      journal.violate(
        `${inside.size} nodes are in the lock, ${concurrency} may be: ${[...inside].join(", ")}`,
      );
    const down = world.machines.filter((machine) => !machine.isUp || machine.isGoingDown);
    if (down.length > concurrency)
      journal.violate(`${down.length} machines are down: ${down.map(({ name }) => name).join(", ")}`);
    for (const { name } of down) if (!inside.has(name)) journal.violate(`${name} is down without a slot`);
    for (const { name } of world.machines) {
      const isOurs = !kured.includes(name) && isCordoned(world.server.stored("nodes", name));
      if (isOurs && !inside.has(name)) journal.violate(`${name} is cordoned without a slot`);
    }
  };
  world.server.onChange("nodes", check);
  world.server.onChange("daemonsets.apps", () => {
    journal.note(`lock: ${lockOf(world)}`);
    check();
  });
  world.onMachineEvent = (event) => {
    if (event.type === "going-down" || event.type === "booted")
      journal.note(`${event.machine}: ${event.type}`);
    check();
  };
}

/**
 * The lock is free and no node is cordoned, once all is over. A kured that is killed between its failed drain and the uncordon
 * leaves its own node cordoned for good, as it takes that for a person's.
 */
function problemsLeft({ kured }: MixedLock, world: SmallWorld): string[] {
  const inside = entriesOf(lockOf(world)).map(({ nodeID }) => `${nodeID} is still in the lock`);
  const nodes = world.machines.flatMap(({ name }) => {
    const node = world.server.stored("nodes", name);
    const phase = parseRecord(node?.metadata.annotations?.["rebootd.dev/cycle"]).record?.phase ?? "Idle";
    return [
      ...(isCordoned(node) && !kured.includes(name) ? [`${name} is still cordoned`] : []),
      ...(phase === "Idle" ? [] : [`${name} is ${phase}`]),
    ];
  });
  return [...inside, ...nodes];
}
