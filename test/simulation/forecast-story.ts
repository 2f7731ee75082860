/** Clusters drawn from a seed, a forecast of each, and the course that they then take with the real daemons. */
import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import { listPlainNodes } from "../../daemon/cli/forecast-input.ts";
import type { Lease } from "../../daemon/cluster/objects.ts";
import { decidingSettings } from "../../daemon/config/policy-of-options.ts";
import type { RawOptions } from "../../daemon/config/settings.ts";
import { parseRecord } from "../../daemon/cycle/record.ts";
import { forecast } from "../../daemon/forecast/forecast.ts";
import type { ForecastInput } from "../../daemon/forecast/input.ts";
import type { Forecast } from "../../daemon/forecast/result.ts";
import { stateIn } from "../../daemon/lock/lock-object.ts";
import { iso } from "../../daemon/time/iso.ts";
import type { KubeObject } from "../kubernetes/api/object.ts";
import { seeded } from "./seeded.ts";
import { slowCluster } from "./small-world.ts";
import { createStory, lease, minute } from "./story.ts";

const hour = 60 * minute;
const zoneLabel = "topology.kubernetes.io/zone";

/** One cluster, and the moment of the forecast. */
export interface Drawn {
  seed: number;
  options: RawOptions;
  nodes: readonly DrawnNode[];
  /** From the beginning of the needs to the forecast. */
  lookAfterMs: number;
}

interface DrawnNode {
  name: string;
  zone: string;
  priority: string | undefined;
  /** How long its pods take to go, and its machine to be up again. */
  graceSeconds: number;
  downSeconds: number;
  /** From the beginning of the needs; undefined without a pause. */
  pausedForMs: number | undefined;
}

/** The needs come at this time: long enough after the first cycles that they count as long ago. */
const needsAt = Date.parse("2026-11-24T18:00:00Z");

/**
 * Nodes of an even seed are all alike, so that the lot decides on their order. Those of an odd one have different priorities,
 * or come at different times, so that nothing is left to the lot.
 */
