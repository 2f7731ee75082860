import assert from "node:assert/strict";
import type { Metadata } from "../../daemon/cluster/objects.ts";
import { createStory, lease, minute } from "./story.ts";

const story = createStory();
const { annotateLease, boots, isRebooted, look, pass, phase, reasons, start, until, wantReboot } = story;

async function lastReboot(): Promise<string | undefined> {
  const { metadata } = await story.world.api.get<{ metadata: Metadata }>(lease, story.world);
  return metadata.annotations?.["rebootd.dev/last-reboot"];
}
const phases = async () => Object.values((await look()).phases);
const rebooted = () => story.world.machines.filter(({ boots }) => boots.length === 2).length;

describe("The least time between two reboots of the cluster", () => {
  afterEach(story.stop);

  it("lets the next node start only so long after the return of the one before, and says until when", async () => {
    await start({ "min-interval": "30m" }, { nodes: 3 });
    await pass(3000);
    for (const machine of story.world.machines) machine.wantReboot();
    await until("one is back", async () => rebooted() === 1 && (await lastReboot()) !== undefined);
    const first = Date.parse((await lastReboot()) ?? "");
    await pass(minute);
    const waiting = await look();
    assert.deepEqual(Object.values(waiting.phases).sort(), ["Idle", "Waiting", "Waiting"]);
    const codes = await Promise.all(
      ["n1", "n2", "n3"].map(async (name) => (await story.node(name).record())?.reasons[0]?.code),
    );
    assert.deepEqual(codes.filter((code) => code === "lock-interval").length, 2);
    const left = first + 30 * minute - story.world.time.clock.wall();
    await pass(left - 1000);
    assert.ok(!(await phases()).includes("Draining"));
    await until("the next one starts", async () => (await phases()).includes("Draining"), 10_000);
    const isOver = async () => rebooted() === 3 && (await phases()).every((one) => one === "Idle");
    await until("all have rebooted and left the lock", isOver, 90 * minute);
    assert.ok(Date.parse((await lastReboot()) ?? "") >= first + 60 * minute);
  });

  it("costs a waiting node no request", async () => {
    await start({ "min-interval": "10h" });
    await annotateLease("rebootd.dev/last-reboot", new Date(story.world.time.clock.wall()).toISOString());
    await wantReboot();
    await pass(10 * minute);
    assert.deepEqual([await phase(), boots()], ["Waiting", 1]);
    assert.match((await reasons())[0] ?? "", /^lock \(lock-interval\): --min-interval has not passed since/);
    story.world.server.ledger.clear();
    await pass(50 * minute);
    const own = story.world.server.ledger.entries({ user: "system:serviceaccount:kube-system:rebootd" });
    assert.ok(own.length <= 6, `${own.length} requests`);
  });

  it("ends at once when a person removes the time of the last reboot", async () => {
    await start({ "min-interval": "10h" });
    await annotateLease("rebootd.dev/last-reboot", new Date(story.world.time.clock.wall()).toISOString());
    await wantReboot();
    await pass(minute);
    assert.equal(await phase(), "Waiting");
    await annotateLease("rebootd.dev/last-reboot", null);
    await until("n1 has rebooted", isRebooted);
  });

  it("does not begin with a cycle that ended before the reboot", async () => {
    await start({ "min-interval": "30m", "drain-delay": "5m" });
    await wantReboot();
    await until("n1 has a slot", async () => (await phase()) === "Draining");
    await story.patchNode({ metadata: { annotations: { "rebootd.dev/paused": "true" } } });
    await until("n1 is restored", async () => (await phase()) === "Waiting");
    assert.deepEqual([await lastReboot(), boots()], [undefined, 1]);
  });
});
