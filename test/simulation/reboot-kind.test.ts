/** --reboot-kind=soft: the userspace alone is replaced under the same boot ID, and systemd's count proves it. kexec: as a full reboot. */

import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import type { RawOptions } from "../../daemon/config/settings.ts";
import { logindOf } from "./logind-of.ts";
import { type SmallWorld, startSmallWorld } from "./small-world.ts";
import { isCordonedOn, recordOn } from "./stored.ts";

const minute = 60_000;
const soft = { "reboot-kind": "soft" };

let world: SmallWorld;

const recordOf = () => recordOn(world, "n1");
const machine = () => world.machine("n1");
const bootIDs = () => new Set(machine().boots.map(({ bootID }) => bootID)).size;
const outcome = () => recordOf()?.outcome?.message;
const isAsked = () => recordOf()?.askedAt !== undefined;

async function start(options: RawOptions = soft): Promise<void> {
  world = await startSmallWorld({ nodes: 1, options, logind: logindOf, rights: "everything" });
  machine().behaviour.softRebootServes = true;
}

async function expectAtRest(): Promise<void> {
  assert.deepEqual([isCordonedOn(world, "n1"), (await world.look()).lock], [false, undefined]);
}

describe("A node with --reboot-kind=soft", () => {
  afterEach(() => world.stop());

  it("is drained, replaces its userspace alone, and says that it was a soft reboot", async () => {
    await start();
    const announced: string[] = [];
    world.onAnnouncement = (_node, said) => announced.push(said);
    machine().wantReboot(["libc6"]);
    await world.pass(5 * minute);
    assert.deepEqual([machine().reboots, bootIDs(), machine().boots.length], [["soft"], 1, 2]);
    assert.equal(outcome(), "soft-rebooted, Ready and uncordoned");
    assert.match(announced.join(), /^soft-rebooting node n1: packages libc6/);
    const { history } = recordOf() ?? {};
    assert.deepEqual(
      [history?.softReboots, history?.cycles.rebooted, history?.last[0]?.kind],
      [1, 1, "soft"],
    );
    await expectAtRest();
  });

  it("counts the full reboot that the machine makes of it as one, by its boot ID", async () => {
    await start();
    machine().behaviour.softRebootTurnsFull = true;
    world.node("n1").wantsReboot();
    await world.pass(5 * minute);
    assert.deepEqual([bootIDs(), outcome()], [2, "rebooted, Ready and uncordoned"]);
    assert.equal(recordOf()?.history?.softReboots, undefined);
    await expectAtRest();
  });

  it("has failed where the machine does not do it, whatever the restarts of its daemon", async () => {
    await start();
    machine().behaviour.goesDown = false;
    world.node("n1").wantsReboot();
    await world.time.until("it was asked", isAsked, minute);
    machine().crashDaemon();
    await world.time.until("it has failed", () => recordOf()?.phase === "Failed", 30 * minute);
    assert.match(outcome() ?? "", /asked to soft-reboot 2 times, but the machine is still up/);
    assert.deepEqual([machine().boots.length, recordOf()?.history?.cycles.rebooted], [1, 0]);
    await expectAtRest();
  });

  it("reboots fully where the need outlives a soft reboot, as /run does", async () => {
    await start();
    machine().behaviour.softRebootServes = false;
    world.node("n1").wantsReboot();
    await world.pass(30 * minute);
    assert.deepEqual([machine().reboots, bootIDs()], [["soft", "full"], 2]);
    assert.equal(outcome(), "rebooted, Ready and uncordoned");
    await expectAtRest();
  });

  it("reboots fully for a kernel, also where its package comes while it drains", async () => {
    await start({ ...soft, "reboot-delay": "1m" });
    machine().wantReboot(["libc6", "linux-image-6.1.0-29-amd64"]);
    await world.pass(5 * minute);
    machine().wantReboot(["libc6"]);
    await world.pass(30_000);
    assert.equal(recordOf()?.softReboots, 0);
    machine().wantReboot(["libc6", "linux-base"]);
    await world.pass(5 * minute);
    assert.deepEqual([machine().reboots, bootIDs()], [["full", "full"], 3]);
    await expectAtRest();
  });

  it("does not start where systemd cannot be asked for its count, and says so", async () => {
    await start();
    machine().behaviour.countsSoftReboots = false;
    world.node("n1").wantsReboot();
    await world.pass(5 * minute);
    const [reason] = recordOf()?.reasons ?? [];
    assert.equal(`${reason?.gate} ${reason?.code}`, "node cannot-tell");
    assert.match(
      reason?.message ?? "",
      /^cannot tell whether a soft reboot would succeed: systemd does not count/,
    );
    await expectAtRest();
    machine().behaviour.countsSoftReboots = true;
    await world.pass(5 * minute);
    assert.equal(outcome(), "soft-rebooted, Ready and uncordoned");
  });

  it("believes no record that claims a soft reboot which the lock does not know of", async () => {
    await start();
    machine().shutDown("soft");
    await world.pass(minute);
    const bootID = machine().boots[0]?.bootID;
    const record = {
      phase: "Returning",
      since: "2026-11-24T12:00:00Z",
      cordoned: true,
      bootID,
      softReboots: 0,
    };
    await world.setLock(
      JSON.stringify({
        nodeID: "n1",
        created: "2026-11-24T12:00:00Z",
        concurrency: 1,
        boot: `${bootID?.slice(0, 8)}+1`,
      }),
    );
    const annotations = { [contract.cycle.key]: JSON.stringify(record) };
    await world.api.patch(
      "/api/v1/nodes/n1",
      { metadata: { annotations }, spec: { unschedulable: true } },
      { signal: world.signal },
    );
    machine().crashDaemon();
    await world.pass(5 * minute);
    assert.match(outcome() ?? "", /the lock names the boot that still runs/);
    await expectAtRest();
  });
});

