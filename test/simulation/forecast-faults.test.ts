import assert from "node:assert/strict";
import type { Forecast } from "../../daemon/forecast/result.ts";
import { createCrowdStory } from "./crowd-story.ts";
import { forecastOf } from "./forecast-story.ts";
import { minute } from "./story.ts";

const { story, start, machine, setCordon, breakMachine } = createCrowdStory();

const startsOf = ({ nodes }: Forecast) => nodes.map(({ node, startsAt }) => [node, startsAt !== undefined]);

describe("A forecast in a cluster with faults", () => {
  afterEach(story.stop);

  it("says which node does not come back, and that no other one starts before it does", async () => {
    const options = { "reboot-timeout": "2m", "ready-timeout": "3m" };
    await start(2, options);
    await story.pass(5000);
    machine("n1").behaviour.comesBack = false;
    machine("n1").wantReboot();
    await story.until("n1 is down", async () => (await story.look()).phases["n1"] === "Rebooting");
    machine("n2").wantReboot();
    await story.pass(10 * minute);
    const foreseen = await forecastOf(story, options);
    assert.deepEqual(startsOf(foreseen)[1], ["n2", false]);
    assert.match(foreseen.assumptions.join("; "), /do not come back: n1 \(Rebooting\)/);
  });

  it("says that nodes are halted after failures, for as long as nobody resumes them", async () => {
    const options = { "halt-after-failures": "1", "reboot-timeout": "1m", "reboot-attempts": "1" };
    await start(2, options);
    await story.pass(5000);
    breakMachine("n1");
    machine("n1").wantReboot();
    await story.until("n1 has failed", async () => (await story.look()).phases["n1"] === "Failed");
    machine("n2").wantReboot();
    await story.pass(minute);
    const foreseen = await forecastOf(story, options);
    assert.deepEqual(startsOf(foreseen), [
      ["n1", false],
      ["n2", false],
    ]);
    assert.match(foreseen.assumptions.join("; "), /it stays so: .*until rebootd resume --all/);
  });

  it("counts a node that somebody has cordoned as not available, for as long as it is", async () => {
    const options = { concurrency: "2", "max-unavailable": "1" };
    await start(2, options);
    await story.pass(5000);
    await setCordon("n2", true);
    machine("n1").wantReboot();
    await story.pass(minute);
    const foreseen = await forecastOf(story, options);
    assert.deepEqual(startsOf(foreseen)[0], ["n1", false]);
    assert.match(foreseen.nodes[0]?.why.join("; ") ?? "", /--max-unavailable allows 1/);
  });

  it("takes a drain that a budget holds up to end by itself, and says that none fails", async () => {
    const options = { preflight: "off" };
    await start(2, options);
    await story.addPod("cart", { on: "n1", app: "cart" });
    await story.addBudget("cart");
    await story.pass(5000);
    machine("n1").wantReboot();
    await story.until("n1 drains", async () => (await story.look()).phases["n1"] === "Draining");
    machine("n2").wantReboot();
    await story.pass(2 * minute);
    const foreseen = await forecastOf(story, options);
    assert.deepEqual(startsOf(foreseen), [
      ["n1", true],
      ["n2", true],
    ]);
    assert.match(foreseen.assumptions.join("; "), /no drain, reboot or return fails/);
  });
});
