import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileNeed } from "../../../daemon/host/need/need.ts";
import { systemClock } from "../../../daemon/time/clock.ts";

const { signal } = new AbortController();
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
});
