/** Troubles and pods that came later than the usual ones: each is drawn from a sequence of its own, so that seeds stay what they were. */
import type { RawOptions } from "../../../daemon/config/settings.ts";
import type { Phase } from "../../../daemon/cycle/record.ts";
import { seeded } from "../seeded.ts";
import { adversaryDraws, adversaryKinds } from "./adversary.ts";
import { awayDraws, awayKinds } from "./away.ts";
import { createDraw, type Draw } from "./draw.ts";
import { hasSilences, type Undated } from "./draw-usual.ts";
import { draws, harsherKinds } from "./harsher.ts";
import { drawHookJob, drawJobOptions } from "./hook-jobs.ts";
import { hostDraws, hostKinds } from "./host-troubles.ts";
import { drawOptOutOptions, optOutDraws, stopOptions } from "./opt-outs.ts";
import { labelDraws, labelOptions } from "./request-labels.ts";
import { type Kind, type Limits, type Scenario, stormSeconds, type Trouble } from "./scenario.ts";
import { drawRebootKind, drawSoftReboot } from "./soft-reboots.ts";
import { storageDraws } from "./storage.ts";

/** What the sequences share: the seed, and the nodes among which they draw. */
export interface Cast {
  seed: number;
  names: readonly string[];
  limits: Limits;
}

/** Where a trouble is alone, each node is to reboot again about so many times. */
const wantsAgain = 4;

/** Pauses and requests of people. */
export function drawPeople({ seed, names }: Cast): Trouble[] {
  const random = seeded(seed + 0x10000000);
  if (random() < 0.5) return [];
  const below = (end: number) => Math.floor(random() * end);
  const phases: Phase[] = ["Waiting", "Draining", "Rebooting", "Returning", "Settling"];
  return Array.from({ length: 1 + below(3) }, (): Trouble => {
    const what = below(4);
    const who = names[below(names.length)] ?? "n1";
    const lasts = 5 + below(200);
    const at = below(stormSeconds);
    const phase = phases[below(phases.length)];
    const when = random() < 0.5 || phase === undefined ? { at } : { at: at / 4, once: { node: who, phase } };
    if (what === 0) return { ...when, kind: "all-paused", for: lasts };
    if (what === 1) return { ...when, kind: "requested", node: who };
    return { ...when, kind: "paused", node: who, for: lasts };
  });
}

/** A few to a storm. */
export function drawHarsher(cast: Cast): Trouble[] {
  const { limits } = cast;
  const own = drawOf(cast, 0x20000000);
  const many = own.oneOf(0, 0, 1, 1, 2, 3);
  const kindsHere = harsherKinds.filter(
    (kind) => kind !== "slow-etcd" && (kind !== "kured" || own.chance(0.5)),
  );
  const drawn = Array.from({ length: many }, () => placed(own, () => draws[own.oneOf(...kindsHere)](own)));
  // The control plane has its own troubles.
  const ofMembers = limits.controlPlane === 3 && own.chance(0.6);
  return ofMembers ? [...drawn, placed(own, () => draws["slow-etcd"](own))] : drawn;
}

/** Somebody who means harm, in some of the storms. */
export function drawAdversary(cast: Cast): Trouble[] {
  const own = drawOf(cast, 0x80000000);
  const many = own.chance(0.3) ? own.integer(1, 5) : 0;
  return Array.from({ length: many }, () =>
    placed(own, () => adversaryDraws[own.oneOf(...adversaryKinds)](own)),
  );
}

/** Reboots that a person has to approve, and reboots with a time between them, in a few of the storms. */
export function drawPace(cast: Cast): { options: RawOptions; approvals: Trouble[] } {
  const own = drawOf(cast, 0xd1000000);
  const isManual = own.chance(0.06);
  const isPaced = own.chance(0.06);
  const many = isManual ? own.integer(2, 12) : 0;
  return {
    options: {
      ...(isManual && { approval: "manual" }),
      ...(isPaced && { "min-interval": `${own.integer(10, 240)}s` }),
    },
    approvals: Array.from({ length: many }, () =>
      placed(own, () => ({ kind: "approved", node: own.node(), isTakenBack: own.chance(0.2) })),
    ),
  };
}

