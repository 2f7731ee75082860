import assert from "node:assert/strict";
import type { WholePod } from "../../daemon/cluster/objects.ts";
import type { RawOptions } from "../../daemon/config/settings.ts";
import type { RequestFacts } from "../kubernetes/api/server.ts";
import { podStartAnnotation } from "../kubernetes/machines/pods.ts";
import { isFromDaemon } from "./small-world.ts";
import { createStory, minute, pods } from "./story.ts";

const story = createStory();
const {
  addBudget,
  addDaemonSet,
  addPod,
  boots,
  isRebooted,
  look,
  node,
  pass,
  patchNode,
  phase,
  podsOn,
  readNode,
  record,
  saysOf,
  start,
  until,
  wantReboot,
} = story;

const critical = { priorityClassName: "system-node-critical" };
const hook = "example.com/raid-checked";
const hooked = { "after-reboot-hooks": [hook], "after-reboot-hooks-timeout": "5m" };

const isReturning = async () => (await phase()) === "Returning";
const isCordoned = async () => (await readNode()).spec?.unschedulable === true;
const hookOnNode = async () => (await readNode()).metadata?.annotations?.[hook];
const setHook = (value: string) => patchNode({ metadata: { annotations: { [hook]: value } } });

/** How long n1's pod of this app takes to be Ready under the boots that follow. */
async function slowDown(app: string, seconds: number | "never"): Promise<void> {
  const query = { labelSelector: `app=${app}`, fieldSelector: "spec.nodeName=n1" };
  const { items } = await story.world.api.list<WholePod>(pods, { signal: story.world.signal, query });
  const patch = { metadata: { annotations: { [podStartAnnotation]: `${seconds}` } } };
  for (const { metadata } of items)
    await story.world.api.patch(`${pods}/${metadata?.name}`, patch, { signal: story.world.signal });
  assert.equal(items.length, 1);
}

/** Notes of the events that say loudly that n1 is overdue. */
async function warnings(): Promise<(string | undefined)[]> {
  const events = "/apis/events.k8s.io/v1/namespaces/default/events";
  const { items } = await story.world.api.list<{ type: string; reason: string; note: string }>(events, {
    signal: story.world.signal,
  });
  return items
    .filter(({ type, reason }) => type === "Warning" && reason === "NotReturned")
    .map(({ note }) => note);
}

/** n1 has rebooted, and time enough has passed for it to be Ready and settled. */
async function rebootN1(): Promise<void> {
  await wantReboot();
  await until("n1 is back", async () => boots() === 2 && (await isReturning()));
  await pass(minute);
}

describe("A node whose network does not come back with it", () => {
  afterEach(story.stop);

  async function startWithNetwork(seconds: number, options: RawOptions = {}): Promise<void> {
    await start(options, { nodes: 2 });
    await addDaemonSet("cni", critical);
    await pass(3000);
    await slowDown("cni", seconds);
  }

  it("stays cordoned and keeps its slot, and the others wait, until its pod is Ready", async () => {
    await startWithNetwork(10 * 60);
    await rebootN1();
    node("n2").wantsReboot();
    await pass(8 * minute);
    assert.ok(saysOf("waiting for pods of this node to be Ready: default/cni-"));
    const { phases, cordoned, lock } = await look();
    assert.deepEqual({ phases, cordoned }, { phases: { n1: "Returning", n2: "Waiting" }, cordoned: ["n1"] });
    assert.match(lock ?? "", /"nodeID":"n1"/);
    await pass(3 * minute);
    assert.deepEqual(await look(), {
      phases: { n1: "Idle", n2: "Idle" },
      cordoned: [],
      lock: undefined,
    });
    assert.equal(story.world.machine("n2").boots.length, 2);
    assert.deepEqual(await warnings(), []);
  });

  it("says so loudly once it is overdue, and goes on by itself when the pod comes after all", async () => {
    await startWithNetwork(30 * 60);
    await rebootN1();
    node("n2").wantsReboot();
    await pass(28 * minute);
    const [note, ...more] = await warnings();
    assert.match(note ?? "", /default\/cni-\w+ for longer than --ready-timeout; it keeps its slot$/);
    assert.deepEqual(more, []);
    const said = story.world.logs.filter(
      (line) => line.includes("ERROR n1") && line.includes("--ready-timeout"),
    );
    assert.equal(said.length, 1);
    assert.deepEqual((await look()).phases, { n1: "Returning", n2: "Waiting" });
    await pass(3 * minute);
    assert.deepEqual((await look()).phases, { n1: "Idle", n2: "Idle" });
  });

  it("is not held back by pods that --ready-pod-selector does not name, but by those that it names", async () => {
    await startWithNetwork(60 * 60, { "ready-pod-selector": "app=storage" });
    await addDaemonSet("storage");
    await pass(3000);
    await slowDown("storage", 5 * 60);
    await rebootN1();
    await pass(3 * minute);
    assert.equal(await phase(), "Returning");
    assert.ok(!saysOf("default/cni-"));
    await until("n1 is given back", isRebooted, 2 * minute);
  });

  it("is not held back by the daemon's own pod", async () => {
    await start({ "ready-pod-selector": "app=rebootd", "drain-skip-namespace": ["default"] });
    await addPod("simulated", { app: "rebootd" });
    await pass(3000);
    await slowDown("rebootd", "never");
    await wantReboot();
    await until("n1 is given back", isRebooted, 2 * minute);
  });
});

