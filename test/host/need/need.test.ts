import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { watch } from "node:fs";
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sinon from "sinon";
import { createExec, type Exec } from "../../../daemon/host/exec.ts";
import {
  anyNeed,
  commandNeed,
  fileNeed,
  type Meaning,
  type Need,
  sentinelCommand,
} from "../../../daemon/host/need/need.ts";
import { presets } from "../../../daemon/host/need/presets.ts";
import type { Watch } from "../../../daemon/host/need/watch-files.ts";
import { systemClock } from "../../../daemon/time/clock.ts";
import { withDeadline } from "../../../daemon/time/deadline.ts";

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

    it("is none while it is absent, or a link that leads nowhere", async () => {
      assert.deepEqual(await look(), notNeeded);
      await symlink(join(folder, "nowhere"), sentinel);
      assert.deepEqual(await look(), notNeeded);
    });

    it("is there with it, also by a link, with the packages beside it, each once", async () => {
      await writeFile(join(folder, "else"), "");
      await symlink(join(folder, "else"), sentinel);
      await writeFile(`${sentinel}.pkgs`, "linux-image\nlibc6\nlinux-image\n\n");
      const need = { state: "needed", source: "file", reasons: ["linux-image", "libc6"] };
      assert.deepEqual(await look(), need);
    });

    it("cannot be told without the folder, with a folder in its place, or where it cannot be looked at", async () => {
      const file = join(folder, "none/reboot-required");
      assert.deepEqual(await look(file), { state: "unknown", why: `there is no folder ${folder}/none` });
      assert.deepEqual(await look(folder), { state: "unknown", why: `${folder} is a folder` });
      await writeFile(join(folder, "none"), "");
      for (const path of [file, `/${"x".repeat(300)}`]) assert.equal((await look(path)).state, "unknown");
    });

    it("can never be told with a folder in its place, but a folder that is not there may come", async () => {
      const precheck = (file: string) => fileNeed(file, systemClock).precheck(signal);
      assert.match((await precheck(folder)) ?? "", /is a folder$/);
      await writeFile(sentinel, "");
      assert.match((await precheck(join(sentinel, "below"))) ?? "", /ENOTDIR/);
      assert.equal(await precheck(join(folder, "none/reboot-required")), undefined);
      assert.equal(await precheck(sentinel), undefined);
    });

    describe("takes from the list of packages", () => {
      beforeEach(() => writeFile(sentinel, ""));

      it("names without what a terminal would obey", async () => {
        await writeFile(`${sentinel}.pkgs`, "\u001b[31mlibc6\u0007\r\n\u202elinux\u0000\timage\n\u200b\n");
        assert.deepEqual(await reasons(), ["[31mlibc6", "linux image"]);
      });

      it("50 names of 200 characters, no half ones, from the beginning of a file of any size", async () => {
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

      it("no secret of the daemon's, where the list or the sentinel is a link to it", async () => {
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

      it("nothing where it is a pipe, a device, a folder, or cannot be read", async () => {
        execFileSync("mkfifo", [`${sentinel}.pkgs`]);
        assert.deepEqual(await reasons(), []);
        for (const target of ["/dev/zero", folder, `${sentinel}.pkgs`]) {
          await rm(`${sentinel}.pkgs`);
          await symlink(target, `${sentinel}.pkgs`);
          assert.deepEqual(await reasons(), []);
        }
      });
    });

    describe("is noticed", () => {
      let stop: AbortController;
      let file: ReturnType<typeof fileNeed>;
      let told: number;
      let onTold: () => void;

      beforeEach(() => {
        stop = new AbortController();
        told = 0;
        onTold = () => {};
      });
      afterEach(() => stop.abort());

      const isTold = () =>
        withDeadline(systemClock, 1500, signal, "being told", () => {
          const { promise, resolve } = Promise.withResolvers<void>();
          onTold = resolve;
          return promise;
        });

      /** It tells at once that it has begun to watch. */
      async function startWatching(path = sentinel): Promise<void> {
        file = fileNeed(path, { ...systemClock, sleep: (ms, end) => systemClock.sleep(ms / 10, end) });
        file.watch(() => {
          told += 1;
          onTold();
        }, stop.signal);
        await isTold();
      }

      async function noticed(change: () => Promise<unknown>): Promise<void> {
        const soon = isTold();
        await change();
        await soon;
      }

      it("when it appears, is renamed into place, linked, or goes, and when its packages come", async () => {
        await startWatching();
        await noticed(() => writeFile(sentinel, ""));
        await noticed(() => writeFile(`${sentinel}.pkgs`, "linux"));
        await noticed(() => rm(sentinel));
        await writeFile(join(folder, "new"), "");
        await noticed(() => rename(join(folder, "new"), sentinel));
        await noticed(() => rm(sentinel));
        await noticed(() => symlink("/nowhere", sentinel));
      });

      it("not when another file changes, and a flood of changes a few times", async () => {
        await startWatching();
        const before = told;
        for (let n = 0; n < 100; n += 1) await writeFile(join(folder, `other-${n}`), "");
        await noticed(() => writeFile(sentinel, ""));
        assert.equal(told, before + 1);
        const begin = Date.now();
        await noticed(async () => {
          for (let n = 0; n < 500; n += 1) await utimes(sentinel, n, n);
        });
        assert.ok(told <= before + 3 + (Date.now() - begin) / 10, `${told - before} times`);
      });

      it("in a folder that comes later, step by step or at once, and is removed and made anew", async () => {
        const deep = join(folder, "a/b/reboot-required");
        await startWatching(deep);
        await mkdir(join(folder, "a"));
        await noticed(() => mkdir(join(folder, "a/b")));
        await noticed(() => writeFile(deep, ""));
        for (let round = 0; round < 3; round += 1) {
          await noticed(() => rm(join(folder, "a"), { recursive: true }));
          await noticed(() => mkdir(join(folder, "a/b"), { recursive: true }));
          await noticed(() => writeFile(deep, ""));
        }
        await noticed(() => rename(join(folder, "a/b"), join(folder, "a/c")));
        await noticed(() => rename(join(folder, "a/c"), join(folder, "a/b")));
        await noticed(() => rm(deep));
      });

      it("in a folder behind a link, and at the next look where the link leads elsewhere", async () => {
        for (const name of ["one", "two"]) await mkdir(join(folder, name));
        await symlink("one", join(folder, "run"));
        await startWatching(join(folder, "run/reboot-required"));
        await noticed(() => writeFile(join(folder, "one/reboot-required"), ""));
        await rm(join(folder, "run"));
        await symlink("two", join(folder, "run"));
        await noticed(async () => assert.deepEqual(await file.check(false, signal), notNeeded));
        await noticed(() => writeFile(join(folder, "two/reboot-required"), ""));
      });

      /** A host that answers so, while it does, where a folder is to be watched. A minute passes in a tenth of a second. */
      async function startOnHost(answer: string | undefined) {
        const host = { answer, minuteMs: 100 };
        const said: string[] = [];
        const sleep = (ms: number, end: AbortSignal) => systemClock.sleep((ms / 60_000) * host.minuteMs, end);
        const watchThere: Watch = (path, options) => {
          if (host.answer === undefined) return watch(path, options);
          throw Object.assign(new Error(`${host.answer}: watch '${path}'`), { code: host.answer });
        };
        file = fileNeed(
          sentinel,
          { ...systemClock, sleep },
          { watch: watchThere, whyDenied: async () => "" },
        );
        const onChange = () => {
          told += 1;
          onTold();
        };
        const begun = isTold();
        file.watch(onChange, stop.signal, ({ message }) => said.push(message));
        await begun;
        return { host, said };
      }

      for (const [code, cure] of [
        ["EMFILE", "raise fs.inotify.max_user_instances on the host (sysctl)"],
        ["ENOSPC", "raise fs.inotify.max_user_watches on the host (sysctl)"],
        ["ENFILE", "raise fs.file-max (sysctl)"],
      ] as const) {
        it(`within a minute on a host where no watch is to be had (${code}), which is said once with what to raise`, async () => {
          const { said } = await startOnHost(code);
          await noticed(() => writeFile(sentinel, ""));
          await noticed(() => writeFile(`${sentinel}.pkgs`, "linux"));
          await noticed(() => rm(sentinel));
          assert.equal(said.length, 1, said.join("\n"));
          assert.ok(said[0]?.includes(`${code}: watch '${folder}'; `), said[0]);
          assert.ok(said[0]?.endsWith(`: ${cure}; until then rebootd looks once a minute`), said[0]);
        });
      }

      it("at once again when a watch is to be had again", async () => {
        const { host, said } = await startOnHost("EMFILE");
        await noticed(async () => {
          host.answer = undefined;
          host.minuteMs = 600_000;
        });
        host.minuteMs = 100;
        await noticed(() => writeFile(sentinel, ""));
        assert.equal(said.length, 1);
      });

      it("within a minute where a link leads elsewhere and nothing has told of it", async () => {
        for (const name of ["one", "two"]) await mkdir(join(folder, name));
        await writeFile(join(folder, "two/reboot-required"), "");
        await symlink("one", join(folder, "run"));
        sentinel = join(folder, "run/reboot-required");
        await startOnHost(undefined);
        await noticed(async () => {
          await rm(join(folder, "run"));
          await symlink("two", join(folder, "run"));
        });
      });

      it("with one watcher at a time, and none after the end", async () => {
        const watchers = async () =>
          (await readFile(`/proc/self/fdinfo/${await inotifyFd()}`, "utf8")).match(/^inotify /gm)?.length ??
          0;
        await startWatching();
        const one = await watchers();
        for (let round = 0; round < 5; round += 1) {
          await noticed(() => rm(folder, { recursive: true }));
          await noticed(() => mkdir(folder));
          await file.check(false, signal);
        }
        assert.equal(await watchers(), one);
        stop.abort();
        assert.equal(await watchers(), one - 1);
        await file.check(false, signal);
        await writeFile(sentinel, "");
        assert.equal(await watchers(), one - 1);
      });
    });
  });

  describe("by any of several sources", () => {
    const needed: Need = { state: "needed", source: "file", reasons: ["linux"] };
    const not: Need = { state: "not-needed" };
    const unknown: Need = { state: "unknown", why: "no folder" };
    const source = (need: Need, precheck?: string) => ({
      check: async () => need,
      watch: sinon.fake(),
      precheck: async () => precheck,
    });
    const rows: [needs: Need[], expected: Need][] = [
      [[not, needed], needed],
      [[needed, not], needed],
      [[unknown, needed], needed],
      [[not, unknown], unknown],
      [[not, not], not],
    ];
    for (const [needs, expected] of rows) {
      it(`is ${expected.state} where they say ${needs.map(({ state }) => state).join(" and ")}`, async () => {
        const any = anyNeed(needs.map((need) => source(need)));
        assert.deepEqual(await any.check(true, signal), expected);
      });
    }

    it("is noticed at each of them, and can never be told where one can never tell", async () => {
      const sources = [source(not), source(not, "it is a folder")];
      const [onChange, onBreak] = [() => {}, sinon.fake()];
      anyNeed(sources).watch(onChange, signal, onBreak);
      for (const { watch } of sources) {
        sinon.assert.calledOnceWithExactly(watch, onChange, signal, sinon.match.func);
        watch.firstCall.args[2](new Error("no watch is to be had"));
      }
      sinon.assert.calledOnce(onBreak);
      assert.equal(await anyNeed(sources).precheck(signal), "it is a folder");
      assert.equal(await anyNeed([source(not)]).precheck(signal), undefined);
    });
  });

  describe("by a command", () => {
    type Row = [script: string, state: string, why?: RegExp];
    const ask = (script: string, meaning: Meaning = sentinelCommand) =>
      commandNeed(["/bin/sh", "-c", script], meaning, exec, systemClock, 0).check(true, signal);

    function table(title: string, meaning: Meaning, rows: Row[]): void {
      describe(title, () => {
        for (const [script, state, why = /^/] of rows) {
          it(`'${script}' means ${state}`, async () => {
            const need = await ask(script, meaning);
            assert.equal(need.state, state);
            assert.match(need.state === "unknown" ? need.why : "", why);
          });
        }
      });
    }

    table("as kured has it,", sentinelCommand, [
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
    table("of Red Hat", meaning, [
      ["echo Reboot should not be necessary.; exit 0", "not-needed"],
      ["echo Reboot is required to fully utilize these updates.; exit 1", "needed"],
      ["echo Error: no such command; exit 1", "unknown", /ended with 1: Error: no such command/],
      ["exit 1", "unknown"],
      ["exit 3", "unknown"],
      ["echo nsenter: no; echo Reboot is required; exit 1", "unknown"],
    ]);

    for (const [what, list] of [
      ["dnf", "  * kernel\n  * glibc\n"],
      ["yum", "  kernel -> 3.10.0-693\n  glibc -> 2.17\n  glibc -> 2.17\n"],
    ]) {
      it(`of Red Hat names the packages as ${what} does`, async () => {
        const text = `Updating repositories.\n${yes}\n${list}\nReboot is required to fully utilize these updates.\n`;
        assert.deepEqual(await ask(`echo '${text}'; exit 1`, meaning), {
          state: "needed",
          source: "command",
          reasons: ["kernel", "glibc"],
        });
      });
    }

    it("of Red Hat is seen where the verdict comes after the names of hundreds of packages, of which 50 are the reasons", async () => {
      const list = `for n in $(seq 3000); do echo "  * package-with-a-long-name-$n"; done`;
      const verdict = "echo; echo Reboot is required to fully utilize these updates.; echo More information:";
      const need = await ask(`echo "${yes}"; ${list}; ${verdict}; exit 1`, meaning);
      assert.equal(need.state, "needed");
      const { reasons } = need as { reasons: readonly string[] };
      assert.deepEqual([reasons.length, reasons[49]], [50, "package-with-a-long-name-50"]);
    });

    it("of Red Hat takes nothing for a reason that dnf shows before the list or after the verdict", async () => {
      const repositories = " Fedora 43 - x86_64          100% |   1.2 MiB/s |  35.1 MiB\n  Updates";
      const text = `${repositories}\n${yes}\n  * glibc\n\nReboot is required to fully utilize these updates.\n  See also`;
      const need = await ask(`echo '${text}'; exit 1`, meaning);
      assert.deepEqual(need, { state: "needed", source: "command", reasons: ["glibc"] });
      const bare = await ask(`echo '${repositories}'; echo Reboot is required; exit 1`, meaning);
      assert.deepEqual(bare, { state: "needed", source: "command", reasons: [] });
    });

    it("that fails says so with the end of what it has printed, where the error is", async () => {
      const need = await ask("seq -f 'warning %g' 5000; echo Error: no space left; exit 3");
      const { why } = need as { why: string };
      assert.match(
        why,
        /ended with 3: warning 1 warning 2 .{0,90} … .{0,90}warning 5000 Error: no space left$/,
      );
    });

    it("that cannot be run can never tell; one that fails, or does not end, may the next time", async () => {
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

    it("has a minute, and is killed then", async () => {
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

    it("is seen within a period after the wall clock was set back by hours", async () => {
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

    it("is not run again while its answer is recent, also that of the trial, unless a fresh one is asked for", async () => {
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

/** Where libuv has its watches. */
async function inotifyFd(): Promise<string> {
  for (const fd of await readdir("/proc/self/fd")) {
    const target = await readlink(`/proc/self/fd/${fd}`).catch(() => "");
    if (target.includes("inotify")) return fd;
  }
  return assert.fail("nothing is watched");
}
