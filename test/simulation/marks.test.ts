import assert from "node:assert/strict";
import { createStory } from "./story.ts";

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
  start,
  until,
  wantReboot,
} = story;

const lbExclude = "node.kubernetes.io/exclude-from-external-load-balancers";
const options = {
  "pre-reboot-node-labels": ["example.com/state=rebooting,example.com/maintenance=true"],
  "lb-exclude": "true",
  "prefer-no-schedule-taint": "example.com/reboot-pending",
  "drain-timeout": "1m",
  preflight: "off",
};
const soft = { key: "example.com/reboot-pending", effect: "PreferNoSchedule" };

/** Labels, cordon and taints, as anybody sees them. */
async function traces(): Promise<object> {
  const { metadata, spec } = await readNode();
  return { labels: metadata?.labels, cordoned: spec?.unschedulable === true, taints: spec?.taints ?? [] };
}

const isDraining = async () => (await phase()) === "Draining";

describe("What a cycle puts on the Node", () => {
  afterEach(story.stop);

  it("is there with the cordon, and after the reboot all is as it was", async () => {
    await start(options);
    await patchNode({ metadata: { labels: { "example.com/state": "ready" } } });
    const before = await traces();
    await wantReboot();
    await until("it drains", isDraining);
    const { metadata, spec } = await readNode();
    assert.equal(metadata?.labels?.["example.com/state"], "rebooting");
    assert.equal(metadata?.labels?.["example.com/maintenance"], "true");
    assert.equal(metadata?.labels?.[lbExclude], "rebootd");
    assert.ok(spec?.taints?.some(({ key }) => key === soft.key));
    await until("n1 has rebooted", isRebooted);
    assert.deepEqual(await traces(), before);
  });

  it("is followed by the labels that stay, once the reboot is proved", async () => {
    await start({ ...options, "post-reboot-node-labels": ["example.com/state=rebooted"] });
    await wantReboot();
    await until("n1 has rebooted", isRebooted);
    const { labels = {} } = (await readNode()).metadata ?? {};
    assert.equal(labels["example.com/state"], "rebooted");
    assert.equal(labels["example.com/maintenance"], undefined);
  });

  for (const [what, isCordoned] of [
    ["", null],
    [", and the cordon of a person stays", true],
  ] as const) {
    it(`leaves no trace when the drain fails${what}`, async () => {
      await start({ ...options, "post-reboot-node-labels": ["example.com/state=rebooted"] });
      await patchNode({
        metadata: { labels: { "example.com/state": "ready" } },
        spec: { unschedulable: isCordoned },
      });
      await addPod("db");
      await addBudget("db");
      await pass(3000);
      const before = await traces();
      await wantReboot();
      await until("it drains", isDraining);
      assert.notDeepEqual(await traces(), before);
      await until("it has failed", async () => (await phase()) === "Failed");
      assert.deepEqual(await traces(), before);
      assert.equal((await look()).lock, undefined);
      assert.equal(boots(), 1);
    });
  }

  it("leaves no trace when the daemon is killed in between and the need goes away meanwhile", async () => {
    await start({ ...options, "drain-delay": "1m" });
    const before = await traces();
    await wantReboot();
    await until("it is announced", isDraining);
    assert.notDeepEqual(await traces(), before);
    node("n1").crashDaemon();
    node("n1").wantsNoReboot();
    await until("it is given back", async () => (await phase()) === "Idle");
    assert.deepEqual(await traces(), before);
  });

  it("comes a while before the cordon with a delay", async () => {
    await start({ ...options, "drain-delay": "30s" });
    await wantReboot();
    await until("it is announced", isDraining);
    const announcedAt = story.world.time.clock.wall();
    assert.equal((await readNode()).metadata?.labels?.[lbExclude], "rebootd");
    await until("it is cordoned", async () => (await readNode()).spec?.unschedulable === true);
    const tookMs = story.world.time.clock.wall() - announcedAt;
    assert.ok(tookMs >= 29_000 && tookMs <= 32_000, `${tookMs} ms`);
    await until("n1 has rebooted", isRebooted);
  });

  it("does not overwrite what a person changes meanwhile", async () => {
    await start(options);
    await addPod("db");
    await addBudget("db");
    await wantReboot();
    await until("it drains", isDraining);
    const { spec } = await readNode();
    const taints = [...(spec?.taints ?? []), { key: "broken-disk", effect: "NoExecute" }];
    await patchNode({ metadata: { labels: { "example.com/state": "broken" } }, spec: { taints } });
    await until("it has failed", async () => (await phase()) === "Failed");
    const after = await readNode();
    assert.equal(after.metadata?.labels?.["example.com/state"], "broken");
    assert.deepEqual(
      after.spec?.taints?.map(({ key }) => key),
      ["broken-disk"],
    );
  });
});

describe("The soft taint", () => {
  afterEach(story.stop);

  const isTainted = async () => (await readNode()).spec?.taints?.some(({ key }) => key === soft.key) === true;

  it("is on a node that waits for a slot alone, and goes when the window closes", async () => {
    await start({ ...options, "start-time": "12:00", "end-time": "12:30" });
    const lease = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/rebootd";
    const manual = { metadata: { annotations: { "rebootd.dev/lock": '{"nodeID":"manual"}' } } };
    await story.world.api.patch(lease, manual, { signal: story.world.signal });
    await wantReboot();
    await until("it waits for the lock", isTainted, 60_000);
    assert.equal(await phase(), "Waiting");
    await until("the window has closed", async () => !(await isTainted()), 3_600_000);
    assert.equal(await phase(), "Waiting");
  });
});