/** Jobs before and after reboots, in a few of the storms, and always where their troubles are drawn alone. */
export function drawJobs(cast: Cast): { options: RawOptions; troubles: Trouble[] } {
  const own = drawOf(cast, 0xec000000);
  const isOn = own.chance(0.05) || cast.limits.alone?.kind === "hook-job";
  if (!isOn) return { options: {}, troubles: [] };
  const options = drawJobOptions(own);
  return {
    options,
    troubles: Array.from({ length: own.integer(0, 4) }, () => placed(own, () => drawHookJob(own))),
  };
}

/** Others that take nodes away or keep pods off them, in some of the storms. */
export function drawAway(cast: Cast): Trouble[] {
  const own = drawOf(cast, 0xb0000000);
  const many = own.chance(0.1) ? own.integer(1, 5) : 0;
  return Array.from({ length: many }, () => placed(own, () => awayDraws[own.oneOf(...awayKinds)](own)));
}

/** A Deployment with one pod that a roll-out replaces before it goes, in a few of the storms. */
export function drawSingle(cast: Cast): Pick<Scenario, "single"> & { stuck: Trouble[] } {
  const own = drawOf(cast, 0xe1000000);
  const isHere = own.chance(0.06) || cast.limits.alone?.kind === "stuck-start";
  const single = { startSeconds: own.oneOf(1, 5, 15, 40), isUnderBudget: own.chance(0.4) };
  const many = own.oneOf(0, 1, 2);
  if (!isHere) return { stuck: [] };
  return { single, stuck: Array.from({ length: many }, () => placed(own, () => stuckStart(own))) };
}

function stuckStart({ integer }: Draw) {
  return { kind: "stuck-start", for: integer(5, 120) } as const;
}

/** What happens to Alertmanager, where nodes silence their alerts. */
export function drawAlertmanager(cast: Cast): Trouble[] {
  const own = drawOf(cast, 0x90000000);
  const many = hasSilences(cast.seed) ? own.oneOf(0, 1, 2, 3) : 0;
  const faults = ["down", "hangs", "refuses", "loses-answers"] as const;
  return Array.from({ length: many }, () =>
    placed(own, () =>
      own.chance(0.2)
        ? { kind: "silences-expired" }
        : { kind: "alertmanager", fault: own.oneOf(...faults), for: own.integer(2, 200) },
    ),
  );
}

/** What hosts say and do, in some of the storms. */
export function drawHost(cast: Cast): Trouble[] {
  const own = drawOf(cast, 0xa7da0000);
  const many = own.chance(0.1) ? own.integer(1, 4) : 0;
  return Array.from({ length: many }, () => placed(own, () => hostDraws[own.oneOf(...hostKinds)](own)));
}

/**
 * Pods that ask for time, in some of the storms, and a DaemonSet whose pods are to stop, in some. `options`: what all
 * daemons are told then.
 */
export function drawOptOuts(cast: Cast): Pick<Scenario, "stops" | "options"> & { asking: Trouble[] } {
  const own = drawOf(cast, 0xa0000000);
  const { alone } = cast.limits;
  const many = own.chance(0.08) ? own.integer(1, 5) : 0;
  const asking = Array.from({ length: many }, () => placed(own, () => optOutDraws["opted-out"](own)));
  const waits = drawOptOutOptions(own);
  const isWaiting = alone === undefined ? many > 0 : alone.kind === "opted-out";
  const stops = own.chance(0.08);
  const options = { ...(isWaiting && waits), ...(stops && stopOptions) };
  return { ...(stops && { stops }), options, asking };
}

/** The health of a storage that all nodes wait for, in a few of the storms. */
export function drawStorage(cast: Cast): Trouble[] {
  const own = drawOf(cast, 0xa5000000);
  const many = own.chance(0.1) ? own.integer(1, 3) : 0;
  return Array.from({ length: many }, () => placed(own, () => storageDraws.storage(own)));
}

