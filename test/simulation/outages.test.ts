/** A cycle that the API server leaves alone for a while goes on soon after that ends, however long it was. */
import assert from "node:assert/strict";
import { startSmallWorld } from "./small-world.ts";

const minute = 60_000;

/** The seconds from the end of an outage in a drain to the reboot. */
async function secondsAfter(awayMs: number, seed: number): Promise<number> {
  const world = await startSmallWorld({
    seed,
    nodes: 2,
    kubelet: { podStopMs: 5000 },
    workloads: [{ name: "web", replicas: 8 }],
  });
  try {
    const { clock } = world.time;
    const phase = async () => (await world.look()).phases["n1"];
    world.node("n1").wantsReboot();
    for (let passed = 0; passed < minute && (await phase()) !== "Draining"; passed += 50)
      await world.pass(50);
    world.setAway("a test", true);
    await world.pass(awayMs);
    world.setAway("a test", false);
    const endedAt = clock.elapsed();
    await world.time.until("it goes down", () => !world.machine("n1").isUp, 5 * minute);
    return (clock.elapsed() - endedAt) / 1000;
  } finally {
    await world.stop();
  }
}

describe("A drain through an outage of the API server", () => {
  it("of five minutes goes on within 40 s of its end, and mostly within 20", async () => {
    const seconds: number[] = [];
    for (const seed of [1, 2, 3, 4, 5]) seconds.push(await secondsAfter(5 * minute, seed));
    const inOrder = seconds.sort((x, y) => x - y);
    assert.ok((inOrder.at(-1) ?? 0) <= 40 && (inOrder[2] ?? 0) <= 20, `${inOrder}`);
  });
});

describe("Every request of a daemon", () => {
  it("says which program asks, and of which version", async () => {
    const world = await startSmallWorld({ nodes: 1, workloads: [{ name: "web", replicas: 2 }] });
    const agents = new Set<string | undefined>();
    world.onDaemonRequest = (_, { headers }) => agents.add(headers["user-agent"]);
    world.node("n1").wantsReboot();
    await world.pass(2 * minute);
    assert.deepEqual([...agents], ["rebootd/0.0.0"]);
    await world.stop();
  });
});
