import assert from "node:assert/strict";
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
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileNeed } from "../../../daemon/host/need/need.ts";
import type { Watch } from "../../../daemon/host/need/watch-files.ts";
import { systemClock } from "../../../daemon/time/clock.ts";
import { withDeadline } from "../../../daemon/time/deadline.ts";
import { everyRow } from "../../rows.ts";

const { signal } = new AbortController();
const notNeeded = { state: "not-needed" };
let folder: string;
let sentinel: string;

describe("A change of the sentinel is noticed", () => {
  let stop: AbortController;
  let file: ReturnType<typeof fileNeed>;
  let calls: number;
  let onCall: () => void;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebootd-watch-"));
    sentinel = join(folder, "reboot-required");
    stop = new AbortController();
    calls = 0;
    onCall = () => {};
  });
  afterEach(async () => {
    stop.abort();
    await rm(folder, { recursive: true });
  });

  const isCalled = () =>
    withDeadline(systemClock, 1500, signal, "a call", () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      onCall = resolve;
      return promise;
    });

  /** The first call comes when the watch has begun. */
  async function startWatching(path = sentinel, beside: string[] = []): Promise<void> {
    const clock = {
      ...systemClock,
      sleep: (ms: number, end: AbortSignal) => systemClock.sleep(ms / 10, end),
    };
    file = fileNeed(path, clock, { beside });
    file.watch(() => {
      calls += 1;
      onCall();
    }, stop.signal);
    await isCalled();
  }

  async function noticed(change: () => Promise<unknown>): Promise<void> {
    const soon = isCalled();
    await change();
    await soon;
  }

  it("if a file beside it goes, such as that of an update which is under way", async () => {
    await writeFile(join(folder, "update.pid"), "");
    await startWatching(sentinel, ["update.pid"]);
    await noticed(() => rm(join(folder, "update.pid")));
  });

  it("if it is created, renamed into place, linked or removed, and if its packages are", async () => {
    await startWatching();
    await noticed(() => writeFile(sentinel, ""));
    await noticed(() => writeFile(`${sentinel}.pkgs`, "linux"));
    await noticed(() => rm(sentinel));
    await writeFile(join(folder, "new"), "");
    await noticed(() => rename(join(folder, "new"), sentinel));
    await noticed(() => rm(sentinel));
    await noticed(() => symlink("/nowhere", sentinel));
  });

  it("not for another file, and a flood of changes only a few times", async () => {
    await startWatching();
    const before = calls;
    for (let n = 0; n < 100; n += 1) await writeFile(join(folder, `other-${n}`), "");
    await noticed(() => writeFile(sentinel, ""));
    assert.equal(calls, before + 1);
    const begin = Date.now();
    await noticed(async () => {
      for (let n = 0; n < 500; n += 1) await utimes(sentinel, n, n);
    });
    assert.ok(calls <= before + 3 + (Date.now() - begin) / 10, `${calls - before} times`);
  });

  it("in a folder that is created later, and removed and created again", async () => {
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

  it("in a folder behind a link, and at the next check after the link has changed", async () => {
    for (const name of ["one", "two"]) await mkdir(join(folder, name));
    await symlink("one", join(folder, "run"));
    await startWatching(join(folder, "run/reboot-required"));
    await noticed(() => writeFile(join(folder, "one/reboot-required"), ""));
    await rm(join(folder, "run"));
    await symlink("two", join(folder, "run"));
    await noticed(async () => assert.deepEqual(await file.check(false, signal), notNeeded));
    await noticed(() => writeFile(join(folder, "two/reboot-required"), ""));
  });

  /** A host that fails with this code when a folder is to be watched. A minute passes in a tenth of a second. */
  async function startOnHost(answer: string | undefined) {
    const host = { answer, minuteMs: 100 };
    const reported: string[] = [];
    const sleep = (ms: number, end: AbortSignal) => systemClock.sleep((ms / 60_000) * host.minuteMs, end);
    const watchThere: Watch = (path, options) => {
      if (host.answer === undefined) return watch(path, options);
      throw Object.assign(new Error(`${host.answer}: watch '${path}'`), { code: host.answer });
    };
    file = fileNeed(sentinel, { ...systemClock, sleep }, { watch: watchThere, whyDenied: async () => "" });
    const onChange = () => {
      calls += 1;
      onCall();
    };
    const begun = isCalled();
    file.watch(onChange, stop.signal, ({ message }) => reported.push(message));
    await begun;
    return { host, reported };
  }

  it("within a minute on a host without free watches, which is reported once with the remedy", () =>
    everyRow(
      [
        ["EMFILE", "raise fs.inotify.max_user_instances on the host (sysctl)"],
        ["ENOSPC", "raise fs.inotify.max_user_watches on the host (sysctl)"],
        ["ENFILE", "raise fs.file-max (sysctl)"],
      ].map(([code = "", cure = ""]) => [code, code, cure] as const),
      async (code, cure) => {
        const { reported } = await startOnHost(code);
        await noticed(() => writeFile(sentinel, ""));
        await noticed(() => writeFile(`${sentinel}.pkgs`, "linux"));
        await noticed(() => rm(sentinel));
        await rm(`${sentinel}.pkgs`);
        assert.equal(reported.length, 1, reported.join("\n"));
        assert.ok(reported[0]?.includes(`${code}: watch '${folder}'; `), reported[0]);
        assert.ok(reported[0]?.endsWith(`: ${cure}; until then rebootd looks once a minute`), reported[0]);
        stop.abort();
        stop = new AbortController();
      },
    ));

  it("at once again with a free watch", async () => {
    const { host, reported } = await startOnHost("EMFILE");
    await noticed(async () => {
      host.answer = undefined;
      host.minuteMs = 600_000;
    });
    host.minuteMs = 100;
    await noticed(() => writeFile(sentinel, ""));
    assert.equal(reported.length, 1);
  });

  it("within a minute after a link has changed without an event", async () => {
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
      (await readFile(`/proc/self/fdinfo/${await inotifyFd()}`, "utf8")).match(/^inotify /gm)?.length ?? 0;
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

/** The file descriptor of libuv's watches. */
async function inotifyFd(): Promise<string> {
  for (const fd of await readdir("/proc/self/fd")) {
    const target = await readlink(`/proc/self/fd/${fd}`).catch(() => "");
    if (target.includes("inotify")) return fd;
  }
  return assert.fail("there is no watch");
}
