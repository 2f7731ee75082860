/** What real package managers of other systems say about a reboot, beside what rebootd makes of it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseSettings, type RawOptions } from "../../daemon/config/settings.ts";
import { type Argv, createExec } from "../../daemon/host/exec.ts";
import { chooseNeed } from "../../daemon/host/need/choose-need.ts";
import { systemClock } from "../../daemon/time/clock.ts";

const { signal } = new AbortController();
/** The root folder of a system with dnf 4 and zypper, of run.sh. */
const root = process.env["PACKAGE_MANAGERS"] ?? assert.fail("PACKAGE_MANAGERS is not set: see run.sh");

/** Runs in that root. Its /proc is that of this machine, by which dnf knows when the machine has booted. */
const inRoot = (argv: Argv): Argv => [
  "/usr/bin/unshare",
  "--mount",
  "/bin/sh",
  "-c",
  'mount --rbind /proc "$0/proc" && exec chroot "$0" "$@"',
  root,
  ...argv,
];

function run(...argv: Argv): { code: number; output: string } {
  const [program, ...args] = inRoot(argv);
  try {
    return { code: 0, output: execFileSync(program, args, { encoding: "utf8", stdio: "pipe" }) };
  } catch (error) {
    const { status, stdout } = error as { status: number; stdout: string };
    return { code: status, output: stdout };
  }
}

async function chosen(options: RawOptions) {
  const { need, node } = parseSettings({ "node-id": "n1", ...options });
  const exec = createExec(systemClock);
  const ports = { exec, onHost: inRoot, clock: systemClock, periodMs: node.periodMs };
  return await chooseNeed(need, ports, signal);
}

describe("A real package manager", () => {
  describe("dnf 4, with --os=rhel", () => {
    const spec =
      "Name: kernel\nVersion: 6.18\nRelease: 1\nSummary: A name\nLicense: none\nBuildArch: noarch\n%description\nA name.\n%files\n";
    const dnf = (...args: string[]) => {
      const usual = ["-q", "-y", "--releasever=1", "--disablerepo=*", "--noplugins"];
      const { code, output } = run("/usr/bin/dnf", ...usual, ...args);
      assert.equal(code, 0, output);
    };
    const plugins = join(root, "usr/lib/python3/dist-packages/dnf-plugins");
    const away = `${plugins}-away`;

    before(() => {
      writeFileSync(join(root, "tmp/kernel.spec"), spec);
      const built = run(
        "/usr/bin/rpmbuild",
        "-bb",
        "--quiet",
        "--define",
        "_topdir /tmp/rpms",
        "/tmp/kernel.spec",
      );
      assert.equal(built.code, 0, built.output);
    });
    afterEach(() => {
      run("/usr/bin/dnf", "-q", "-y", "--releasever=1", "--noplugins", "remove", "kernel");
    });

    it("needs no reboot, and one for a package that was installed since the boot, which is the reason", async () => {
      const need = await chosen({ os: "rhel" });
      assert.deepEqual(await need.check(true, signal), { state: "not-needed" });
      dnf("install", "/tmp/rpms/RPMS/noarch/kernel-6.18-1.noarch.rpm");
      const reasons = ["kernel"];
      assert.deepEqual(await need.check(true, signal), { state: "needed", source: "command", reasons });
      dnf("remove", "kernel");
      assert.deepEqual(await need.check(true, signal), { state: "not-needed" });
    });

    it("cannot tell with a broken configuration, and says why", async () => {
      const need = await chosen({ os: "rhel" });
      const file = join(root, "etc/dnf/dnf.conf");
      renameSync(file, `${file}.good`);
      try {
        writeFileSync(file, "[main\n");
        const found = await need.check(true, signal);
        assert.match(found.state === "unknown" ? found.why : found.state, /ended with 1: Config error/);
      } finally {
        renameSync(`${file}.good`, file);
      }
    });

    it("is refused at the start without its plugins", async () => {
      renameSync(plugins, away);
      try {
        await assert.rejects(
          chosen({ os: "rhel" }),
          /^ConfigError: invalid value "rhel" for --os: .* for example after dnf install dnf-utils, but .*No such command: ne.*dnf-command\(needs-restarting\)/,
        );
      } finally {
        renameSync(away, plugins);
      }
    });
  });

  it("zypper, with --os=suse, looks for the same file and no other", async () => {
    const folder = join(root, "run");
    mkdirSync(folder, { recursive: true });
    const need = await chosen({ os: "suse", "run-path": folder });
    const both = async () => {
      const { code } = run("/usr/bin/zypper", "needs-rebooting");
      return [code, (await need.check(true, signal)).state];
    };
    const file = join(folder, "reboot-needed");
    rmSync(file, { force: true });
    assert.deepEqual(await both(), [0, "not-needed"]);
    for (const word of ["", "soft-reboot\n"]) {
      writeFileSync(file, word);
      assert.deepEqual(await both(), [102, "needed"]);
    }
    rmSync(file);
  });
});
