/** Whoever may annotate Nodes writes a record, such as the kubelet of the node does, or whoever has its credentials. */

import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import { type CycleRecord, idleRecord, writeRecord } from "../../daemon/cycle/record.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const {
  addBudget,
  addPod,
  boots,
  evictions,
  isRebooted,
  look,
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

const uid = "00000000-0000-4000-8000-00000000000f";

async function forge(changes: Partial<CycleRecord>): Promise<void> {
  const now = (await record()) ?? idleRecord(story.world.time.clock.wall());
  await patchNode({
    metadata: { annotations: { [contract.cycle.key]: writeRecord({ ...now, ...changes }) } },
  });
}

const iso = () => new Date(story.world.time.clock.wall()).toISOString();
const forgeries: [what: string, forged: () => Partial<CycleRecord>][] = [
  ["Rebooting", () => ({ phase: "Rebooting", attempt: 1, since: iso() })],
  ["Rebooting, and asked", () => ({ phase: "Rebooting", attempt: 1, since: iso(), askedAt: iso() })],
  ["Returning from a boot that never was", () => ({ phase: "Returning", bootID: uid, since: iso() })],
  ["Settling", () => ({ phase: "Settling", cordoned: false, since: iso() })],
];

/** A node that drains, and has a pod which a budget holds. */
async function drainHeld(options: Record<string, string> = {}): Promise<void> {
  await start({ preflight: "off", "drain-timeout": "20m", ...options });
  await addPod("db");
  await addBudget("db");
  await wantReboot();
  await until("it drains", async () => (await phase()) === "Draining", minute);
}

describe("A forged record", () => {
  afterEach(story.stop);

  for (const [what, forged] of forgeries) {
    it(`that says ${what} takes no machine down past a budget, and does not stand`, async () => {
      await drainHeld();
      await forge(forged());
      await pass(2 * minute);
      assert.deepEqual([boots(), await podsOn("n1"), await phase()], [1, ["db"], "Draining"]);
      assert.ok(saysOf("somebody else has written that this node is"));
    });

    it(`that says ${what}, and that a daemon finds when it starts, takes none down either`, async () => {
      await drainHeld();
      await forge(forged());
      story.world.restartDaemon("n1", { preflight: "off", "drain-timeout": "20m" });
      await pass(10 * minute);
      assert.deepEqual([boots(), await podsOn("n1")], [1, ["db"]]);
    });
  }

  it("that says Returning, and that a daemon finds when it starts, counts as no reboot: the lock names the boot that runs", async () => {
    const options = { "post-reboot-node-labels": "example.com/rebooted=yes", "drain-timeout": "20m" };
    await drainHeld(options);
    await forge({ phase: "Returning", bootID: uid, since: iso() });
    story.world.restartDaemon("n1", { preflight: "off", ...options });
    await until("it is given back", async () => (await record())?.outcome !== undefined, minute);
    const { metadata, spec } = await readNode();
    assert.equal((await record())?.outcome?.result, "failed");
    assert.deepEqual(
      [metadata?.labels?.["example.com/rebooted"], spec?.unschedulable],
      [undefined, undefined],
    );
    assert.ok(saysOf("the lock names the boot that still runs"));
  });

  for (const says of ["Rebooting", "Returning", "Settling"] as const) {
    it(`that says ${says} of a node that only waits does not stand on its Node`, async () => {
      await start({ "start-time": "2:00", "end-time": "3:00" });
      await wantReboot();
      await pass(minute);
      await forge({ phase: says });
      await pass(minute);
      assert.deepEqual([await phase(), boots()], ["Waiting", 1]);
    });
  }

  it("that is written again and again does not keep a drain from its end", async () => {
    await drainHeld({ "drain-timeout": "2m" });
    for (let seconds = 0; seconds < 120; seconds += 10) {
      await forge({ phase: "Draining", since: iso(), reasons: [] });
      await pass(10_000);
    }
    assert.notEqual(await phase(), "Draining");
    assert.equal((await record())?.outcome?.result, "failed");
  });

  it("from the year 9999 holds no slot", async () => {
    for (const phase of ["Settling", "Restoring", "Draining", "Returning"] as const) {
      await start();
      await wantReboot();
      await until("n1 has rebooted", isRebooted, 5 * minute);
      await forge({ phase, cordoned: false, since: "9999-12-31T23:59:59.000Z" });
      await pass(20 * minute);
      assert.deepEqual([(await look()).lock, (await look()).phases["n1"]], [undefined, "Idle"], phase);
      await story.stop();
    }
    await start();
  });

  it("with another history changes nothing of what the daemon knows of its cycles", async () => {
    await start();
    await wantReboot();
    await until("n1 has rebooted", isRebooted, 5 * minute);
    const { history } = (await record()) ?? assert.fail();
    assert.deepEqual(history?.cycles, { rebooted: 1, failed: 0, withdrawn: 0 });
    const last = { result: "failed", at: iso(), why: "forged", message: "forged" } as const;
    await forge({ history: { ...history, cycles: { rebooted: 7, failed: 7, withdrawn: 7 }, last: [last] } });
    await wantReboot();
    await until("n1 has rebooted again", async () => boots() === 3 && (await phase()) === "Idle", 5 * minute);
    const { history: after } = (await record()) ?? assert.fail();
    assert.deepEqual(after?.cycles, { rebooted: 2, failed: 0, withdrawn: 0 });
    assert.deepEqual(
      after.last.map(({ result, why }) => [result, why]),
      [
        ["rebooted", "file"],
        ["rebooted", "file"],
      ],
    );
  });

  it("has the daemon change no label that Kubernetes protects", async () => {
    await start();
    const labels = { "node-restriction.kubernetes.io/team": "a", "topology.kubernetes.io/zone": "z1" };
    await patchNode({ metadata: { labels } });
    const forged = Object.entries(labels).map(([key, set]) => ({ key, set, found: "forged" }));
    for (const phase of ["Idle", "Restoring", "Draining", "Settling"] as const) {
      await forge({ phase, labels: forged });
      await pass(2 * minute);
      story.world.restartDaemon("n1", {});
      await pass(2 * minute);
      const now = (await readNode()).metadata?.labels ?? {};
      assert.deepEqual({ ...now, ...labels }, now, phase);
    }
  });

  for (const phase of ["Draining", "Returning"] as const) {
    it(`at rest serves no request, and counts as no reboot, where it says ${phase} since another boot`, async () => {
      await start({ "post-reboot-node-labels": "example.com/rebooted=yes" });
      await pass(minute);
      await forge({ phase, bootID: uid, since: iso(), outcome: undefined });
      await pass(5 * minute);
      const { result } = (await record())?.outcome ?? {};
      assert.deepEqual(
        [result, (await readNode()).metadata?.labels?.["example.com/rebooted"]],
        ["withdrawn", undefined],
      );
      assert.deepEqual(evictions(), []);
    });
  }
});
