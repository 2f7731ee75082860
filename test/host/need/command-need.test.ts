import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sinon from "sinon";
import { type Argv, createExec, type Exec } from "../../../daemon/host/exec.ts";
import {
  type CommandPorts,
  commandNeed,
  type Meaning,
  sentinelCommand,
} from "../../../daemon/host/need/command-need.ts";
import { presets } from "../../../daemon/host/need/presets.ts";
import { systemClock } from "../../../daemon/time/clock.ts";
import { everyRow } from "../../rows.ts";
import { printed } from "./restarting.ts";

const { signal } = new AbortController();
const shell = (script: string): Argv => ["/bin/sh", "-c", script];
const ports: CommandPorts = {
  exec: createExec(systemClock),
  onHost: (argv) => argv,
  clock: systemClock,
  ageMaxMs: 0,
};

describe("The need by a command", () => {
  type Row = [script: string, state: string, why?: RegExp];
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebootd-command-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const needOf = (argv: Argv, changes: Partial<CommandPorts> = {}) =>
    commandNeed([argv], sentinelCommand, { ...ports, ...changes });
  const ask = (script: string, meaning: Meaning = sentinelCommand) =>
    commandNeed([shell(script)], meaning, ports).check(true, signal);

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
  it("of Red Hat is read as its programs print it", () =>
    everyRow(
      printed.map((one) => [one.name, one] as const),
      async ({ code, text, means }) => {
        const exec: Exec = async () => ({ code, output: text });
        const source = commandNeed(presets.rhel.asks.commands, meaning, { ...ports, exec });
        const need = await source.check(true, signal);
        const isAbsent = (await source.precheck(signal)) !== undefined;
        const shown =
          need.state === "needed" ? need.reasons : need.state === "not-needed" ? "no" : need.state;
        assert.deepEqual(isAbsent ? "absent" : shown, means);
      },
    ));

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
    const precheck = (...argv: [string, ...string[]]) => needOf(argv).precheck(signal);
    const sentinel = join(folder, "no-program");
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
    const slow = needOf(["/bin/sleep", "60"], { exec: createExec(hurried) });
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
    const need = needOf(["check"], { exec: told as unknown as Exec, clock, ageMaxMs: 5000 });
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
    const need = needOf(["check"], { exec: counted as unknown as Exec, clock, ageMaxMs: 1000 });
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

  describe("of several commands", () => {
    const absent: Meaning = { ...sentinelCommand, absent: /^No such command/ };
    const precheckOf = (...scripts: [string, ...string[]]) => {
      const [first, ...more] = scripts;
      return commandNeed([shell(first), ...more.map(shell)], absent, ports);
    };

    it("is that of the first one that the host has", async () => {
      const missing = "exec /no/such/program";
      const rows: [name: string, scripts: [string, ...string[]], state: string][] = [
        ["the first", ["exit 0", "exit 1"], "needed"],
        ["the second, without the first", [missing, "exit 0"], "needed"],
        [
          "the third, without the plugin of the second",
          [missing, "echo No such command: x; exit 4", "exit 2"],
          "unknown",
        ],
        ["the second, which has a no", ["echo No such command: x; exit 3", "exit 1"], "not-needed"],
        ["the first, which has a no and says odd things", ["echo No such command: x; exit 1"], "not-needed"],
        ["the first, which fails", ["exit 5", "exit 0"], "unknown"],
      ];
      await everyRow(rows, async (scripts, state) => {
        const need = precheckOf(...scripts);
        assert.equal((await need.check(true, signal)).state, state);
        assert.equal(await need.precheck(signal), undefined);
      });
    });

    it("fails the precheck where the host has none of them, and says so of each", async () => {
      const why = await precheckOf("exec /no/such/program", "echo No such command: x; exit 4").precheck(
        signal,
      );
      assert.match(why ?? "", /ended with 127: .*; .* ended with 4: No such command: x$/);
    });

    it("does not go on where it may not enter the host", async () => {
      const why = await precheckOf("echo nsenter: cannot >&2; exit 1", "exit 0").precheck(signal);
      assert.match(why ?? "", /ended with 1: nsenter: cannot$/);
    });
  });
});
