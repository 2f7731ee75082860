import assert from "node:assert/strict";
import { createStory, minute } from "./story.ts";

const story = createStory();
const { look, node, pass, start, until } = story;

const hour = 60 * minute;

async function warnings(): Promise<string[]> {
  const { items } = await story.world.api.list<{
    reason?: string;
    note?: string;
    regarding?: { name?: string };
  }>("/apis/events.k8s.io/v1/namespaces/default/events", { signal: story.world.signal });
  return items
    .filter(({ reason }) => reason === "HolderOverdue")
    .map(({ regarding, note }) => `${regarding?.name}: ${note}`);
}

describe("A holder that does not come back", () => {
  afterEach(story.stop);

  const options = { "drain-timeout": "5m", "reboot-timeout": "5m", "ready-timeout": "5m" };

  it("is named by the nodes that wait for it, once, and they go on waiting", async () => {
    await start(options, { nodes: 3 });
    await pass(3000);
    story.world.machine("n1").behaviour.comesBack = false;
    node("n1").wantsReboot();
    await until("n1 goes down", async () => !story.world.machine("n1").isUp, 5 * minute);
    node("n2").wantsReboot();
    node("n3").wantsReboot();
    await pass(10 * minute);
    assert.deepEqual(await warnings(), []);
    await pass(hour);
    const [first, second, ...more] = (await warnings()).sort();
    assert.match(
      first ?? "",
      /^n2: n1 has held a slot since \S+Z, longer than a cycle takes, and is NotReady since \S+Z; /,
    );
    assert.match(second ?? "", /^n3: n1 has held .*release its slot with rebootd unlock n1$/);
    assert.deepEqual(more, []);
    const { phases } = await look();
    assert.deepEqual([phases["n2"], phases["n3"]], ["Waiting", "Waiting"]);
  });

  it("costs those that wait a few requests an hour", async () => {
    await start(options, { nodes: 2 });
    await pass(3000);
    story.world.machine("n1").behaviour.comesBack = false;
    node("n1").wantsReboot();
    await until("n1 goes down", async () => !story.world.machine("n1").isUp, 5 * minute);
    node("n2").wantsReboot();
    await pass(2 * hour);
    let looks = 0;
    story.world.onDaemonRequest = (node, { path }) => {
      if (node === "n2" && path.endsWith("/nodes/n1")) looks += 1;
    };
    await pass(2 * hour);
    assert.ok(looks >= 2 && looks <= 8, `${looks}`);
  });
});
