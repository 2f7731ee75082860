import assert from "node:assert/strict";
import { createStory, minute } from "./story.ts";
import { type } from "./typed.ts";

const story = createStory();
const { isRebooted, look, node, pass, patchNode, phase, readNode, reasons, start, until, wantReboot } = story;

const manual = { approval: "manual" };
const missing = "approval (missing): nobody has approved the reboot of this node (--approval=manual)";
const approve = async (...args: string[]) => (await type(story.world, ["approve", ...args])).out;
const setApproval = (value: string | null) =>
  patchNode({ metadata: { annotations: { "rebootd.dev/approved": value } } });
const approval = async () => (await readNode()).metadata?.annotations?.["rebootd.dev/approved"];

describe("A node that needs an approval", () => {
  afterEach(story.stop);

  it("waits for it without a request, says so, and starts as soon as it has it", async () => {
    await start(manual);
    await wantReboot();
    await pass(minute);
    assert.deepEqual([await phase(), await reasons()], ["Waiting", [missing]]);
    story.world.server.ledger.clear();
    await pass(30 * minute);
    const own = story.world.server.ledger.entries({ user: "system:serviceaccount:kube-system:rebootd" });
    assert.deepEqual(own, []);
    await setApproval("true");
    await pass(2000);
    assert.equal(await phase(), "Draining");
    await until("n1 has rebooted", isRebooted);
  });

  it("has used it up with the reboot: the next one needs another", async () => {
    await start(manual);
    await setApproval("change 4711");
    await wantReboot();
    await until("n1 has rebooted", isRebooted);
    assert.equal(await approval(), undefined);
    node("n1").wantsReboot();
    await pass(5 * minute);
    assert.deepEqual([await phase(), await reasons()], ["Waiting", [missing]]);
  });

  it("loses it once no reboot is needed any more", async () => {
    await start({ ...manual, "lock-annotation": "rebootd.dev/lock" });
    await story.setLock('{"nodeID":"manual"}');
    await wantReboot();
    await setApproval("true");
    await until("it waits for the lock", async () => (await reasons()).join().includes("lock-manual"));
    node("n1").machine.reboot();
    await until("n1 is idle", async () => (await phase()) === "Idle");
    assert.equal(await approval(), undefined);
  });

  it("is restored when the approval is taken back during the drain", async () => {
    await start({ ...manual, "drain-delay": "5m" });
    await wantReboot();
    await setApproval("true");
    await until("n1 has a slot", async () => (await phase()) === "Draining");
    assert.equal(await approve("n1", "--revoke"), "no longer approved: n1\n");
    await until("n1 waits again", async () => (await phase()) === "Waiting");
    await pass(30 * minute);
    assert.deepEqual([story.boots(), await reasons()], [1, [missing]]);
  });

  it("needs none for an urgent request, but for any other one", async () => {
    await start(manual);
    await type(story.world, ["reboot", "n1"]);
    await pass(minute);
    assert.deepEqual(await reasons(), [missing]);
    await type(story.world, ["reboot", "n1", "--urgent"]);
    await until("n1 has rebooted", isRebooted);
  });

  it("asks for none with --approval=auto, and lets the annotation be", async () => {
    await start();
    await setApproval("true");
    await wantReboot();
    await until("n1 has rebooted", isRebooted);
    assert.equal(await approval(), "true");
  });
});

describe("rebootd approve", () => {
  afterEach(story.stop);

  async function startWaves(): Promise<void> {
    await start(manual, { nodes: 4 });
    for (const [name, priority] of [
      ["n3", "high"],
      ["n1", "low"],
    ] as const)
      await node(name).patch({ metadata: { annotations: { "rebootd.dev/priority": priority } } });
    await pass(3000);
    for (const name of ["n4", "n2", "n1", "n3"]) {
      node(name).wantsReboot();
      await pass(2 * minute);
    }
  }
  const isIdle = async (name: string) => (await look()).phases[name] === "Idle";

  it("approves the next wave, by priority and wait, and then all others", async () => {
    await startWaves();
    assert.equal(await approve("--next=2"), "approved: 2 nodes may start: n3, n4\n");
    await until("the wave is over", async () => (await isIdle("n3")) && (await isIdle("n4")));
    await pass(10 * minute);
    const { phases } = await look();
    assert.deepEqual([phases["n1"], phases["n2"]], ["Waiting", "Waiting"]);
    assert.equal(await approve("--all", "--reason=change 4711"), "approved: 2 nodes may start: n2, n1\n");
    await until("all are back", async () => (await isIdle("n1")) && (await isIdle("n2")));
    assert.equal(await approve("--all"), "no node waits for an approval\n");
  });

  it("approves named nodes ahead of their need, and names those that there are not", async () => {
    await start(manual);
    const { code, err } = await type(story.world, ["approve", "n1", "n9"]);
    assert.equal(code, 1);
    assert.match(err, /1 of 2 nodes were changed; not n9: the cluster has no Node "n9"/);
    await wantReboot();
    await until("n1 has rebooted", isRebooted);
  });
});
