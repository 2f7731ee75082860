import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sinon from "sinon";
import { RebootRefused } from "../../../daemon/host/reboot/rebooter.ts";
import { signalRebooter } from "../../../daemon/host/reboot/signal.ts";
import { everyRow } from "../../rows.ts";

const { signal } = new AbortController();

describe("Rebooting by signal", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebootd-signal-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("signals process 1 once", async () => {
    const kill = sinon.fake();
    await signalRebooter(39, kill).reboot(signal);
    sinon.assert.calledOnceWithExactly(kill, 1, 39);
  });

  it("sends systemd's own signal for another kind", async () => {
    const kill = sinon.fake();
    for (const kind of ["full", "soft", "kexec"] as const)
      await signalRebooter(15, kill).reboot(signal, kind);
    assert.deepEqual(kill.args, [
      [1, 15],
      [1, 41],
      [1, 40],
    ]);
  });

  it("is certainly refused if the signal is not permitted", async () => {
    const kill = sinon.fake.throws(new Error("kill EPERM"));
    await assert.rejects(signalRebooter(39, kill).reboot(signal), RebootRefused);
    assert.match((await signalRebooter(39, kill).precheck(signal)) ?? "", /may not be signalled: kill EPERM/);
  });

  const rows: [what: string, number: number, name: string, failure: string | undefined][] = [
    ["39 to systemd", 39, "systemd", undefined],
    ["39 to node", 39, "node", "process 1 is node and not systemd; a pod needs hostPID"],
    ["34 to pause", 34, "pause", "process 1 is pause and not systemd; a pod needs hostPID"],
    ["15 to init", 15, "init", undefined],
  ];
  it("can work with a real-time signal only if process 1 is systemd", () =>
    everyRow(rows, async (number, name, failure) => {
      const kill = sinon.fake();
      await writeFile(join(folder, "comm"), `${name}\n`);
      assert.equal(await signalRebooter(number, kill, join(folder, "comm")).precheck(signal), failure);
      sinon.assert.calledOnceWithExactly(kill, 1, 0);
    }));
});
