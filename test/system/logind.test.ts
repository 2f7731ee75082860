import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inhibitorsGate } from "../../daemon/gates/inhibitors.ts";
import { usersGate } from "../../daemon/gates/users.ts";
import { createLogind, type Logind } from "../../daemon/host/logind/logind.ts";
import { logindRebooter } from "../../daemon/host/reboot/logind.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { context } from "../gates/builders.ts";
import { type Machine, startMachine } from "./machine.ts";

const { signal } = new AbortController();
let machine: Machine;
let logind: Logind;

/** Goes on in the machine until its unit is stopped. */
async function hold(unit: string, mode: string): Promise<void> {
  const inhibit = [
    "systemd-inhibit",
    "--what=shutdown",
    `--mode=${mode}`,
    "--who=fwupd",
    "--why=Flashing it",
  ];
  await machine.exec("systemd-run", "--quiet", `--unit=${unit}`, ...inhibit, "sleep", "infinity");
  await eventually(async () => (await logind.listInhibitors(signal)).some((one) => one.mode === mode));
}

async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await isSo()) return;
    await systemClock.sleep(50, signal);
  }
  assert.fail("not within 5 s");
}

async function asked(): Promise<string> {
  const answer = await inhibitorsGate(logind, "auto").check(context(0), signal);
  return answer.open ? "open" : answer.message;
}

describe("logind of a real machine", () => {
  before(async () => {
    machine = await startMachine("logind");
    logind = createLogind(machine.dbusSocket, systemClock);
  });
  after(() => machine?.stop());

  it("tells of who holds shutdowns back, as long as it does", async () => {
    assert.equal(await asked(), "open");
    await hold("flash", "block");
    const [held] = await logind.listInhibitors(signal);
    const { pid, ...rest } = held ?? {};
    assert.deepEqual(rest, { what: "shutdown", who: "fwupd", why: "Flashing it", mode: "block", uid: 0 });
    assert.equal(await asked(), "shutdowns are blocked by fwupd (Flashing it)");
    await machine.exec("systemctl", "stop", "flash");
    await eventually(async () => (await asked()) === "open");
  });

  it("tells of a delay, which is waited for by logind itself", async () => {
    await hold("delay", "delay");
    assert.equal(await asked(), "open");
    await machine.exec("systemctl", "stop", "delay");
  });

  it("tells people who are logged in from timers that run as somebody", async () => {
    const gate = usersGate(logind, 1000);
    const login = async (unit: string, ...environment: string[]) => {
      const session = ["-p", "PAMName=login", "-p", "User=anna", ...environment];
      await machine.exec("systemd-run", "--quiet", `--unit=${unit}`, ...session, "sleep", "infinity");
    };
    await machine.exec("useradd", "anna");
    await login("timer");
    await eventually(async () => (await logind.listSessions(signal)).length === 1);
    assert.equal((await gate.check(context(0), signal)).open, true);
    await login("visit", "-p", "Environment=XDG_SESSION_CLASS=user XDG_SESSION_TYPE=tty");
    await eventually(async () => !(await gate.check(context(0), signal)).open);
    const answer = await gate.check(context(0), signal);
    assert.match(answer.open ? "open" : answer.message, /^logged in: anna; waits/);
    const classes = (await logind.listSessions(signal)).map((one) => one.class).sort();
    assert.deepEqual(classes, ["background", "user"]);
    await machine.exec("systemctl", "stop", "visit", "timer");
    await eventually(async () => (await gate.check(context(0), signal)).open);
  });

  it("shows to people on their terminals why it goes down", async () => {
    const { boots } = machine;
    const seen = join(machine.root, "root/seen");
    const terminal = ["script", "--quiet", "--flush", "--command", "sleep infinity", "/root/seen"];
    await machine.exec("systemd-run", "--quiet", "--unit=terminal", ...terminal);
    await eventually(async () => (await machine.exec("ls", "/dev/pts")).includes("0"));
    // As login does it: https://man7.org/linux/man-pages/man5/utmp.5.html
    const entry =
      'pack("s x2 i a32 a4 a32 a256 s2 i3 i4 a20", 7, $$, "pts/0", "p0", "anna", "", (0) x 9, "")';
    await machine.exec("perl", "-e", `open(F, ">>", "/run/utmp"); print F ${entry}`);
    const rebooter = logindRebooter(logind, { skipInhibitors: false });
    await rebooter.announce?.("rebooting node n1: packages libc6", signal);
    await rebooter.reboot(signal).catch(() => {}); // The machine may go down before its answer is out.
    await machine.isUp(boots + 1);
    assert.match(readFileSync(seen, "utf8"), /^rebootd: rebooting node n1: packages libc6\r?$/m);
  });

  it("is called systemd, by which --reboot-method=signal knows it", async () => {
    assert.equal(await machine.exec("cat", "/proc/1/comm"), "systemd");
  });

  for (const skipInhibitors of [false, true]) {
    it(`reboots it, which only the gate could stop${skipInhibitors ? ", and by a flag it may not know" : ""}`, async () => {
      const { boots } = machine;
      const before = await machine.bootID();
      const rebooter = logindRebooter(logind, { skipInhibitors });
      assert.equal(await rebooter.precheck(signal), undefined);
      await hold("flash", "block");
      // The machine may go down before its answer is out.
      await rebooter
        .reboot(signal)
        .catch((error: Error) => assert.equal(error.message, "the connection was closed"));
      await machine.isUp(boots + 1);
      assert.notEqual(await machine.bootID(), before);
      assert.equal(await asked(), "open");
    });
  }
});