export function draw(seed: number): Drawn {
  const random = seeded(seed);
  const one = <T>(...values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const isEven = seed % 2 === 0;
  const usual = { graceSeconds: one(5, 40, 90), downSeconds: one(10, 60, 120) };
  const ranks = one(["high", undefined, "low"], ["low", "high", undefined], [undefined, "low", "high"]);
  const nodes = Array.from(
    { length: one(3, 4, 5) },
    (_, index): DrawnNode => ({
      name: `n${index + 1}`,
      zone: `z${index % 2}`,
      priority: isEven ? undefined : [...ranks, undefined, "high"][index],
      graceSeconds: isEven ? usual.graceSeconds : one(5, 40, 90, 150),
      downSeconds: isEven ? usual.downSeconds : one(10, 60, 120),
      // A fourth and a fifth node come when the others have gone.
      pausedForMs: isEven || index < 3 ? undefined : (index - 1) * 95 * minute,
    }),
  );
  const hasWindow = random() < 0.6;
  const [window, opensAfterMs] = one(
    ["20 18 * * * for 1h", 20 * minute] as const,
    ["10,50 18-23 * * * for 15m", 10 * minute] as const,
    ["5 */2 * * * for 30m", 5 * minute] as const,
  );
  const options: RawOptions = {
    period: "24h",
    concurrency: one("1", "1", "2", "3"),
    ...(hasWindow && {
      window: [window],
      "window-margin": one("2m", "5m"),
    }),
    ...(random() < 0.4 && { "max-per-zone": "1" }),
    ...(random() < 0.4 && { "lock-release-delay": one("30s", "2m", "6m") }),
    ...(random() < 0.3 && { "reboot-delay": "45s" }),
    ...(random() < 0.3 && { "drain-delay": "40s" }),
    ...(random() < 0.3 && { "ready-settle": one("5s", "90s") }),
  };
  return {
    seed,
    options,
    nodes,
    lookAfterMs: one(20_000, minute, ...(hasWindow ? [opensAfterMs - minute, opensAfterMs + minute] : [])),
  };
}

export interface Played {
  forecast: Forecast;
  /** When each node has started, in milliseconds since the epoch. */
  starts: ReadonlyMap<string, number>;
  /** A minute, or the longest drain of the cluster. */
  toleranceMs: (node: string) => number;
}

/** Each node has had a cycle before, so its times are known. */
export async function play({ seed, options, nodes, lookAfterMs }: Drawn): Promise<Played> {
  const story = createStory();
  const { concurrency: _, window: __, "window-margin": ___, "max-per-zone": ____, ...delays } = options;
  try {
    await story.start({ ...delays, concurrency: "9" }, { ...slowCluster, nodes: nodes.length, seed });
    const { world } = story;
    const patch = (name: string, metadata: object) =>
      world.api.patch(`/api/v1/nodes/${name}`, { metadata }, { signal: world.signal });
    for (const { name, zone, downSeconds } of nodes) {
      await patch(name, { labels: { [zoneLabel]: zone } });
      world.machine(name).behaviour.downMs = downSeconds * 1000;
    }
    const addPods = async () => {
      for (const { name, graceSeconds } of nodes)
        await story.addPod(`on-${name}`, { on: name, spec: { terminationGracePeriodSeconds: graceSeconds } });
      await story.pass(5000);
    };
    const isDone = async () => {
      const { phases } = await story.look();
      return nodes.every(({ name }) => phases[name] === "Idle");
    };
    await addPods();
    for (const { machine } of nodes.map(({ name }) => story.node(name))) machine.wantReboot();
    await story.pass(5000);
    await story.until("all nodes have had a cycle", isDone);
    await world.restartDaemons(
      options,
      nodes.map(({ name }) => name),
    );
    await addPods();
    await story.pass(needsAt - world.time.clock.wall());
    const starts = recordStarts(story);
    for (const { name, priority, pausedForMs } of nodes) {
      const annotations = {
        ...(priority !== undefined && { [contract.priority.key]: priority }),
        ...(pausedForMs !== undefined && { [contract.paused.key]: `until ${iso(needsAt + pausedForMs)}` }),
      };
      if (Object.keys(annotations).length > 0) await patch(name, { annotations });
    }
    for (const { name } of nodes) story.node(name).wantsReboot();
    await story.pass(lookAfterMs);
    const foreseen = await forecastOf(story, options);
    await story.until(
      "all nodes have rebooted",
      async () => starts.size === nodes.length && (await isDone()),
      48 * hour,
    );
    const drains = new Map(nodes.map(({ name, graceSeconds }) => [name, graceSeconds * 1000]));
    return { forecast: foreseen, starts, toleranceMs: (name) => Math.max(minute, drains.get(name) ?? 0) };
  } finally {
    await story.stop();
  }
}

type Story = ReturnType<typeof createStory>;

function recordStarts({ world }: Story): ReadonlyMap<string, number> {
  const starts = new Map<string, number>();
  const phaseIn = (node: KubeObject | undefined) =>
    parseRecord(node?.metadata.annotations?.[contract.cycle.key]).record?.phase;
  world.server.onChange("nodes", ({ object, previous }) => {
    if (phaseIn(object) === "Draining" && phaseIn(previous) !== "Draining")
      starts.set(object.metadata.name, world.time.clock.wall());
  });
  return starts;
}

/** Of the cluster as it is now, for three days. */
export async function forecastOf(story: Pick<Story, "world">, options: RawOptions): Promise<Forecast> {
  const input = await inputOf(story, options);
  return forecast(input, { from: input.at, days: 3 });
}

/** As `rebootd forecast` reads it, but for the DaemonSet: the daemons here are of none. */
async function inputOf({ world }: Pick<Story, "world">, options: RawOptions): Promise<ForecastInput> {
  const { api, signal, time } = world;
  const { metadata } = await api.get<Lease>(lease, { signal });
  const plain = await listPlainNodes(api, signal);
  return {
    at: time.clock.wall(),
    lock: stateIn(metadata, contract.lock.key),
    nodes: plain.map((node) => ({ ...node, daemon: "rebootd" })),
    daemons: [{ name: "rebootd", ...decidingSettings({ "node-id": "node", ...options }) }],
  };
}

/** What does not agree between a forecast and the course of events, as sentences. */
export function differences(
  drawn: Drawn,
  { forecast: { nodes, from }, starts, toleranceMs }: Played,
): string[] {
  const realOf = (name: string) => starts.get(name) ?? assert.fail(`${name} has not started`);
  // The others were back already when the forecast was made.
  const coming = nodes.filter(
    ({ node, startsAt }) => startsAt !== undefined || realOf(node) >= Date.parse(from),
  );
  const wrong = coming.flatMap(({ node, startsAt, lot }) => {
    if (startsAt === undefined) return [`${node} was not to start, but has at ${iso(realOf(node))}`];
    const [earliest, latest] = [lot?.earliest ?? startsAt, lot?.latest ?? startsAt].map(Date.parse) as [
      number,
      number,
    ];
    const real = realOf(node);
    const isRight = real >= earliest - toleranceMs(node) && real <= latest + toleranceMs(node);
    const range = lot === undefined ? startsAt : `${startsAt} (${lot.earliest} to ${lot.latest})`;
    return isRight ? [] : [`${node} was to start at ${range}, but has at ${iso(real)}`];
  });
  const byLot = coming.filter(({ lot }) => lot !== undefined).map(({ node }) => node);
  if (drawn.seed % 2 === 1 && byLot.length > 0) wrong.push(`the lot is to decide on ${byLot.join(", ")}`);
  if (coming.length === 0) wrong.push("nothing was to come any more");
  // Alike nodes differ in their names alone: whichever is first starts when the first one was to start.
  const isAlike = drawn.seed % 2 === 0;
  return [...wrong, ...(isAlike ? placesThatDiffer(coming, realOf, toleranceMs) : [])];
}

function placesThatDiffer(
  nodes: Forecast["nodes"],
  realOf: (name: string) => number,
  toleranceMs: (name: string) => number,
): string[] {
  const foreseen = nodes.map(({ startsAt }) => Date.parse(startsAt ?? "")).sort((a, b) => a - b);
  const real = nodes.map(({ node }) => realOf(node)).sort((a, b) => a - b);
  const [first] = nodes;
  const most = toleranceMs(first?.node ?? "");
  return foreseen.flatMap((at, place) => {
    const then = real[place] ?? 0;
    return Math.abs(then - at) <= most
      ? []
      : [`the start at place ${place + 1} was to be ${iso(at)}, but was ${iso(then)}`];
  });
}
