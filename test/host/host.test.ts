import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sinon from "sinon";
import { systemClock } from "../../daemon/clock.ts";
import { readBootID } from "../../daemon/host/bootid.ts";
import { type Argv, createExec, type Exec, onHost } from "../../daemon/host/exec.ts";
import { commandNeed, fileNeed } from "../../daemon/host/need.ts";
import { commandRebooter } from "../../daemon/host/reboot/command.ts";
import { RebootRefused } from "../../daemon/host/reboot/rebooter.ts";
import { signalRebooter } from "../../daemon/host/reboot/signal.ts";

const { signal } = new AbortController();
const exec = createExec(systemClock);
let folder: string;

describe("The host", () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebootd-host-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  describe("The sentinel file", () => {
    it("means no need while it is absent, its folder too", async () => {
      assert.deepEqual(await fileNeed(join(folder, "reboot-required")).check(false, signal), {
        state: "not-needed",
      });
      assert.deepEqual(await fileNeed(join(folder, "none/reboot-required")).check(false, signal), {
        state: "not-needed",
      });
    });

    it("means need, with the packages beside it, each once", async () => {
      await writeFile(join(folder, "reboot-required"), "");
      await writeFile(join(folder, "reboot-required.pkgs"), "linux-image\nlibc6\nlinux-image\n");
      assert.deepEqual(await fileNeed(join(folder, "reboot-required")).check(false, signal), {
        state: "needed",
        source: "file",
        reasons: ["linux-image", "libc6"],
      });
    });

    it("cannot tell when it cannot be looked at", async () => {
      const need = await fileNeed(`/${"x".repeat(300)}`).check(false, signal);
      assert.equal(need.state, "unknown");
    });

    it("is noticed when it appears", async () => {
      const stop = new AbortController();
      const noticed = new Promise<void>((resolve) => {
        fileNeed(join(folder, "reboot-required")).watch(resolve, stop.signal);
      });
      await writeFile(join(folder, "other"), "");
      await writeFile(join(folder, "reboot-required"), "");
      await noticed;
      stop.abort();
    });
  });

  describe("The sentinel command", () => {
    const clock = { ...systemClock, now: () => 1000 };
    const rows: [script: string, state: string][] = [
      ["exit 0", "needed"],
      ["exit 1", "not-needed"],
      ["exit 2", "unknown"],
      ["kill -9 $$", "unknown"],
    ];
    for (const [script, state] of rows) {
      it(`that does '${script}' means ${state}`, async () => {
        const need = commandNeed(["/bin/sh", "-c", script], exec, clock, 0);
        assert.equal((await need.check(true, signal)).state, state);
      });
    }

    it("that is missing means that it cannot tell, and says why", async () => {
      const need = await commandNeed(["/no/such/command"], exec, clock, 0).check(true, signal);
      assert.ok(need.state === "unknown" && need.why.includes("/no/such/command"));
    });

    it("is not run again while its answer is recent, unless a fresh one is asked for", async () => {
      const counted = sinon.fake.resolves({ code: 1, output: "" });
      let now = 0;
      const need = commandNeed(
        ["check"],
        counted as unknown as Exec,
        { ...systemClock, now: () => now },
        1000,
      );
      await need.check(false, signal);
      now = 999;
      await need.check(false, signal);
      assert.equal(counted.callCount, 1);
      await need.check(true, signal);
      assert.equal(counted.callCount, 2);
      now = 1999;
      await need.check(false, signal);
      assert.equal(counted.callCount, 3);
    });
  });

  describe("A command", () => {
    it("is killed at its deadline", async () => {
      await assert.rejects(
        exec(["/bin/sleep", "60"], 20, signal),
        /running \/bin\/sleep 60: no end after 0.02 s/,
      );
    });

    it("may print more than is kept", async () => {
      const { code, output } = await exec(
        ["/bin/sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x"],
        5000,
        signal,
      );
      assert.equal(code, 0);
      assert.equal(output.length, 4096);
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

    it("is refused when it is none", async () => {
      await writeFile(join(folder, "boot_id"), "");
      await assert.rejects(readBootID(join(folder, "boot_id")), /is no boot ID/);
    });
  });

  describe("Rebooting by command", () => {
    const here = (argv: Argv) => argv;
    const byCommand = (...argv: Argv) => commandRebooter(argv, here, exec);

    it("resolves when the command was taken", async () => {
      await byCommand("/bin/true").reboot(signal);
    });

    it("can work where there is such a program, by its path or not, and does not run it to see", async () => {
      assert.equal(await byCommand("/bin/false").obstacle(signal), undefined);
      assert.equal(await byCommand("false").obstacle(signal), undefined);
      assert.match((await byCommand("/no/such", "now").obstacle(signal)) ?? "", /no program \/no\/such/);
    });

    it("cannot work where the place of the program cannot be entered", async () => {
      const noEntry = (argv: Argv): Argv => ["/bin/sh", "-c", "echo not; echo permitted; exit 1", ...argv];
      const closed = commandRebooter(["/bin/true"], noEntry, exec);
      assert.equal(await closed.obstacle(signal), "not permitted");
      const noWay = commandRebooter(["/bin/true"], () => ["/no/nsenter"], exec);
      assert.match((await noWay.obstacle(signal)) ?? "", /running \/no\/nsenter: .*ENOENT/);
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
        (await signalRebooter(39, kill).obstacle(signal)) ?? "",
        /may not be signalled: kill EPERM/,
      );
    });

    const rows: [number: number, name: string, obstacle: string | undefined][] = [
      [39, "systemd", undefined],
      [39, "node", "process 1 is node and not systemd; a pod needs hostPID"],
      [34, "pause", "process 1 is pause and not systemd; a pod needs hostPID"],
      [15, "init", undefined],
    ];
    for (const [number, name, obstacle] of rows) {
      it(`with ${number} ${obstacle ? "cannot" : "can"} work where process 1 is ${name}`, async () => {
        const kill = sinon.fake();
        await writeFile(join(folder, "comm"), `${name}\n`);
        assert.equal(await signalRebooter(number, kill, join(folder, "comm")).obstacle(signal), obstacle);
        sinon.assert.calledOnceWithExactly(kill, 1, 0);
      });
    }
  });
});
