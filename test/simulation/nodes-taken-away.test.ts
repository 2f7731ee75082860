import assert from "node:assert/strict";
import { type Departure, departures } from "../../daemon/annotations/departures.ts";
import { addTaint, putSign, removeTaint } from "./node-signs.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const {
  addBudget,
  addPod,
  boots,
  isRebooted,
  look,
  node,
  pass,
  patchNode,
  phase,
  readNode,
  reasons,
  record,
  saysOf,
  start,
  until,
  wantReboot,
} = story;

const autoscaler = "ToBeDeletedByClusterAutoscaler";
const sentence = `the cluster autoscaler removes this node (taint ${autoscaler})`;
const isCordoned = async () => (await readNode()).spec?.unschedulable === true;
const taints = async () => ((await readNode()).spec?.taints ?? []).map(({ key }) => key);

/** Somebody deletes n1's Node, and a finalizer keeps it. */
async function deleteNode(): Promise<void> {
  await patchNode({ metadata: { finalizers: ["karpenter.sh/termination"] } });
  await story.world.api.delete("/api/v1/nodes/n1", undefined, { signal: story.world.signal });
}

const put = async (row: Departure) =>
  row.sign === "deletion" ? await deleteNode() : await putSign(node("n1"), row, true);

const nameOf = ({ who, does, sign }: Departure) =>
  `${who} ${does} (${sign === "deletion" ? sign : `${sign.on} ${sign.key}`})`;

describe("A node that is taken away before its reboot", () => {
  afterEach(story.stop);

  for (const row of departures) {
    it(`leaves its turn to others, and says so: ${nameOf(row)}`, async () => {
      await start({}, { nodes: 2 });
      await put(row);
      await wantReboot();
      await until("n1 waits", async () => (await phase()) === "Waiting");
      const [reason, ...more] = await reasons();
      assert.deepEqual(more, []);
      assert.ok(reason?.startsWith(`departing (${row.code}): ${row.who} ${row.does}`), reason);
      node("n2").wantsReboot();
      await until("n2 has rebooted", async () => story.world.machine("n2").boots.length === 2);
      await pass(10 * minute);
      assert.deepEqual([await phase(), boots(), await isCordoned()], ["Waiting", 1, false]);
      assert.equal((await look()).lock, undefined);
      if (row.sign === "deletion") return;
      await putSign(node("n1"), row, false);
      await until("n1 has rebooted", isRebooted, 10 * minute);
    });

    it(`is restored from its drain: ${nameOf(row)}`, async () => {
      await start({ preflight: "off" });
      await addPod("web");
      await addBudget("web");
      await wantReboot();
      await until("n1 drains", async () => (await phase()) === "Draining");
      await put(row);
      await until("n1 is restored", async () => (await phase()) === "Waiting");
      const { outcome, cordoned } = (await record()) ?? {};
      assert.equal(outcome?.result, "withdrawn");
      assert.ok(outcome?.message.startsWith(`${row.who} ${row.does}`), outcome?.message);
      assert.deepEqual([cordoned, await isCordoned()], [false, row.keepsCordon === true]);
      assert.equal((await look()).lock, undefined);
      await pass(5 * minute);
      assert.equal(boots(), 1);
    });
  }
});

describe("A node that the cluster autoscaler takes away", () => {
  afterEach(story.stop);

  const stuck = async () => {
    await addPod("web");
    await addBudget("web");
  };

  it("does not keep a slot that it has just acquired", async () => {
    await start({}, { nodes: 2 });
    story.world.onDaemonRequest = (name, { method, path }) => {
      if (name !== "n1" || method !== "PATCH" || !path.includes("/leases/")) return;
      story.world.onDaemonRequest = () => {};
      void addTaint(node("n1"), autoscaler);
    };
    await wantReboot();
    await until("n1 waits for that", async () => (await reasons())[0] === `departing (removal): ${sentence}`);
    assert.deepEqual([(await look()).lock, boots(), await isCordoned()], [undefined, 1, false]);
  });

  it("goes on when its machine was asked, and is uncordoned beside the taint of the other", async () => {
    await start();
    await wantReboot();
    await until("n1 is down", () => boots() === 1 && !story.world.machine("n1").isUp);
    await addTaint(node("n1"), autoscaler);
    await until("n1 is back", isRebooted);
    assert.equal(await isCordoned(), false);
    assert.ok((await taints()).includes(autoscaler));
  });

  it("starts again once the autoscaler has changed its mind, and after the back-off", async () => {
    await start({ preflight: "off" });
    await stuck();
    await wantReboot();
    await until("n1 drains", async () => (await phase()) === "Draining");
    await addTaint(node("n1"), autoscaler);
    await until("n1 is restored", async () => (await phase()) === "Waiting");
    await pass(10 * minute);
    assert.deepEqual(await reasons(), [`departing (removal): ${sentence}`]);
    await removeTaint(node("n1"), autoscaler);
    await until("n1 drains again", async () => (await phase()) === "Draining", 90_000);
  });

  it("asks for nothing while its Node does not change, else for that alone, once a minute at most", async () => {
    await start({}, { nodes: 2 });
    await addTaint(node("n1"), autoscaler);
    await wantReboot();
    await until("n1 waits", async () => (await reasons()).length === 1);
    await pass(2 * minute);
    const { ledger } = story.world.server;
    const asked = () =>
      ledger
        .entries({ user: "system:serviceaccount:kube-system:rebootd" })
        .map(({ verb, resource, name }) => `${verb} ${resource} ${name ?? ""}`);
    ledger.clear();
    await pass(10 * minute);
    assert.deepEqual(asked(), []);
    for (let left = 60; left > 0; left -= 1) {
      await patchNode({ metadata: { annotations: { "example.com/heartbeat": `${left}` } } });
      await pass(10_000);
    }
    assert.deepEqual([...new Set(asked())], ["get nodes n1"]);
    assert.ok(asked().length <= 10, `${asked().length} requests`);
  });

  it("is left alone by a request of a person too", async () => {
    await start();
    await addTaint(node("n1"), autoscaler);
    await patchNode({ metadata: { annotations: { "rebootd.dev/reboot-requested": "urgent" } } });
    await pass(10 * minute);
    assert.deepEqual([await phase(), boots()], ["Waiting", 1]);
  });
});

describe("A node with a label of --departing-when", () => {
  afterEach(story.stop);

  const key = "example.com/to-be-upgraded";
  const setLabel = (value: string | null) => patchNode({ metadata: { labels: { [key]: value } } });

  it("waits with it, and starts in the moment in which it goes", async () => {
    await start({ "departing-when": [`${key}=true`] });
    await setLabel("true");
    await wantReboot();
    await pass(10 * minute);
    assert.deepEqual(await reasons(), [
      `departing (marked): --departing-when names the label ${key}=true of this node`,
    ]);
    await setLabel("false");
    await pass(1000);
    assert.equal(await phase(), "Draining");
    await until("n1 has rebooted", isRebooted);
  });

  it("has no meaning without the option", async () => {
    await start();
    await setLabel("true");
    await wantReboot();
    await until("n1 has rebooted", isRebooted);
    assert.ok(!saysOf("departing"));
  });
});
