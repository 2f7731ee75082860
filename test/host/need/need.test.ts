import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sinon from "sinon";
import { createExec, type Exec } from "../../../daemon/host/exec.ts";
import { commandNeed, fileNeed, type Meaning, sentinelCommand } from "../../../daemon/host/need/need.ts";
import { presets } from "../../../daemon/host/need/presets.ts";
import { systemClock } from "../../../daemon/time/clock.ts";
import { everyRow } from "../../rows.ts";

const { signal } = new AbortController();
const exec = createExec(systemClock);
let folder: string;
let sentinel: string;

const look = (file = sentinel) => fileNeed(file, systemClock).check(false, signal);
const reasons = async () => {
  const need = await look();
  return need.state === "needed" ? need.reasons : assert.fail(need.state);
};

describe("The need for a reboot", () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebootd-need-"));
    sentinel = join(folder, "reboot-required");
  });
  afterEach(() => rm(folder, { recursive: true }));

  describe("by a sentinel file", () => {
    const notNeeded = { state: "not-needed" };

    it("is not needed without the file, or with a broken link", async () => {
      assert.deepEqual(await look(), notNeeded);
      await symlink(join(folder, "nowhere"), sentinel);
      assert.deepEqual(await look(), notNeeded);
    });

    it("is needed with the file or a link, with the distinct packages of its list", async () => {
      await writeFile(join(folder, "else"), "");
      await symlink(join(folder, "else"), sentinel);
      await writeFile(`${sentinel}.pkgs`, "linux-image\nlibc6\nlinux-image\n\n");
      const need = { state: "needed", source: "file", reasons: ["linux-image", "libc6"] };
      assert.deepEqual(await look(), need);
    });

    it("is unknown without the folder, with a folder in place of the file, or if access fails", async () => {
      const file = join(folder, "none/reboot-required");
      assert.deepEqual(await look(file), { state: "unknown", why: `there is no folder ${folder}/none` });
      assert.deepEqual(await look(folder), { state: "unknown", why: `${folder} is a folder` });
      await writeFile(join(folder, "none"), "");
      for (const path of [file, `/${"x".repeat(300)}`]) assert.equal((await look(path)).state, "unknown");
    });

    it("fails the precheck with a folder in its place, but not without its folder", async () => {
      const precheck = (file: string) => fileNeed(file, systemClock).precheck(signal);
      assert.match((await precheck(folder)) ?? "", /is a folder$/);
      await writeFile(sentinel, "");
      assert.match((await precheck(join(sentinel, "below"))) ?? "", /ENOTDIR/);
      assert.equal(await precheck(join(folder, "none/reboot-required")), undefined);
      assert.equal(await precheck(sentinel), undefined);
    });

    describe("reads from the list of packages", () => {
      beforeEach(() => writeFile(sentinel, ""));

      it("names without control characters", async () => {
        await writeFile(`${sentinel}.pkgs`, "\u001b[31mlibc6\u0007\r\n\u202elinux\u0000\timage\n\u200b\n");
        assert.deepEqual(await reasons(), ["[31mlibc6", "linux image"]);
      });

      it("50 whole names of 200 characters, from the beginning of a file of any size", async () => {
        await writeFile(`${sentinel}.pkgs`, `${"x".repeat(199)}😀\n`);
        await truncate(`${sentinel}.pkgs`, 2 ** 30);
        assert.deepEqual(await reasons(), [`${"x".repeat(199)}…`]);
        await writeFile(
          `${sentinel}.pkgs`,
          Array.from({ length: 10_000 }, (_, n) => `package-${n}\n`).join(""),
        );
        assert.deepEqual([(await reasons()).length, (await reasons())[49]], [50, "package-49"]);
        await writeFile(`${sentinel}.pkgs`, `linux\n${"y".repeat(20_000)}\n`);
        assert.deepEqual(await reasons(), ["linux"]);
      });

      it("no secret of the daemon through a link", async () => {
        const secret = join(folder, "basic-auth");
        await writeFile(secret, "prometheus:secret\n");
        for (const target of [secret, "/proc/self/environ", "/proc/self/cmdline"]) {
          await symlink(target, `${sentinel}.pkgs`);
          assert.deepEqual(await reasons(), []);
          await rm(`${sentinel}.pkgs`);
        }
        await rm(sentinel);
        await symlink(secret, sentinel);
        assert.deepEqual(await reasons(), []);
      });

      it("nothing if it is a pipe, a device, a folder, or unreadable", async () => {
        execFileSync("mkfifo", [`${sentinel}.pkgs`]);
        assert.deepEqual(await reasons(), []);
        for (const target of ["/dev/zero", folder, `${sentinel}.pkgs`]) {
          await rm(`${sentinel}.pkgs`);
          await symlink(target, `${sentinel}.pkgs`);
          assert.deepEqual(await reasons(), []);
        }
      });
    });
  });

  describe("by a command", () => {
    type Row = [script: string, state: string, why?: RegExp];
    const ask = (script: string, meaning: Meaning = sentinelCommand) =>
      commandNeed(["/bin/sh", "-c", script], meaning, exec, systemClock, 0).check(true, signal);

    function table(title: string, meaning: Meaning, rows: Row[]): void {
      it(title, () =>
        everyRow(
          rows.map((row) => [row[0], row] as const),
          async ([script, state, why = /^/]) => {
            const need = await ask(script, meaning);
            assert.equal(need.state, state);
            assert.match(need.state === "unknown" ? need.why : "", why);
          },
        ),
      );
    }

    table("is read from kured's exit codes", sentinelCommand, [
      ["exit 0", "needed"],
      ["exit 1", "not-needed"],
      ["exit 2", "unknown", /ended with 2$/],
      ["exit 255", "unknown", /ended with 255$/],
      ["echo no; printf '\\033way\\n' >&2; exit 3", "unknown", /ended with 3: no way$/],
      ["kill -9 $$", "unknown", /ended with a signal$/],
      ["/no/such", "unknown", /ended with 127: .*not found/],
      ["echo nsenter: cannot open /proc/1/ns/mnt >&2; exit 1", "unknown", /cannot open/],
    ]);

    const { meaning } = presets.rhel.asks;
    const yes = "Core libraries or services have been updated since boot-up:";
    table("of Red Hat is read from its exit code and its output", meaning, [
      ["echo Reboot should not be necessary.; exit 0", "not-needed"],
      ["echo Reboot is required to fully utilize these updates.; exit 1", "needed"],
      ["echo Error: no such command; exit 1", "unknown", /ended with 1: Error: no such command/],
      ["exit 1", "unknown"],
      ["exit 3", "unknown"],
      ["echo nsenter: no; echo Reboot is required; exit 1", "unknown"],
    ]);

    it("of Red Hat has the package names of dnf and yum as its reasons", () =>
      everyRow(
        [
          ["dnf", "  * kernel\n  * glibc\n"],
          ["yum", "  kernel -> 3.10.0-693\n  glibc -> 2.17\n  glibc -> 2.17\n"],
        ] as [string, string][],
        async (list) => {
          const text = `Updating repositories.\n${yes}\n${list}\nReboot is required to fully utilize these updates.\n`;
          assert.deepEqual(await ask(`echo '${text}'; exit 1`, meaning), {
            state: "needed",
            source: "command",
            reasons: ["kernel", "glibc"],
          });
        },
      ));

    it("of Red Hat has the first 50 of hundreds of packages as its reasons", async () => {
      const list = `for n in $(seq 3000); do echo "  * package-with-a-long-name-$n"; done`;
      const verdict = "echo; echo Reboot is required to fully utilize these updates.; echo More information:";
      const need = await ask(`echo "${yes}"; ${list}; ${verdict}; exit 1`, meaning);
      assert.equal(need.state, "needed");
      const { reasons } = need as { reasons: readonly string[] };
      assert.deepEqual([reasons.length, reasons[49]], [50, "package-with-a-long-name-50"]);
    });

    it("of Red Hat has no other output of dnf as a reason", async () => {
      const repositories = " Fedora 43 - x86_64          100% |   1.2 MiB/s |  35.1 MiB\n  Updates";
      const text = `${repositories}\n${yes}\n  * glibc\n\nReboot is required to fully utilize these updates.\n  See also`;
      const need = await ask(`echo '${text}'; exit 1`, meaning);
      assert.deepEqual(need, { state: "needed", source: "command", reasons: ["glibc"] });
      const bare = await ask(`echo '${repositories}'; echo Reboot is required; exit 1`, meaning);
      assert.deepEqual(bare, { state: "needed", source: "command", reasons: [] });
    });

    it("is unknown after a failure, with the beginning and the end of the output", async () => {
      const need = await ask("seq -f 'warning %g' 5000; echo Error: no space left; exit 3");
      const { why } = need as { why: string };
      assert.match(
        why,
        /ended with 3: warning 1 warning 2 .{0,90} … .{0,90}warning 5000 Error: no space left$/,
      );
    });

    it("fails the precheck if the command cannot be run, but not if it fails", async () => {
      const precheck = (...argv: [string, ...string[]]) =>
        commandNeed(argv, sentinelCommand, exec, systemClock, 0).precheck(signal);
      await writeFile(sentinel, "");
      assert.match((await precheck("/no/such")) ?? "", /running \/no\/such: .*ENOENT/);
      assert.match((await precheck(sentinel)) ?? "", /EACCES/);
      assert.match((await precheck("/usr/bin/env", "/no/such")) ?? "", /ended with 127: .*No such file/);
      assert.match((await precheck("/usr/bin/env", sentinel)) ?? "", /ended with 126: .*Permission denied/);
      assert.match((await precheck("/bin/sh", "-c", "echo nsenter: no; exit 1")) ?? "", /ended with 1/);
      for (const code of [0, 1, 2]) assert.equal(await precheck("/bin/sh", "-c", `exit ${code}`), undefined);
    });

    it("is unknown after a minute, and the command is killed", async () => {
      const hurried = {
        ...systemClock,
        sleep: (ms: number, end: AbortSignal) => systemClock.sleep(ms / 600, end),
      };
      const slow = commandNeed(["/bin/sleep", "60"], sentinelCommand, createExec(hurried), systemClock, 0);
      assert.deepEqual(await slow.check(true, signal), {
        state: "unknown",
        why: "running /bin/sleep 60: timed out after 60 s",
      });
      assert.equal(await slow.precheck(signal), undefined);
    });

    it("is noticed within a period after the wall clock was set back by hours", async () => {
      let flag = false;
      let wall = Date.parse("2026-11-24T12:00:00Z");
      let elapsed = 0;
      const clock = { ...systemClock, wall: () => wall, elapsed: () => elapsed };
      const told = async () => ({ code: flag ? 0 : 1, output: "" });
      const need = commandNeed(["check"], sentinelCommand, told as unknown as Exec, clock, 5000);
      assert.deepEqual(await need.check(false, signal), { state: "not-needed" });
      flag = true;
      wall -= 2 * 3_600_000;
      elapsed += 5000;
      assert.equal((await need.check(false, signal)).state, "needed");
    });

    it("is kept while it is recent, also from the precheck, unless a fresh one is requested", async () => {
      const counted = sinon.fake.resolves({ code: 1, output: "" });
      let now = 0;
      const clock = { ...systemClock, elapsed: () => now };
      const need = commandNeed(["check"], sentinelCommand, counted as unknown as Exec, clock, 1000);
      await need.precheck(signal);
      now = 999;
      assert.deepEqual(await need.check(false, signal), { state: "not-needed" });
      assert.equal(counted.callCount, 1);
      await need.check(true, signal);
      assert.equal(counted.callCount, 2);
      now = 1999;
      await need.check(false, signal);
      assert.equal(counted.callCount, 3);
    });
  });
});
