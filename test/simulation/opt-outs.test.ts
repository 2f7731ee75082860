import assert from "node:assert/strict";
import { daemonUser } from "../world/manifests.ts";
import { slowCluster } from "./small-world.ts";
import { createStory, minute, pods } from "./story.ts";

const story = createStory();
const {
  addPod,
  asSlotIsTaken,
  boots,
  evictions,
  isRebooted,
  look,
  node,
  pass,
  patchNode,
  phase,
  reasons,
  record,
  saysOf,
  setLock,
  start,
  until,
  wantReboot,
} = story;

const hour = 60 * minute;
const waits = { "wait-for-opt-outs": "6h" };
const doNotDisrupt = (value = "true") => ({ annotations: { "karpenter.sh/do-not-disrupt": value } });
const ofJob = {
  ownerReferences: [
    {
      apiVersion: "batch/v1",
      kind: "Job",
      name: "report",
      uid: "3a0b5b0e-0000-4000-8000-000000000000",
      controller: true,
    },
  ],
};

const remove = (name: string) =>
  story.world.api.delete(`${pods}/${name}`, { gracePeriodSeconds: 0 }, { signal: story.world.signal });
const isDraining = async () => (await phase()) === "Draining";
const listed = () =>
  story.world.server.ledger.entries({ user: daemonUser.name, verb: "list", resource: "pods" }).length;

async function untouched(): Promise<void> {
  const { cordoned, lock } = await look();
  assert.deepEqual([await phase(), boots(), cordoned, lock, evictions()], ["Waiting", 1, [], undefined, []]);
}

describe("A node with pods that ask for time", () => {
  afterEach(story.stop);

  it("waits for them before the cordon, says which and until when, and starts once they have gone", async () => {
    await start(waits);
    await addPod("import", doNotDisrupt());
    await addPod("report", ofJob);
    await addPod("web");
    await wantReboot();
    await pass(5 * minute);
    await untouched();
    const [reason = "", ...more] = await reasons();
    assert.match(
      reason,
      /^opt-outs \(asked\): pods ask for time: default\/import \(karpenter.sh\/do-not-disrupt: true\); default\/report \(a pod of Job report\); waits for them since 2026-11-24T12:00:\d\dZ, until 2026-11-24T18:00:\d\dZ at the longest$/,
    );
    assert.deepEqual(more, []);
    await remove("import");
    await pass(10 * minute);
    await untouched();
    assert.match(String(await reasons()), /ask for time: default\/report/);
    await remove("report");
    await until("it has rebooted", isRebooted, 12 * minute);
    assert.deepEqual(evictions(), ["web 201"]);
  });

  it("evicts them once the time is over, whatever becomes of its daemon meanwhile", async () => {
    await start(waits, slowCluster);
    await addPod("import", doNotDisrupt());
    await wantReboot();
    for (let passed = 0; passed < 5; passed += 1) {
      await pass(hour);
      node("n1").crashDaemon();
    }
    await pass(50 * minute);
    await untouched();
    await until("it has rebooted", isRebooted, 20 * minute);
    assert.deepEqual(evictions(), ["import 201"]);
    assert.equal((await record())?.optOutsSince, undefined, "the wait goes with the need");
  });

  it("counts the time from its first turn, not from the need, and on while a window is closed", async () => {
    await start({ ...waits, window: "0 14 * * * for 2h", "window-margin": "0" }, slowCluster);
    await addPod("import", doNotDisrupt());
    await wantReboot();
    await pass(3 * hour);
    assert.match(
      String(await reasons()),
      /^opt-outs \(asked\): .* since 2026-11-24T14:00:\d\dZ, until 2026-11-24T20/,
    );
    await pass(22 * hour);
    await untouched();
    await until("it has rebooted in the next window", isRebooted, 2 * hour);
    assert.deepEqual(evictions(), ["import 201"]);
  });

  it("does not reboot then where it is to give up, says so, and starts once they have gone", async () => {
    await start({ ...waits, "opt-outs-late": "give-up" }, slowCluster);
    await addPod("import", doNotDisrupt());
    await wantReboot();
    await pass(12 * hour);
    await untouched();
    assert.deepEqual(await reasons(), [
      "opt-outs (late): pods still ask for time, and are not evicted: default/import (karpenter.sh/do-not-disrupt: true)",
    ]);
    await remove("import");
    await until("it drains", isDraining, 11 * minute);
  });

  it("starts when their own time is over", async () => {
    await start(waits);
    await addPod("import", doNotDisrupt("20m"));
    await wantReboot();
    await pass(19 * minute);
    await untouched();
    await until("it drains", isDraining, 2 * minute);
  });

  it("does not wait for them for an urgent request, nor without the option", async () => {
    await start(waits);
    await addPod("import", doNotDisrupt());
    await wantReboot();
    await pass(minute);
    await untouched();
    await patchNode({ metadata: { annotations: { "rebootd.dev/reboot-requested": "urgent: a hole" } } });
    await until("it drains", isDraining, 2 * minute);
    await story.stop();
    await start();
    await addPod("import", doNotDisrupt());
    await wantReboot();
    await until("it drains", isDraining, 10_000);
  });

  it("that come as the slot is taken is not cordoned, and the slot goes back", async () => {
    await start(waits);
    const lockWrites = asSlotIsTaken(() => void addPod("import", doNotDisrupt()));
    await wantReboot();
    await pass(10_000);
    assert.equal(lockWrites(), 2, "taken and given back");
    await untouched();
    assert.match(String(await reasons()), /^opt-outs \(asked\)/);
  });

  it("that come in mid-drain evicts them as any other", async () => {
    await start({ ...waits, "reboot-delay": "1m" });
    await addPod("web");
    await wantReboot();
    await until("it is drained", async () => saysOf("waiting for --reboot-delay"));
    await addPod("import", doNotDisrupt());
    await until("it has rebooted", isRebooted, 5 * minute);
    assert.deepEqual(evictions(), ["web 201", "import 201"]);
  });

  it("lets another node go meanwhile, which has none", async () => {
    await start(waits, { nodes: 2 });
    await addPod("import", doNotDisrupt());
    await wantReboot();
    await pass(minute);
    node("n2").wantsReboot();
    await until("n2 has rebooted", async () => node("n2").machine.boots.length === 2, 5 * minute);
    assert.deepEqual([await phase(), boots(), evictions()], ["Waiting", 1, []]);
  });

  it("keeps new pods away with the soft taint meanwhile", async () => {
    await start({ ...waits, "prefer-no-schedule-taint": "rebootd.dev/pending" });
    await addPod("import", doNotDisrupt());
    await wantReboot();
    await pass(minute);
    assert.equal((await record())?.taint, "rebootd.dev/pending");
  });

  it("lists its pods a few times an hour, and not while the lock is full", async () => {
    await start({ ...waits, preflight: "off" }, slowCluster);
    await addPod("import", doNotDisrupt());
    await setLock('{"nodeID":"manual"}');
    await wantReboot();
    await pass(hour);
    assert.equal(listed(), 0);
    await setLock(null);
    await pass(hour);
    story.world.server.ledger.clear();
    await pass(2 * hour);
    assert.ok(listed() <= 12, `${listed()} lists in two hours`);
  });
});