describe("A node whose network pod was ended by a graceful shutdown", () => {
  afterEach(story.stop);

  /** Nothing that is not a daemon gets through, as while a controller is backing off: pods are not made, or not taken away either. */
  function stopController(...verbs: ("create" | "delete")[]): () => void {
    const where = (facts: RequestFacts) => !isFromDaemon(facts);
    const faults = verbs.map((verb) =>
      story.world.server.faults.add({ match: { verb, resource: "pods", where }, effect: { status: 500 } }),
    );
    return () => {
      for (const fault of faults) fault.remove();
    };
  }

  for (const [what, verbs] of [
    ["is there as Failed", ["create", "delete"]],
    ["is taken away", ["create"]],
  ] as const) {
    it(`is given back only with a new one that is Ready, while the old one ${what}`, async () => {
      await start();
      await addDaemonSet("cni", critical);
      await wantReboot();
      await until("it goes down", async () => (await phase()) === "Rebooting");
      const goOn = stopController(...verbs);
      const [name] = (await podsOn("n1")).filter((one) => one.startsWith("cni-"));
      const status = {
        phase: "Failed",
        reason: "Terminated",
        conditions: [{ type: "Ready", status: "False" }],
      };
      await story.world.api.patch(`${pods}/${name}/status`, { status }, { signal: story.world.signal });
      await until("n1 is back", async () => boots() === 2 && (await isReturning()));
      await pass(5 * minute);
      assert.deepEqual([await phase(), await isCordoned()], ["Returning", true]);
      assert.ok(saysOf("waiting for pods of this node to be Ready: a pod of DaemonSet default/cni"));
      goOn();
      await until("n1 is given back", isRebooted, 3 * minute);
    });
  }
});

describe("A node with a critical pod that was broken before its reboot", () => {
  afterEach(story.stop);

  async function startBroken(): Promise<void> {
    await start({}, { nodes: 2, kubelet: { podStartMs: 1000 } });
    for (const app of ["gpu-plugin", "cni"]) await addDaemonSet(app, critical);
    await pass(3000);
    const [name] = (await podsOn("n1")).filter((one) => one.startsWith("gpu-plugin-"));
    await slowDown("gpu-plugin", "never");
    node("n1").losesPower();
    await pass(3 * minute);
    const { status } = await story.world.api.get<WholePod>(`${pods}/${name}`, { signal: story.world.signal });
    assert.ok(status?.conditions?.some(({ type, status }) => type === "Ready" && status === "False"));
  }

  it("is given back without it, which is named, and the roll goes on", async () => {
    await startBroken();
    for (const machine of story.world.machines) machine.wantReboot();
    await until(
      "all are through",
      async () => {
        const { phases } = await look();
        return (
          boots() === 3 &&
          story.world.machine("n2").boots.length === 2 &&
          Object.values(phases).every((one) => one === "Idle")
        );
      },
      15 * minute,
    );
    assert.match(
      (await record())?.outcome?.message ?? "",
      /; not Ready, as before the cordon: default\/gpu-plugin-\w+$/,
    );
    assert.deepEqual(await warnings(), []);
  });

  it("is held back by another one that was not", async () => {
    await startBroken();
    await slowDown("cni", "never");
    node("n1").wantsReboot();
    await until("n1 is back", async () => boots() === 3 && (await isReturning()));
    await pass(5 * minute);
    assert.equal(await phase(), "Returning");
    assert.ok(saysOf("waiting for pods of this node to be Ready: default/cni-"));
  });
});

describe("A node that others have to look at after its reboot", () => {
  afterEach(story.stop);

  it("is given back as soon as they have set the annotation, which is then taken away", async () => {
    await start(hooked);
    await rebootN1();
    assert.ok(await isCordoned());
    assert.ok(saysOf(`waiting for the annotations that are to be true after the reboot: ${hook}`));
    await setHook("false");
    await pass(minute);
    assert.ok(await isCordoned());
    await setHook("true");
    await pass(1000);
    assert.ok(!(await isCordoned()));
    assert.equal(await hookOnNode(), undefined);
    await until("n1 is given back", isRebooted, 5000);
  });

  it("does not take a true from before the cycle for theirs", async () => {
    await start(hooked);
    await setHook("true");
    await rebootN1();
    assert.equal(await phase(), "Returning");
    assert.equal(await hookOnNode(), undefined);
  });

  it("does not take a true that comes while it is drained for theirs", async () => {
    await start({ ...hooked, "reboot-delay": "30s" });
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    await setHook("true");
    await until("n1 is back", isReturning);
    await pass(minute);
    assert.equal(await phase(), "Returning");
    assert.equal(await hookOnNode(), undefined);
  });

  it("says so loudly once they are overdue, and goes on when they come after all", async () => {
    await start(hooked);
    await rebootN1();
    assert.deepEqual(await warnings(), []);
    await pass(5 * minute);
    const expected = `waiting for the annotations that are to be true after the reboot: ${hook} for longer than --after-reboot-hooks-timeout; it keeps its slot`;
    assert.deepEqual(await warnings(), [expected]);
    await pass(20 * minute);
    assert.deepEqual(await warnings(), [expected], "once");
    assert.equal(
      story.world.logs.filter((line) => line.includes(`ERROR n1 Returning: ${expected}`)).length,
      1,
    );
    assert.match((await look()).lock ?? "", /"nodeID":"n1"/);
    await setHook("true");
    await until("n1 is given back", isRebooted, 5000);
  });

  it("keeps no annotation from a cycle that was undone", async () => {
    await start({ ...hooked, preflight: "off", "drain-timeout": "1m" });
    await addPod("db");
    await addBudget("db");
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    await setHook("true");
    await until("it has failed", async () => (await phase()) === "Failed");
    assert.equal(await hookOnNode(), undefined);
  });
});
