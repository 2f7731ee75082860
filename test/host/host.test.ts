import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sinon from "sinon";
import { readBootID } from "../../daemon/host/boot-id.ts";
import { type Argv, createExec, onHost } from "../../daemon/host/exec.ts";
import { commandRebooter } from "../../daemon/host/reboot/command.ts";
import { RebootRefused } from "../../daemon/host/reboot/rebooter.ts";
import { signalRebooter } from "../../daemon/host/reboot/signal.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { withDeadline } from "../../daemon/time/deadline.ts";

const { signal } = new AbortController();
const exec = createExec(systemClock);
let folder: string;

/** A process of nobody may stay as a zombie, where process 1 does not see to it. */
async function hasEnded(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "(gone) Z");
  return / Z/.test(status);
}

describe("The host", () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebootd-host-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  describe("A command", () => {
    it("is killed at its deadline", async () => {
      await assert.rejects(
        exec(["/bin/sleep", "60"], 20, signal),
        /running \/bin\/sleep 60: timed out after 0.02 s/,
      );
    });

    it("does not leave behind what it has started", async () => {
      const script = `sleep 60 & echo $! > ${folder}/pid; wait`;
      await assert.rejects(exec(["/bin/sh", "-c", script], 200, signal), /timed out after 0.2 s/);
      const pid = Number(await readFile(join(folder, "pid"), "utf8"));
      await withDeadline(systemClock, 1000, signal, "the end of what it has started", async (late) => {
        while (!(await hasEnded(pid))) await systemClock.sleep(5, late);
      });
    });

    it("may print more than is kept", async () => {
      const { code, output } = await exec(
        ["/bin/sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x"],
        5000,
        signal,
      );
      assert.equal(code, 0);
      assert.ok(output.length < 21_000, `${output.length}`);
    });

    it("keeps the beginning and the end of what it prints, and says what is left out between", async () => {
      const { output } = await exec(["/bin/sh", "-c", "echo first; seq 20000; echo last"], 5000, signal);
      assert.match(output, /^first\n1\n2\n.*\n\[\d+ characters omitted\]\n.*\n20000\nlast$/s);
      const few = await exec(["/bin/sh", "-c", "seq 4000"], 5000, signal);
      assert.equal(few.output, Array.from({ length: 4000 }, (_, n) => n + 1).join("\n"));
    });

    it("enters the mount namespace of the host's first process", () => {
      assert.deepEqual(onHost(["/bin/true"]), ["/usr/bin/nsenter", "-m/proc/1/ns/mnt", "--", "/bin/true"]);
    });
  });

  describe("The boot ID", () => {
    it("is read without its newline", async () => {
      await writeFile(join(folder, "boot_id"), "1c09ca98-649c-4c7a-bc77-9cd04c96812e\n");
      assert.equal(await readBootID(join(folder, "boot_id")), "1c09ca98-649c-4c7a-bc77-9cd04c96812e");
    });

    it("is no other text that the daemon can read, where it is a link to it", async () => {
      await writeFile(join(folder, "basic-auth"), "prometheus:secret\n");
      await symlink(join(folder, "basic-auth"), join(folder, "boot_id"));
      const told = await readBootID(join(folder, "boot_id")).catch((error: Error) => error.message);
      assert.match(told, /boot_id is a link, which is not followed$/);
    });

    it("is refused when it is none", async () => {
      await writeFile(join(folder, "boot_id"), "");
      await assert.rejects(readBootID(join(folder, "boot_id")), /is not a boot ID/);
    });
  });

  describe("Rebooting by command", () => {
    const here = (argv: Argv) => argv;
    const byCommand = (...argv: Argv) => commandRebooter(argv, here, exec);

    it("resolves when the command was taken", async () => {
      await byCommand("/bin/true").reboot(signal);
    });

    it("can work where there is such a program, by its path or not, and does not run it to see", async () => {
      assert.equal(await byCommand("/bin/false").precheck(signal), undefined);
      assert.equal(await byCommand("false").precheck(signal), undefined);
      assert.match((await byCommand("/no/such", "now").precheck(signal)) ?? "", /no program \/no\/such/);
    });

    it("cannot work where the place of the program cannot be entered", async () => {
      const noEntry = (argv: Argv): Argv => ["/bin/sh", "-c", "echo not; echo permitted; exit 1", ...argv];
      const closed = commandRebooter(["/bin/true"], noEntry, exec);
      assert.equal(await closed.precheck(signal), "not permitted");
      const noWay = commandRebooter(["/bin/true"], () => ["/no/nsenter"], exec);
      assert.match((await noWay.precheck(signal)) ?? "", /running \/no\/nsenter: .*ENOENT/);
    });

    it("leaves open whether a command that failed was heard", async () => {
      const failed = byCommand("/bin/sh", "-c", "echo reset by peer; exit 1").reboot(signal);
      await assert.rejects(
        failed,
        (error: Error) => !(error instanceof RebootRefused) && /reset by peer/.test(error.message),
      );
    });

    it("is refused for certain when there is no such command", async () => {
      await assert.rejects(byCommand("/no/such").reboot(signal), RebootRefused);
    });
  });

  describe("Rebooting by signal", () => {
    it("signals process 1 once", async () => {
      const kill = sinon.fake();
      await signalRebooter(39, kill).reboot(signal);
      sinon.assert.calledOnceWithExactly(kill, 1, 39);
    });

    it("is refused for certain when that is not allowed", async () => {
      const kill = sinon.fake.throws(new Error("kill EPERM"));
      await assert.rejects(signalRebooter(39, kill).reboot(signal), RebootRefused);
      assert.match(
        (await signalRebooter(39, kill).precheck(signal)) ?? "",
        /may not be signalled: kill EPERM/,
      );
    });

    const rows: [number: number, name: string, failure: string | undefined][] = [
      [39, "systemd", undefined],
      [39, "node", "process 1 is node and not systemd; a pod needs hostPID"],
      [34, "pause", "process 1 is pause and not systemd; a pod needs hostPID"],
      [15, "init", undefined],
    ];
    for (const [number, name, failure] of rows) {
      it(`with ${number} ${failure ? "cannot" : "can"} work where process 1 is ${name}`, async () => {
        const kill = sinon.fake();
        await writeFile(join(folder, "comm"), `${name}\n`);
        assert.equal(await signalRebooter(number, kill, join(folder, "comm")).precheck(signal), failure);
        sinon.assert.calledOnceWithExactly(kill, 1, 0);
      });
    }
  });
});
