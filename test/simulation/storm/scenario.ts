import type { RawOptions } from "../../../daemon/config/settings.ts";
import type { Phase } from "../../../daemon/cycle/record.ts";
import type { FaultEffect } from "../../kubernetes/api/server.ts";
import type { NodeAgents } from "../../kubernetes/controllers/node-agents.ts";
import { seeded } from "../seeded.ts";
import { type AdversaryTrouble, adversaryDraws, adversaryKinds } from "./adversary.ts";
import type { Members } from "./control-plane.ts";
import {
  type Draw,
  draws,
  type HarsherKind,
  type HarsherTrouble,
  harsherKinds,
  stormSecondsOf,
} from "./harsher.ts";
import { locks } from "./locks.ts";

/** A run, as data: the same scenario is the same run, to the letter. */
export interface Scenario {
  /** For all that chance decides while it runs. */
  seed: number;
  nodes: number;
  concurrency: number;
  /** For every daemon, beside the concurrency. */
  options: RawOptions;
  /** How far clocks are off. */
  skewMs: Readonly<Record<string, number>>;
  replicas: number;
  /** So many pods that tolerate a cordon, and pods that a controller binds to their nodes: they come back as soon as they are evicted. */
  tolerating?: number;
  agents?: NodeAgents["boundBy"];
  /** So many pods under a budget that its operator keeps until a node with one of them is cordoned. */
  held?: number;
  /** So many pods that take long to end, of the grace that they have. */
  slow?: { replicas: number; stopSeconds: number; graceSeconds: number };
  /** The last node is added so many seconds after the start. */
  joinsAfter?: number;
  /** So many of the nodes, from the first on, are of the control plane, and etcd and the API server run on them. */
  controlPlane?: Members;
  /** How long it goes on, where that is not the usual time. */
  seconds?: number;
  troubles: readonly Trouble[];
}

/**
 * Something that happens, `at` so many seconds after the start; or, from then on, so long after a node has come into a phase.
 * What lasts ends `for` so many seconds later.
 */
export type Trouble = { at: number; once?: { node: string; phase: Phase } } & (
  | { kind: "want"; node: string }
  | { kind: "unwant"; node: string }
  /** The need is there again after each boot, for a while. */
  | { kind: "stubborn"; node: string; for: number }
  | { kind: "crash"; node: string }
  /** The daemon is killed at its next write but so many: before it is sent, or once it is done and nobody knows. */
  | { kind: "crash-at-write"; node: string; skip: number; when: "before" | "after" }
  | { kind: "fault"; user: string; effect: FaultEffect; probability: number; for: number }
  | { kind: "lost-answer"; node: string; skip: number }
  | { kind: "partition"; user: string; for: number }
  | { kind: "away"; for: number }
  | { kind: "cut-watches" }
  | { kind: "compact" }
  | { kind: "power-failure"; node: string }
  | { kind: "slow-boot"; node: string; downSeconds: number; for: number }
  | { kind: "no-boot"; node: string; for: number }
  | { kind: "no-shutdown"; node: string; for: number }
  | { kind: "cordon"; node: string; for: number }
  | { kind: "uncordon"; node: string }
  | { kind: "lock-overwritten"; value: string; for: number }
  | { kind: "lock-by-hand"; for: number }
  | { kind: "slot-taken-away"; node: string }
  | { kind: "lock-deleted"; for: number }
  | { kind: "node-deleted"; node: string; for: number }
  | { kind: "reconfigured"; options: RawOptions; every: number }
  | { kind: "alerts"; for: number }
  | { kind: "budget"; for: number }
  | { kind: "paused"; node: string; for: number }
  | { kind: "all-paused"; for: number }
  | { kind: "requested"; node: string }
  | HarsherTrouble
  | AdversaryTrouble
);

export type Kind = Trouble["kind"];

