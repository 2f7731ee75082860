import assert from "node:assert/strict";
import { readinessTaints } from "../../daemon/annotations/readiness-taints.ts";
import type { RawOptions } from "../../daemon/config/settings.ts";
import { addTaint, removeTaint } from "./node-signs.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const { boots, isRebooted, look, node, pass, phase, readNode, record, saysOf, start, until, wantReboot } =
  story;

const cilium = "node.cilium.io/agent-not-ready";
const taints = async () => ((await readNode()).spec?.taints ?? []).map(({ key }) => key);
const isReturning = async () => boots() === 2 && (await phase()) === "Returning";

/** n1 has rebooted, and somebody has put this taint on its Node, as at each boot. */
async function rebootWith(key: string, options: RawOptions = {}, nodes = 1): Promise<void> {
  await start(options, { nodes });
  await wantReboot();
  await until("n1 is back", isReturning);
  await addTaint(node("n1"), key, "NoExecute");
}

describe("A node that others keep pods off after its reboot", () => {
  afterEach(story.stop);

  for (const { key: pattern, who } of readinessTaints) {
    const key = pattern.replace("*", "storage");
    it(`stays cordoned until ${who} has removed ${pattern}`, async () => {
      await rebootWith(key);
      await pass(10 * minute);
      assert.equal(await phase(), "Returning");
      assert.equal((await readNode()).spec?.unschedulable, true);
      assert.ok(saysOf(`waiting for taints to be removed: ${key}`));
      assert.ok((await taints()).includes(key));
      await removeTaint(node("n1"), key);
      await pass(1000);
      await until("n1 is uncordoned", isRebooted, 5000);
    });
  }

  it("keeps its slot when it is overdue, says so loudly, and goes on by itself", async () => {
    await rebootWith(cilium, {}, 2);
    node("n2").wantsReboot();
    await pass(28 * minute);
    const { phases, cordoned } = await look();
    assert.deepEqual({ phases, cordoned }, { phases: { n1: "Returning", n2: "Waiting" }, cordoned: ["n1"] });
    const said = story.world.logs.filter(
      (line) => line.includes("ERROR n1") && line.includes(`${cilium} for longer than --ready-timeout`),
    );
    assert.equal(said.length, 1);
    await removeTaint(node("n1"), cilium);
    await pass(3 * minute);
    assert.deepEqual((await look()).phases, { n1: "Idle", n2: "Idle" });
  });

  it("does not wait for taints of --ready-taints-ignore, and leaves them", async () => {
    await rebootWith(cilium, { "ready-taints-ignore": ["node.cilium.io/*"] });
    await until("n1 is uncordoned", isRebooted, minute);
    assert.ok((await taints()).includes(cilium));
  });

  it("waits a minute for a taint that was there before the cordon, and names it", async () => {
    await start();
    await addTaint(node("n1"), cilium);
    await wantReboot();
    await until("n1 is back", isReturning);
    await until("n1 is uncordoned", isRebooted, 70_000);
    assert.match(
      (await record())?.outcome?.message ?? "",
      /; tainted, as before the cordon: node\.cilium\.io/,
    );
    assert.ok((await taints()).includes(cilium));
  });
});
