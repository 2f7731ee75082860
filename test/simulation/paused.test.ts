import assert from "node:assert/strict";
import type { ApiRequest } from "../../daemon/cluster/transport.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const {
  addPod,
  annotateLease,
  boots,
  isRebooted,
  look,
  pass,
  patchNode,
  phase,
  reasons,
  start,
  until,
  wantReboot,
} = story;

const setPause = (value: string | null) =>
  patchNode({ metadata: { annotations: { "rebootd.dev/paused": value } } });

const pauseAll = (value: string | null) => annotateLease("rebootd.dev/paused", value);

describe("A paused node", () => {
  afterEach(story.stop);

  it("does not start, says why on the Node, and starts as soon as it is resumed", async () => {
    await start();
    await setPause("new disk");
    await wantReboot();
    await pass(10 * minute + 30_000);
    assert.deepEqual([await phase(), boots()], ["Waiting", 1]);
    assert.deepEqual(await reasons(), ["paused (node): this node is paused: new disk"]);
    await setPause(null);
    await pass(1000);
    assert.equal(await phase(), "Draining");
    await until("n1 has rebooted", isRebooted);
  });

  it("starts by itself when the pause is over", async () => {
    await start();
    const end = story.world.time.clock.wall() + 30 * minute;
    await setPause(`until ${new Date(end).toISOString()}`);
    await wantReboot();
    await pass(end - story.world.time.clock.wall() - 1000);
    assert.equal(await phase(), "Waiting");
    await pass(2000);
    assert.equal(await phase(), "Draining");
  });

  it("costs nothing while it is paused and needs no reboot", async () => {
    await start();
    await setPause("true");
    await pass(minute);
    story.world.server.ledger.clear();
    await pass(30 * minute);
    const own = story.world.server.ledger.entries({ user: "system:serviceaccount:kube-system:rebootd" });
    assert.deepEqual(own, []);
  });
});

describe("All nodes, paused on the object that carries the lock", () => {
  afterEach(story.stop);

  const phases = async () => Object.values((await look()).phases);
  const allBoots = () => story.world.machines.map(({ boots }) => boots.length);

  it("do not start, say why, and start one after another as soon as they are resumed", async () => {
    await start({}, { nodes: 3 });
    await pauseAll("moving racks");
    await pass(3000);
    for (const machine of story.world.machines) machine.wantReboot();
    await pass(10 * minute);
    assert.deepEqual(await phases(), ["Waiting", "Waiting", "Waiting"]);
    assert.deepEqual(await reasons(), ["paused (cluster): all nodes are paused: moving racks"]);
    await pauseAll(null);
    await until("one starts", async () => (await phases()).includes("Draining"), 10_000);
    await until("all have rebooted", async () => allBoots().every((count) => count === 2));
  });

  it("start by themselves when the pause is over, and cost nothing until then", async () => {
    await start({}, { nodes: 2 });
    const end = story.world.time.clock.wall() + 30 * minute;
    await pauseAll(`until ${new Date(end).toISOString()}`);
    await pass(3000);
    for (const machine of story.world.machines) machine.wantReboot();
    await pass(10 * minute);
    story.world.server.ledger.clear();
    await pass(end - story.world.time.clock.wall() - 1000);
    const own = story.world.server.ledger.entries({ user: "system:serviceaccount:kube-system:rebootd" });
    assert.deepEqual(
      own.filter(({ verb }) => verb !== "watch"),
      [],
    );
    await until("one starts", async () => (await phases()).includes("Draining"), 10_000);
    await until("both have rebooted", async () => allBoots().every((count) => count === 2));
  });
});

describe("A pause that comes late", () => {
  afterEach(story.stop);

  const isWrite = ({ method, body }: ApiRequest, text: string) =>
    method === "PATCH" && JSON.stringify(body ?? "").includes(text);
  const moments: [when: string, isThen: (request: ApiRequest, before: readonly ApiRequest[]) => boolean][] = [
    ["while the slot is held, before the cordon", (one) => isWrite(one, "rebootd.dev/lock")],
    ["as the drain begins", ({ path }) => path.endsWith("/eviction")],
    ["straight before the reboot", (_, before) => before.some((one) => isWrite(one, "Rebooting"))],
  ];
  for (const [who, pause, says] of [
    ["of the node", () => setPause("wait for me"), "paused (node): this node is paused: wait for me"],
    ["of all nodes", () => pauseAll("wait for me"), "paused (cluster): all nodes are paused: wait for me"],
  ] as const) {
    for (const [when, isThen] of moments) {
      it(`${who}, ${when}, is heeded: the node does not reboot, without a failure`, async () => {
        await start();
        await addPod("web");
        const before: ApiRequest[] = [];
        let isPaused = false;
        story.world.onDaemonRequest = (_, request) => {
          if (!isPaused && isThen(request, before)) {
            isPaused = true;
            void pause();
          }
          before.push(request);
        };
        await wantReboot();
        await until("it is paused", async () => isPaused);
        await until("it waits", async () => (await phase()) === "Waiting", minute);
        await pass(5 * minute);
        assert.deepEqual([await phase(), boots(), await reasons()], ["Waiting", 1, [says]]);
        const { cordoned, lock } = await look();
        assert.deepEqual([cordoned, lock], [[], undefined]);
        await setPause(null);
        await pauseAll(null);
        await until("n1 has rebooted", isRebooted);
      });
    }
  }
});