const usualKinds = [
  "want",
  "unwant",
  "stubborn",
  "crash",
  "crash-at-write",
  "fault",
  "lost-answer",
  "partition",
  "away",
  "cut-watches",
  "compact",
  "power-failure",
  "slow-boot",
  "no-boot",
  "no-shutdown",
  "cordon",
  "uncordon",
  "lock-overwritten",
  "lock-by-hand",
  "slot-taken-away",
  "lock-deleted",
  "node-deleted",
  "reconfigured",
  "alerts",
  "budget",
] as const satisfies Kind[];

/** Kinds that may be drawn alone. */
export const kindsOfTrouble: readonly Kind[] = [...usualKinds, ...harsherKinds, ...adversaryKinds];

export interface Limits {
  nodes?: number | undefined;
  concurrency?: number | undefined;
  controlPlane?: Members | undefined;
  /** This kind alone beside the wishes for a reboot, up to so many times. */
  alone?: { kind: Kind; rate: number } | undefined;
}

/** Within this time troubles begin, and most storms are over; seconds. */
export const stormSeconds = 300;
/** Where a trouble is alone, each node is to reboot again about so many times. */
const wantsAgain = 4;

/** Pure: what a seed stands for. */
export function drawScenario(seed: number, limits: Limits = {}): Scenario {
  const random = seeded(seed);
  const integer = (least: number, most: number) => least + Math.floor(random() * (most - least + 1));
  const oneOf = <T>(...things: readonly T[]) => things[integer(0, things.length - 1)] as T;
  const maybe = <T>(probability: number, thing: () => T) => (random() < probability ? [thing()] : []);

  const nodes = Math.max(limits.nodes ?? integer(2, 5), limits.controlPlane === 3 ? 3 : 1);
  const names = Array.from({ length: nodes }, (_, index) => `n${index + 1}`);
  const concurrency = limits.concurrency ?? oneOf(1, 1, 2, 2, 3);
  const node = () => oneOf(...names);
  const lasting = () => integer(2, 90);
  const user = () => (random() < 0.8 ? `rebootd:${node()}` : oneOf(`kubelet:${node()}`, "controllers"));

  const effects: (() => FaultEffect)[] = [
    () => ({ status: oneOf(500, 503, 409) }),
    () => ({ refusal: { code: 403, reason: "Forbidden", message: "a webhook says no" } }),
    () => ({ status: 429, retryAfter: integer(1, 5) }),
    () => "reset-before",
    () => "reset-after",
    () => ({ latencyMs: integer(50, 6000) }),
    () => "hang",
    () => ({ watchDelayMs: integer(100, 5000) }),
    () => "cut-watch",
  ];
  const lockValues = ['{"nodeID":"manual"}', "not a lock", "{}", '{"maxOwners":2,"locks":[]}', "[1]"];
  const kinds: (() => Omit<Trouble, "at">)[] = [
    () => ({ kind: "want", node: node() }),
    () => ({ kind: "want", node: node() }),
    () => ({ kind: "unwant", node: node() }),
    () => ({ kind: "stubborn", node: node(), for: integer(60, 300) }),
    () => ({ kind: "crash", node: node() }),
    () => ({
      kind: "crash-at-write",
      node: node(),
      skip: integer(0, 6),
      when: oneOf("before", "after") as "before" | "after",
    }),
    () => ({
      kind: "crash-at-write",
      node: node(),
      skip: integer(0, 6),
      when: oneOf("before", "after") as "before" | "after",
    }),
    () => ({
      kind: "fault",
      user: user(),
      effect: oneOf(...effects)(),
      probability: oneOf(0.2, 0.5, 1),
      for: lasting(),
    }),
    () => ({ kind: "lost-answer", node: node(), skip: integer(0, 6) }),
    () => ({ kind: "lost-answer", node: node(), skip: integer(0, 6) }),
    () => ({ kind: "partition", user: user(), for: lasting() }),
    () => ({ kind: "away", for: integer(1, 40) }),
    () => ({ kind: "cut-watches" }),
    () => ({ kind: "compact" }),
    () => ({ kind: "power-failure", node: node() }),
    () => ({ kind: "slow-boot", node: node(), downSeconds: integer(20, 150), for: 300 }),
    () => ({ kind: "no-boot", node: node(), for: integer(60, 300) }),
    () => ({ kind: "no-shutdown", node: node(), for: integer(30, 200) }),
    () => ({ kind: "cordon", node: node(), for: integer(5, 300) }),
    () => ({ kind: "uncordon", node: node() }),
    () => ({ kind: "lock-overwritten", value: oneOf(...lockValues), for: lasting() }),
    () => ({ kind: "lock-by-hand", for: integer(5, 200) }),
    () => ({ kind: "slot-taken-away", node: node() }),
    () => ({ kind: "lock-deleted", for: integer(1, 60) }),
    () => ({ kind: "node-deleted", node: node(), for: integer(5, 120) }),
    () => ({
      kind: "reconfigured",
      options: drawOptions(),
      every: integer(1, 20),
    }),
    () => ({ kind: "alerts", for: lasting() }),
    () => ({ kind: "budget", for: integer(20, 600) }),
    () => ({ kind: "budget", for: integer(20, 600) }),
  ];

  function drawOptions(): RawOptions {
    const options: [keyof RawOptions, string | string[]][] = [
      ["concurrency", String(limits.concurrency ?? oneOf(1, 2, 3))],
      ["period", oneOf("30s", "5m", "1h")],
      ["drain-timeout", oneOf("30s", "2m")],
      // Drains are to pass the end of the window.
      ["window-margin", "0"],
      ["reboot-timeout", oneOf("40s", "2m")],
      ["ready-timeout", "2m"],
      ["ready-settle", oneOf("0", "5s", "15s")],
      ["prometheus-url", "http://prometheus.test"],
      ["halt-after-failures", oneOf("0", "1", "3")],
      // Drains fail often, reboots hardly ever.
      ["halt-after-failed-drains", seed % 3 === 0 ? "0" : "3"],
      // Half of the storms begin drains that cannot succeed.
      ["preflight", seed % 2 === 1 ? "off" : "on"],
      ...maybe(0.3, () => ["max-unavailable", oneOf("1", "2", "50%")] as [keyof RawOptions, string]),
      ...maybe(0.3, () => ["reboot-delay", oneOf("3s", "20s")] as [keyof RawOptions, string]),
      ...maybe(0.3, () => ["lock-release-delay", oneOf("3s", "30s")] as [keyof RawOptions, string]),
      ...maybe(0.3, () => ["drain-delay", oneOf("3s", "20s")] as [keyof RawOptions, string]),
      ...maybe(0.3, () => ["prefer-no-schedule-taint", "test/soft"] as [keyof RawOptions, string]),
      ...maybe(
        0.3,
        () => ["pre-reboot-node-labels", ["test/state=rebooting"]] as [keyof RawOptions, string[]],
      ),
      ...maybe(0.2, () => ["lb-exclude", "true"] as [keyof RawOptions, string]),
      // The storm begins at noon.
      ...maybe(0.2, () => ["end-time", oneOf("12:04", "12:08")] as [keyof RawOptions, string]),
    ];
    return Object.fromEntries(options);
  }

  /** What people wish; drawn from a sequence of its own. */
  function drawWishes(): Trouble[] {
    const wishes = seeded(seed + 0x10000000);
    if (wishes() < 0.5) return [];
    const below = (end: number) => Math.floor(wishes() * end);
    const phases: Phase[] = ["Waiting", "Draining", "Rebooting", "Returning", "Settling"];
    return Array.from({ length: 1 + below(3) }, (): Trouble => {
      const wish = below(4);
      const who = names[below(nodes)] ?? "n1";
      const lasts = 5 + below(200);
      const at = below(stormSeconds);
      const phase = phases[below(phases.length)];
      const when =
        wishes() < 0.5 || phase === undefined ? { at } : { at: at / 4, once: { node: who, phase } };
      if (wish === 0) return { ...when, kind: "all-paused", for: lasts };
      if (wish === 1) return { ...when, kind: "requested", node: who };
      return { ...when, kind: "paused", node: who, for: lasts };
    });
  }

  /** The new kinds; drawn from a sequence of their own, a few to a storm. */
  function drawHarsher(): Trouble[] {
    const own = drawFrom(seeded(seed + 0x20000000));
    const many = own.oneOf(0, 0, 1, 1, 2, 3);
    const kindsHere = harsherKinds.filter(
      (kind) => kind !== "slow-etcd" && (kind !== "kured" || own.chance(0.5)),
    );
    const drawn = Array.from({ length: many }, () => placed(own, () => draws[own.oneOf(...kindsHere)](own)));
    // The control plane has its own troubles.
    const ofMembers = limits.controlPlane === 3 && own.chance(0.6);
    return ofMembers ? [...drawn, placed(own, () => draws["slow-etcd"](own))] : drawn;
  }

  /** Somebody who means harm, in some of the storms; drawn from a sequence of its own. */
  function drawAdversary(): Trouble[] {
    const own = drawFrom(seeded(seed + 0x80000000));
    const many = own.chance(0.3) ? own.integer(1, 5) : 0;
    return Array.from({ length: many }, () =>
      placed(own, () => adversaryDraws[own.oneOf(...adversaryKinds)](own)),
    );
  }

  function drawAlone({ kind, rate }: NonNullable<Limits["alone"]>): Trouble[] {
    const own = drawFrom(seeded(seed + 0x30000000));
    const ownDraws: Partial<Record<Kind, (draw: Draw) => Omit<Trouble, "at">>> = {
      ...draws,
      ...adversaryDraws,
    };
    const drawOne = (): Omit<Trouble, "at"> => {
      const draw = ownDraws[kind];
      if (draw !== undefined) return draw(own);
      for (;;) {
        const trouble = oneOf(...kinds)();
        if (trouble.kind === kind) return trouble;
      }
    };
    // Nodes are to be in all phases all the time, or most troubles would find them at rest.
    const again = Array.from(
      { length: nodes * wantsAgain },
      (): Trouble => ({ at: own.integer(0, stormSeconds), kind: "want", node: own.node() }),
    );
    return [...again, ...Array.from({ length: own.integer(1, rate) }, () => placed(own, drawOne))];
  }

  /** At a time, or once a node is in a phase: by the clock alone a trouble would mostly miss those that pass quickly. */
  function placed(own: Draw, draw: () => Omit<Trouble, "at">): Trouble {
    const at = own.integer(0, stormSeconds * 10) / 10;
    const trouble = draw();
    if (own.chance(0.5)) return { at, ...trouble } as Trouble;
    const phase = own.oneOf<Phase>("Waiting", "Draining", "Rebooting", "Returning", "Settling", "Restoring");
    const where = "node" in trouble ? (trouble.node as string) : own.node();
    return { at: at / 4, once: { node: where, phase }, ...trouble } as Trouble;
  }

  function drawFrom(random: () => number): Draw {
    const integer = (least: number, most: number) => least + Math.floor(random() * (most - least + 1));
    const oneOf = <T>(...things: readonly T[]) => things[integer(0, things.length - 1)] as T;
    return {
      integer,
      oneOf,
      node: () => oneOf(...names),
      member: () => oneOf(...names.slice(0, limits.controlPlane ?? nodes)),
      chance: (probability) => random() < probability,
    };
  }

  /** Pods that a cordon does not keep away; drawn from a sequence of its own. */
  function drawComebacks(): Pick<Scenario, "tolerating" | "agents"> {
    const own = drawFrom(seeded(seed + 0x50000000));
    return {
      ...(own.chance(0.4) && { tolerating: own.integer(nodes, nodes + 2) }),
      ...(own.chance(0.3) && { agents: own.oneOf("nodeName", "affinity") }),
    };
  }

  /**
   * Budgets that let nothing go until the cordon, and while there is a node that is not cordoned: never are all of more than three
   * in a cycle at a time. Drawn from a sequence of its own.
   */
  function drawHeld(): Pick<Scenario, "held"> {
    const own = drawFrom(seeded(seed + 0x60000000));
    return nodes > 3 && own.chance(0.4) ? { held: own.integer(1, nodes + 1) } : {};
  }

  /** Pods of which some outlast a drain, and watches that go deaf in one; drawn from a sequence of its own. */
  function drawLongDrains(): Pick<Scenario, "slow"> & { deaf: Trouble[] } {
    const own = drawFrom(seeded(seed + 0x70000000));
    const stopSeconds = own.oneOf(20, 45, 110, 200);
    const slow = {
      replicas: own.integer(1, nodes),
      stopSeconds,
      graceSeconds: stopSeconds * own.oneOf(1, 2),
    };
    const deaf = own.node();
    const isSlow = own.chance(0.3);
    return {
      ...(isSlow && { slow }),
      deaf: own.chance(0.1)
        ? [{ at: 0, once: { node: deaf, phase: "Draining" }, kind: "frozen-watch", node: deaf }]
        : [],
    };
  }

  /** What follows from the troubles: how long it takes, and where the lock is. */
  function finish(drawn: Scenario): void {
    drawn.troubles = drawn.troubles.toSorted((a, b) => a.at - b.at);
    const lasts = drawn.troubles.map(({ kind }) => stormSecondsOf[kind as HarsherKind] ?? 0);
    const longest = Math.max(stormSeconds, ...lasts);
    if (longest > stormSeconds) drawn.seconds = longest;
    if (!drawn.troubles.some(({ kind }) => kind === "kured")) return;
    // Both have to look at one lock, and kured knows only the shape for one holder.
    const { options } = locks.kured;
    drawn.concurrency = 1;
    drawn.options = { ...drawn.options, ...options, concurrency: "1" };
    drawn.troubles = drawn.troubles.map((one) =>
      one.kind === "reconfigured"
        ? { ...one, options: { ...one.options, ...options, concurrency: "1" } }
        : one,
    );
  }

  const options = { ...drawOptions(), concurrency: String(concurrency) };
  const isRush = random() < 0.5;
  const wants = names.map(
    (name): Trouble => ({ at: isRush ? 1 : integer(0, stormSeconds / 2), kind: "want", node: name }),
  );
  const others = Array.from({ length: integer(2, 20) }, (): Trouble => {
    const at = integer(0, stormSeconds * 10) / 10;
    const trouble = oneOf(...kinds)();
    if (random() < 0.6) return { at, ...trouble } as Trouble;
    // Phases pass quickly; by the clock alone a trouble would mostly miss them.
    const phase = oneOf<Phase>("Draining", "Rebooting", "Returning", "Settling", "Restoring");
    const where = "node" in trouble ? (trouble.node as string) : node();
    return { at: at / 4, once: { node: where, phase }, ...trouble } as Trouble;
  });
  const usual = [...wants, ...others, ...drawWishes()];
  const harsher = drawHarsher();
  const { deaf, ...slow } = drawLongDrains();
  const { alone } = limits;
  const scenario: Scenario = {
    seed,
    nodes,
    concurrency,
    options,
    skewMs: Object.fromEntries(maybe(0.3, () => [node(), integer(-90_000, 90_000)])),
    replicas: integer(0, 6),
    ...drawComebacks(),
    ...drawHeld(),
    ...slow,
    ...(limits.controlPlane && { controlPlane: limits.controlPlane }),
    troubles:
      alone === undefined
        ? [...usual, ...harsher, ...deaf, ...drawAdversary()]
        : [...wants, ...drawAlone(alone)],
  };
  finish(scenario);
  const isJoined = nodes > 2 && random() < 0.15;
  return isJoined ? { ...scenario, joinsAfter: integer(10, stormSeconds) } : scenario;
}
