import assert from "node:assert/strict";
import { minute, start, until, world } from "./story.ts";

const hour = 60 * minute;

async function warnings(): Promise<string[]> {
  const { items } = await world.admin.list<{ reason?: string; note?: string; regarding?: { name?: string } }>(
    "/apis/events.k8s.io/v1/namespaces/default/events",
    { signal: world.signal },
  );
  return items
    .filter(({ reason }) => reason === "HolderOverdue")
    .map(({ regarding, note }) => `${regarding?.name}: ${note}`);
}

describe("A holder that does not come back", () => {
  afterEach(() => world.stop());

  const options = { "drain-timeout": "5m", "reboot-timeout": "5m", "ready-timeout": "5m" };

  it("is named by the nodes that wait for it, once, and they go on waiting", async () => {
    await start(options, { nodes: 3 });
    await world.time.pass(3000);
    world.machine("n1").behaviour.comesBack = false;
    world.machine("n1").wantReboot();
    await until("n1 goes down", async () => !world.machine("n1").isUp, 300);
    world.machine("n2").wantReboot();
    world.machine("n3").wantReboot();
    await world.time.pass(10 * minute);
    assert.deepEqual(await warnings(), []);
    await world.time.pass(hour);
    const [first, second, ...more] = (await warnings()).sort();
    assert.match(
      first ?? "",
      /^n2: n1 has held a slot since \S+Z, longer than a cycle takes, and is NotReady since \S+Z; /,
    );
    assert.match(second ?? "", /^n3: n1 has held .*release its slot with rebootd unlock n1$/);
    assert.deepEqual(more, []);
    const { phases } = await world.look();
    assert.deepEqual([phases["n2"], phases["n3"]], ["Waiting", "Waiting"]);
  });

  it("costs those that wait a few requests an hour", async () => {
    await start(options, { nodes: 2 });
    await world.time.pass(3000);
    world.machine("n1").behaviour.comesBack = false;
    world.machine("n1").wantReboot();
    await until("n1 goes down", async () => !world.machine("n1").isUp, 300);
    world.machine("n2").wantReboot();
    await world.time.pass(2 * hour);
    let looks = 0;
    world.onDaemonRequest = (node, { path }) => {
      if (node === "n2" && path.endsWith("/nodes/n1")) looks += 1;
    };
    await world.time.pass(2 * hour);
    assert.ok(looks >= 2 && looks <= 8, `${looks}`);
  });
});
