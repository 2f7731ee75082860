import assert from "node:assert/strict";
import { drawScenario } from "./draw-scenario.ts";
import { messageOptions } from "./messages.ts";
import { mutants } from "./mutants.ts";
import { checkPlaces } from "./plant.ts";
import { play } from "./play.ts";
import { playSeeds } from "./pool.ts";
import { regressions } from "./regressions.ts";
import type { Scenario } from "./scenario.ts";
import { shrink } from "./shrink.ts";

describe("A storm", () => {
  it("breaks no promise, with any of 20 seeds", async () => {
    const broken: string[] = [];
    await playSeeds({ first: 1, count: 20, limits: {} }, (result) => {
      broken.push(...result.broken.map((message) => `seed ${result.seed}: ${message}`));
      return broken.length > 20;
    });
    assert.deepEqual(broken, []);
  }).timeout(600_000);

  it("is the same to the letter when it is played again", async () => {
    for (const seed of [1, 2, 3]) {
      const [first, second] = [await play(drawScenario(seed)), await play(drawScenario(seed))];
      assert.ok(first.story.length > 10);
      assert.deepEqual(second, first);
    }
  });

  it("has as many nodes as is asked for, and as many at a time", () => {
    const { nodes, options } = drawScenario(1, { nodes: 12, concurrency: 2 });
    assert.deepEqual([nodes, options.concurrency], [12, "2"]);
  });

  it("is made shorter as long as it still fails", async () => {
    const scenario = drawScenario(11);
    const crash = { at: 1, kind: "crash", node: "n1" } as const;
    const troubles = [...scenario.troubles, crash];
    const hasCrash = async ({ troubles }: Scenario) => troubles.includes(crash);
    const smallest = await shrink({ ...scenario, troubles }, hasCrash);
    assert.deepEqual(smallest.troubles, [crash]);
    assert.deepEqual(smallest.options, {});
  });

  it("that is made shorter keeps the destinations of the messages that it is about", async () => {
    const options = { ...messageOptions, period: "5m" };
    const scenario: Scenario = { ...drawScenario(11), options, messages: true, troubles: [] };
    const smallest = await shrink(scenario, async ({ messages }) => messages === true);
    assert.deepEqual([smallest.messages, smallest.options], [true, messageOptions]);
    assert.deepEqual((await shrink(scenario, async () => true)).options, {});
  });

  for (const [what, scenario] of Object.entries(regressions)) {
    it(`shows that ${what}`, async () => assert.deepEqual((await play(scenario)).violations, []));
  }
});

describe("A planted bug", () => {
  for (const mutant of mutants) it(`has its place in the daemon: ${mutant.name}`, () => checkPlaces(mutant));
});
