/** Draws storms from seeds, plays them, and says which promises they break. `npm run simulate -- --help` */
import { parseArgs } from "node:util";
import type { Members } from "./control-plane.ts";
import { drawScenario } from "./draw-scenario.ts";
import { mutants } from "./mutants.ts";
import { playSeeds } from "./pool.ts";
import { kindsOfTrouble, type Limits, type Scenario } from "./scenario.ts";
import { shrink } from "./shrink.ts";

const help = `npm run simulate -- [options]
  --seeds N        how many storms to play (200)
  --first-seed N   the first of them (1)
  --nodes N        nodes of each; without it 2 to 5, as the seed says
  --concurrency N  how many may be down; without it 1 to 3, as the seed says
  --seed N         play this one alone, and tell what happens
  --shrink         with --seed: look for a shorter storm that breaks the same promise
  --trouble KIND   this kind of trouble alone, beside wishes for a reboot
  --rate N         with --trouble: up to so many of them in a storm (10)
  --control-plane N  storms over a control plane of 1 or 3 members
  --mutants        plant each of the known bugs, and look for a seed that finds it
`;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    "first-seed": { type: "string", default: "1" },
    nodes: { type: "string" },
    concurrency: { type: "string" },
    seed: { type: "string" },
    trouble: { type: "string" },
    rate: { type: "string" },
    "control-plane": { type: "string" },
    shrink: { type: "boolean", default: false },
    mutants: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

function count(name: "seeds" | "first-seed" | "nodes" | "concurrency" | "seed" | "rate"): number | undefined {
  const given = values[name];
  if (given === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(given)) return Number(given);
  process.stderr.write(
    `simulate: invalid value "${given}" for --${name}: must be a whole number from 1, for example 5\n`,
  );
  process.exit(2);
}

function chosen<T extends string>(name: "trouble" | "control-plane", among: readonly T[]): T | undefined {
  const given = values[name];
  const found = among.find((one) => one === given);
  if (given === undefined || found !== undefined) return found;
  process.stderr.write(
    `simulate: invalid value "${given}" for --${name}: must be one of ${among.join(", ")}\n`,
  );
  process.exit(2);
}

const trouble = chosen("trouble", kindsOfTrouble);
const members = chosen("control-plane", ["1", "3"]);
const limits: Limits = {
  nodes: count("nodes"),
  concurrency: count("concurrency"),
  controlPlane: members && (Number(members) as Members),
  alone: trouble && { kind: trouble, rate: count("rate") ?? 10 },
};
/** Those that were asked for. */
const given = Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
const seeds = { first: count("first-seed") ?? 1, count: count("seeds") ?? 200, limits };
const seed = count("seed");
const say = (line: string) => void process.stdout.write(`${line}\n`);
/** A long run says how far it is. */
const progressSeeds = 1000;
/** Within so many seeds each planted bug is to be found. */
const mutantSeeds = 500;

if (values.help) say(help);
else if (seed !== undefined) process.exitCode = await playOne(seed);
else if (values.mutants) process.exitCode = await findMutants();
else process.exitCode = await playAll();

async function playAll(): Promise<number> {
  const began = performance.now();
  let looks = 0;
  let played = 0;
  const failed = new Map<number, readonly string[]>();
  await playSeeds(seeds, (result) => {
    looks += result.looks;
    played += 1;
    if (played % progressSeeds === 0) process.stderr.write(`${played} of ${seeds.count} storms\n`);
    if (result.broken.length > 0) failed.set(result.seed, result.broken);
    return failed.size >= 10;
  });
  for (const [number, broken] of [...failed].sort(([a], [b]) => a - b)) {
    for (const message of broken) say(`seed ${number}: ${message}`);
  }
  const seconds = Math.round((performance.now() - began) / 1000);
  say(`${seeds.count} storms, ${looks} changes looked at, ${seconds} s: ${failed.size} broke a promise`);
  if (failed.size > 0)
    say("npm run simulate -- --seed N tells the story of one, --shrink looks for a shorter one");
  return failed.size > 0 ? 1 : 0;
}

async function findMutants(): Promise<number> {
  const began = performance.now();
  let missed = 0;
  for (const { name, limits: ofMutant } of mutants) {
    let found: { seed: number; broken: string } | undefined;
    let played = 0;
    await playSeeds(
      { ...seeds, count: mutantSeeds, limits: { ...ofMutant, ...given } },
      (result) => {
        played += 1;
        const [broken] = result.broken;
        if (broken !== undefined) found ??= { seed: result.seed, broken };
        return found !== undefined;
      },
      { mutant: name },
    );
    const isBrokenAnyway = found !== undefined && (await breaksAnyway(found.seed, { ...ofMutant, ...given }));
    if (found === undefined || isBrokenAnyway) missed += 1;
    const anyway = isBrokenAnyway ? " (and breaks without it, too)" : "";
    const how = found === undefined ? `NOT FOUND by ${played} seeds` : `seed ${found.seed}: ${found.broken}`;
    say(`${name}: ${how}${anyway}`);
  }
  const seconds = Math.round((performance.now() - began) / 1000);
  say(`${mutants.length - missed} of ${mutants.length} bugs found, ${seconds} s`);
  return missed > 0 ? 1 : 0;
}

async function breaksAnyway(number: number, ofMutant: Limits): Promise<boolean> {
  const { play } = await import("./play.ts");
  return (await play(drawScenario(number, ofMutant))).violations.length > 0;
}

async function playOne(number: number): Promise<number> {
  const { play } = await import("./play.ts");
  const scenario = drawScenario(number, limits);
  const { violations, looks } = await play(scenario);
  const [first] = violations;
  const breaks = async (smaller: Scenario) =>
    (await play(smaller)).violations.some(({ promise }) => promise === first?.promise);
  const told = values.shrink && first !== undefined ? await shrink(scenario, breaks) : scenario;
  const { story } = await play(told);
  const { troubles, ...rest } = told;
  say(JSON.stringify(rest));
  for (const line of story) say(line);
  say(`${troubles.length} troubles, ${looks} changes looked at, ${violations.length} broken promises`);
  for (const { look, promise, message } of violations) say(`change ${look}: ${promise}: ${message}`);
  return violations.length > 0 ? 1 : 0;
}
