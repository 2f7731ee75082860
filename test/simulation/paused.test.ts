import assert from "node:assert/strict";
import { parseRecord, recordAnnotation } from "../../daemon/cycle/record.ts";
import {
  addPod,
  boots,
  isRebooted,
  minute,
  patchNode,
  phase,
  readNode,
  saysOf,
  start,
  until,
  wantReboot,
  world,
} from "./story.ts";

const setPause = (value: string | null) =>
  patchNode({ metadata: { annotations: { "rebootd.dev/paused": value } } });

const reasons = async () =>
  parseRecord((await readNode()).metadata?.annotations?.[recordAnnotation]).record?.reasons.map(
    ({ message }) => message,
  );

describe("A paused node", () => {
  afterEach(() => world.stop());

  it("does not start, says why on the Node, and starts as soon as it is resumed", async () => {
    await start();
    await setPause("new disk");
    await wantReboot();
    await world.time.pass(10 * minute + 30_000);
    assert.deepEqual([await phase(), boots()], ["Waiting", 1]);
    assert.deepEqual(await reasons(), ["this node is paused: new disk"]);
    await setPause(null);
    await world.time.pass(1000);
    assert.equal(await phase(), "Draining");
    await until("n1 has rebooted", isRebooted);
  });

  it("starts by itself when the pause is over", async () => {
    await start();
    const end = world.time.clock.now() + 30 * minute;
    await setPause(`until ${new Date(end).toISOString()}`);
    await wantReboot();
    await world.time.pass(end - world.time.clock.now() - 1000);
    assert.equal(await phase(), "Waiting");
    await world.time.pass(2000);
    assert.equal(await phase(), "Draining");
  });

  it("costs nothing while it is paused and needs no reboot", async () => {
    await start();
    await setPause("true");
    await world.time.pass(minute);
    world.server.ledger.clear();
    await world.time.pass(30 * minute);
    const own = world.server.ledger.entries({ user: "system:serviceaccount:kube-system:rebootd" });
    assert.deepEqual(own, []);
  });

  it("that is paused while it is drained is given back before the reboot, without a failure", async () => {
    await start({ "reboot-delay": "20s" });
    await addPod("web");
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    await setPause("wait for me");
    await until("it is given back", async () => (await phase()) === "Waiting", 60);
    assert.equal(boots(), 1);
    const { cordoned, lock } = await world.look();
    assert.deepEqual([cordoned, lock], [[], undefined]);
    assert.ok(saysOf("this node is paused: wait for me: give the node back"));
    await setPause(null);
    await until("n1 has rebooted", isRebooted);
  });
});
