import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseSettings, type RawOptions } from "../../../daemon/config/settings.ts";
import { type Argv, createExec } from "../../../daemon/host/exec.ts";
import { chooseNeed } from "../../../daemon/host/need/choose-need.ts";
import { ConfigError } from "../../../daemon/text/config-error.ts";
import { systemClock } from "../../../daemon/time/clock.ts";
import { everyRow } from "../../rows.ts";

const { signal } = new AbortController();
let folder: string;

/** A host with these programs, and no others; each is a line of a shell. */
async function host(programs: Record<string, string>): Promise<void> {
  await mkdir(join(folder, "bin"));
  for (const [name, line] of Object.entries(programs)) {
    await writeFile(join(folder, "bin", name), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  }
}

const onHost = (argv: Argv): Argv => ["/usr/bin/env", `PATH=${folder}/bin`, ...argv];

async function choose(options: RawOptions) {
  const { need, node } = parseSettings({ "node-id": "n1", "run-path": folder, ...options });
  const ports = {
    exec: createExec(systemClock),
    onHost,
    clock: systemClock,
    periodMs: node.periodMs,
    hostRoot: join(folder, "root"),
  };
  return await chooseNeed(need, ports, signal);
}

const stateWith = async (options: RawOptions) => (await (await choose(options)).check(false, signal)).state;

const refuses = (options: RawOptions, says: RegExp) =>
  assert.rejects(choose(options), (error) => error instanceof ConfigError && says.test(error.message));

describe("The source of the need", () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebootd-way-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("is a file in --run-path with --os=debian, flatcar and suse", () =>
    everyRow(
      [
        ["debian", "debian", "reboot-required"],
        ["flatcar", "flatcar", "reboot-required"],
        ["suse", "suse", "reboot-needed"],
        ["suse, transactional", "suse", "reboot-required"],
      ] as [string, string, string][],
      async (os, file) => {
        assert.equal(await stateWith({ os }), "not-needed");
        await writeFile(join(folder, file), "");
        assert.equal(await stateWith({ os }), "needed");
        await rm(join(folder, file));
      },
    ));

  it("is that of debian by default, with kured's path", () => {
    const { os, runPath } = parseSettings({ "node-id": "n1" }).need;
    assert.deepEqual([os, runPath], ["debian", "/var/run"]);
  });

  it("is needs-restarting -r with --os=rhel, untranslated", async () => {
    const line = '[ "$LC_ALL $1" = "C -r" ] && echo Reboot is required; exit 1';
    await host({ "needs-restarting": line });
    assert.equal(await stateWith({ os: "rhel" }), "needed");
  });

  it("is a command before a file, and a file before --os", async () => {
    await host({ "needs-restarting": "exit 0", check: "exit 1" });
    await writeFile(join(folder, "mine"), "");
    const file = { os: "rhel", "reboot-sentinel": join(folder, "mine") };
    assert.equal(await stateWith(file), "needed");
    assert.equal(await stateWith({ ...file, "reboot-sentinel-command": "check" }), "not-needed");
  });

  it("is that of the host's os-release with --os=auto", async () => {
    await host({ cat: `[ "$1" = /etc/os-release ] && echo ID=sles` });
    await writeFile(join(folder, "reboot-needed"), "");
    assert.equal(await stateWith({ os: "auto" }), "needed");
  });

  it("is dnf 5 with --os=rhel without dnf-utils", async () => {
    await host({ dnf5: '[ "$LC_ALL $*" = "C needs-restarting" ] && echo Reboot is required; exit 1' });
    assert.equal(await stateWith({ os: "rhel" }), "needed");
  });

  it("is rpm-ostree's pending deployment with --os=ostree", async () => {
    await host({ "rpm-ostree": '[ "$*" = "status --pending-exit-77" ] && exit 77' });
    assert.equal(await stateWith({ os: "ostree" }), "needed");
    await refuses(
      { os: "ostree", "reboot-sentinel-command": "", "run-path": "/", "need-command": "no-such" },
      /for --need-command: must be/,
    );
  });

  it("is read from the host's files with --os=auto where the host has no program that prints", async () => {
    await mkdir(join(folder, "root/usr/lib"), { recursive: true });
    await writeFile(join(folder, "root/usr/lib/os-release"), "NAME=Bottlerocket\nID=bottlerocket\n");
    await refuses({ os: "auto" }, /^invalid value "auto" for --os: .*, but Bottlerocket .*brupop/);
    await mkdir(join(folder, "root/etc"));
    await writeFile(join(folder, "root/etc/os-release"), "ID=flatcar\n");
    await writeFile(join(folder, "reboot-required"), "");
    assert.equal(await stateWith({ os: "auto" }), "needed");
  });

  it("has the word in the file of SUSE as its reason, else the file itself", async () => {
    const need = await choose({ os: "suse" });
    const reasonsWith = async (text: string) => {
      await writeFile(join(folder, "reboot-needed"), text);
      const found = await need.check(false, signal);
      return found.state === "needed" ? found.reasons : assert.fail(found.state);
    };
    for (const word of ["soft-reboot", "kexec", "reboot"])
      assert.deepEqual(await reasonsWith(`${word}\n`), [`reboot-needed: ${word}`]);
    for (const text of ["", "two words", "\x1b[2J", "x".repeat(100)])
      assert.deepEqual(await reasonsWith(text), [join(folder, "reboot-needed")], JSON.stringify(text));
  });

  it("tells of an update that is under way with --os=suse", async () => {
    const need = await choose({ os: "suse" });
    assert.equal(await need.updateUnderWay?.(signal), undefined);
    const file = join(folder, "transactional-update.pid");
    await writeFile(file, "4711\n");
    assert.equal((await need.updateUnderWay?.(signal))?.file, file);
    assert.equal((await choose({ os: "debian" })).updateUnderWay, undefined);
  });

  describe("with others beside it", () => {
    it("is a need if any of them has one, with the names of those that give no reason", async () => {
      await host({ check: `read code < ${folder}/code; exit $code`, "needs-restarting": "exit 0" });
      await writeFile(join(folder, "code"), "1\n");
      const need = await choose({
        os: "rhel",
        "need-file": [join(folder, "one"), join(folder, "two")],
        "need-command": "check --now",
        period: "1s",
      });
      const now = () => need.check(true, signal);
      assert.deepEqual(await now(), { state: "not-needed" });
      await writeFile(join(folder, "two"), "");
      assert.deepEqual(await now(), { state: "needed", source: "file", reasons: [join(folder, "two")] });
      await writeFile(join(folder, "code"), "0\n");
      assert.deepEqual(await now(), {
        state: "needed",
        source: "file",
        reasons: [join(folder, "two"), "check --now"],
      });
      await rm(join(folder, "two"));
      await writeFile(join(folder, "code"), "5\n");
      assert.equal((await now()).state, "unknown");
      await writeFile(join(folder, "one"), "");
      const { reasons } = (await now()) as { reasons: readonly string[] };
      assert.match(reasons.join("; "), /\/one; cannot tell: .*check --now ended with 5$/);
    });

    it("is refused with the name of the one that can never answer", async () => {
      await refuses(
        { "need-file": folder },
        /^invalid value "\/[^"]+" for --need-file: must be .* for example \/var\/run\/reboot-required, but .* is a folder$/,
      );
      await refuses(
        { "need-command": "no-such --now" },
        /^invalid value "no-such --now" for --need-command: must be .* for example '.*', but .*ended with 127/,
      );
    });
  });

  it("is either file on a transactional system with --os=auto", async () => {
    await host({ cat: "echo 'ID=opensuse-microos'; echo 'ID_LIKE=\"suse opensuse\"'" });
    const need = await choose({ os: "auto" });
    assert.deepEqual(await need.check(false, signal), { state: "not-needed" });
    for (const file of ["reboot-required", "reboot-needed"]) {
      await writeFile(join(folder, file), "");
      assert.equal((await need.check(false, signal)).state, "needed", file);
      await rm(join(folder, file));
    }
  });

  it("is the other file of suse if the first one is a folder", async () => {
    const need = await choose({ os: "suse" });
    await mkdir(join(folder, "reboot-required"));
    assert.equal((await need.check(false, signal)).state, "unknown");
    await writeFile(join(folder, "reboot-needed"), "");
    assert.equal((await need.check(false, signal)).state, "needed");
    await refuses({ os: "suse" }, /reboot-required is a folder$/);
  });

  describe("is rejected at the start", () => {
    it("with --os=auto if os-release is unknown or unreadable", async () => {
      await refuses(
        { os: "auto" },
        /^invalid value "auto" for --os: must be debian, ubuntu, .* or ostree on .*, but .*No such file/,
      );
      await host({ cat: "echo ID=talos" });
      await refuses({ os: "auto" }, /^invalid value "auto" for --os: .*Talos .*use talosctl upgrade/);
    });

    it("with --os=talos and others that another tool reboots, whatever the host is", async () => {
      await refuses(
        { os: "talos" },
        /^invalid value "talos" for --os: must be debian, .*, but Talos .*: use talosctl/,
      );
      await refuses({ os: "bottlerocket" }, /^invalid value "bottlerocket" for --os: .*brupop/);
      await refuses({ os: "rhcos" }, /Machine Config Operator/);
      await refuses({ os: "cos" }, /GKE/);
    });

    it("with --os=rhel without dnf-utils", async () => {
      await refuses(
        { os: "rhel" },
        /^invalid value "rhel" for --os: .* for example after dnf install dnf-utils, but .*needs-restarting -r ended with 127.*; .*dnf5 needs-restarting ended.*; .*dnf needs-restarting -r ended/,
      );
    });

    it("if the file is a folder, or below a file", async () => {
      await mkdir(join(folder, "reboot-required"));
      await writeFile(join(folder, "file"), "");
      await refuses(
        {},
        /^invalid value "\/[^"]+" for --run-path: must be .* for example \/var\/run, but .*reboot-required is a folder$/,
      );
      await refuses(
        { "reboot-sentinel": join(folder, "file/sentinel") },
        /^invalid value "\/[^"]+" for --reboot-sentinel: must be .* for example \/var\/run\/reboot-required, but ENOTDIR/,
      );
    });

    it("with a long value cut in the message", async () => {
      await writeFile(join(folder, "file"), "");
      const sentinel = join(folder, "file", "long".repeat(100));
      await refuses(
        { "reboot-sentinel": sentinel },
        /^invalid value "\/.{79}…" for --reboot-sentinel: must be /,
      );
    });

    it("if the command cannot be run, but not if it fails", async () => {
      const refused = (command: string, why: RegExp) =>
        refuses(
          { "reboot-sentinel-command": command },
          new RegExp(
            `^invalid value .* for --reboot-sentinel-command: .* for example .*, but .*${why.source}`,
          ),
        );
      await host({
        "needs-it": "no-such-program",
        fails: "exit 2",
        enters: "echo nsenter: cannot >&2; exit 1",
      });
      await refused("no-such --now", /ended with 127/);
      await refused("needs-it", /ended with 127.*no-such-program/);
      await refused("enters", /ended with 1: nsenter: cannot/);
      assert.equal(await stateWith({ "reboot-sentinel-command": "fails" }), "unknown");
    });
  });
});