describe("A cycle whose daemon is started anew with another --reboot-kind", () => {
  afterEach(() => world.stop());

  it("becomes a full one if it began as a soft one and the machine was not asked", async () => {
    await start({ ...soft, "reboot-delay": "1m" });
    world.node("n1").wantsReboot();
    await world.pass(30_000);
    assert.equal(recordOf()?.softReboots, 0);
    world.restartDaemon("n1", {});
    await world.pass(5 * minute);
    assert.deepEqual([machine().reboots, outcome()], [["full"], "rebooted, Ready and uncordoned"]);
  });

  it("is proved by the count if the machine was asked before", async () => {
    await start();
    machine().behaviour.shutdownMs = 30_000;
    world.node("n1").wantsReboot();
    await world.time.until("it was asked", isAsked, minute);
    await world.pass(1000);
    world.restartDaemon("n1", {});
    await world.pass(5 * minute);
    assert.deepEqual([machine().reboots, outcome()], [["soft"], "soft-rebooted, Ready and uncordoned"]);
    await expectAtRest();
  });

  it("stays a full one if it began as a full one, and a soft reboot does not prove it", async () => {
    await start({ "reboot-delay": "1m" });
    machine().behaviour.softRebootServes = false;
    world.node("n1").wantsReboot();
    await world.pass(30_000);
    world.restartDaemon("n1", soft);
    await world.time.until("it was asked", isAsked, 5 * minute);
    await world.pass(5 * minute);
    assert.deepEqual([machine().reboots, outcome()], [["full"], "rebooted, Ready and uncordoned"]);
  });

  it("does not take another program's soft reboot for the full one that it waits for", async () => {
    await start({ "reboot-attempts": "1" });
    machine().behaviour.goesDown = false;
    machine().behaviour.softRebootServes = false;
    world.node("n1").wantsReboot();
    await world.time.until("it was asked", isAsked, minute);
    machine().shutDown("soft");
    await world.pass(15 * minute);
    assert.match(outcome() ?? "", /asked to reboot once, but the machine is still up/);
    assert.deepEqual([machine().boots.length, bootIDs(), recordOf()?.history?.cycles.rebooted], [2, 1, 0]);
  });
});

describe("A node with --reboot-kind=kexec", () => {
  afterEach(() => world.stop());

  for (const [what, hasLoadedKernel, kind] of [
    ["goes by kexec where a kernel is loaded, proved by its boot ID", true, "kexec"],
    ["reboots fully where none is, and says why", false, "full"],
  ] as const) {
    it(what, async () => {
      await start({ "reboot-kind": "kexec" });
      machine().behaviour.hasLoadedKernel = hasLoadedKernel;
      world.node("n1").wantsReboot();
      await world.pass(5 * minute);
      assert.deepEqual([machine().reboots, bootIDs()], [[kind], 2]);
      assert.equal(outcome(), "rebooted, Ready and uncordoned");
      const says = /rebooting by kexec.*no kernel is loaded for kexec; it is a full reboot/;
      assert.equal(
        world.logs.some((line) => says.test(line)),
        !hasLoadedKernel,
      );
      await expectAtRest();
    });
  }
});