/** Reboots that are not full ones, in a few of the storms, and what happens to them. */
export function drawRebootKinds(cast: Cast): { options: RawOptions; troubles: Trouble[] } {
  const own = drawOf(cast, 0xa0140000);
  const options = drawRebootKind(own, cast.limits.alone?.kind === "soft-reboot");
  const many = options["reboot-kind"] === undefined ? 0 : own.integer(1, 6);
  return { options, troubles: Array.from({ length: many }, () => placed(own, () => drawSoftReboot(own))) };
}

/** A program that labels nodes for a reboot and takes that back, in some of the storms. */
export function drawLabels(cast: Cast): Pick<Scenario, "options"> & { labelled: Trouble[] } {
  const own = drawOf(cast, 0xb0000000);
  const { alone } = cast.limits;
  const many = own.chance(0.06) ? own.integer(1, 8) : 0;
  const labelled = Array.from({ length: many }, () => placed(own, () => labelDraws.labelled(own)));
  const isOn = alone === undefined ? many > 0 : alone.kind === "labelled";
  return { options: isOn ? labelOptions : {}, labelled };
}

/** One kind alone, and requests for reboots beside it. `usual` draws any of the usual kinds. */
export function drawAlone(
  cast: Cast,
  { kind, rate }: NonNullable<Limits["alone"]>,
  usual: () => Undated,
): Trouble[] {
  const own = drawOf(cast, 0x30000000);
  const ownDraws: Partial<Record<Kind, (draw: Draw) => Undated>> = {
    ...draws,
    ...adversaryDraws,
    ...hostDraws,
    ...optOutDraws,
    ...storageDraws,
    "soft-reboot": drawSoftReboot,
    "hook-job": drawHookJob,
    ...awayDraws,
    "stuck-start": stuckStart,
    ...labelDraws,
  };
  const drawOne = (): Undated => {
    const draw = ownDraws[kind];
    if (draw !== undefined) return draw(own);
    for (;;) {
      const trouble = usual();
      if (trouble.kind === kind) return trouble;
    }
  };
  // Nodes are to be in all phases all the time, or most troubles would find them at rest.
  const again = Array.from(
    { length: cast.names.length * wantsAgain },
    (): Trouble => ({ at: own.integer(0, stormSeconds), kind: "want", node: own.node() }),
  );
  return [...again, ...Array.from({ length: own.integer(1, rate) }, () => placed(own, drawOne))];
}

/** Pods that a cordon does not keep away. */
export function drawComebacks(cast: Cast): Pick<Scenario, "tolerating" | "agents"> {
  const nodes = cast.names.length;
  const own = drawOf(cast, 0x50000000);
  return {
    ...(own.chance(0.4) && { tolerating: own.integer(nodes, nodes + 2) }),
    ...(own.chance(0.3) && { agents: own.oneOf("nodeName", "affinity") }),
  };
}

/**
 * Budgets that let nothing go until the cordon, and while there is a node that is not cordoned: never are all of more than three
 * in a cycle at a time.
 */
export function drawHeld(cast: Cast): Pick<Scenario, "held"> {
  const nodes = cast.names.length;
  const own = drawOf(cast, 0x60000000);
  return nodes > 3 && own.chance(0.4) ? { held: own.integer(1, nodes + 1) } : {};
}

/** Pods of which some outlast a drain, and watches that go deaf in one. */
export function drawLongDrains(cast: Cast): Pick<Scenario, "slow"> & { deaf: Trouble[] } {
  const own = drawOf(cast, 0x70000000);
  const stopSeconds = own.oneOf(20, 45, 110, 200);
  const slow = {
    replicas: own.integer(1, cast.names.length),
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

/** At a time, or once a node is in a phase: by the clock alone a trouble would mostly miss those that pass quickly. */
function placed(own: Draw, draw: () => Undated): Trouble {
  const at = own.integer(0, stormSeconds * 10) / 10;
  const trouble = draw();
  if (own.chance(0.5)) return { at, ...trouble } as Trouble;
  const phase = own.oneOf<Phase>("Waiting", "Draining", "Rebooting", "Returning", "Settling", "Restoring");
  const where = "node" in trouble ? (trouble.node as string) : own.node();
  return { at: at / 4, once: { node: where, phase }, ...trouble } as Trouble;
}

function drawOf(cast: Cast, sequence: number): Draw {
  return createDraw(seeded(cast.seed + sequence), cast);
}
