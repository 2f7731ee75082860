import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Exec } from "../../daemon/host/exec.ts";
import { lookForHostManagers } from "../../daemon/host/others/look.ts";
import { hostManagers } from "../../daemon/host/others/managers.ts";
import { activeUnits } from "../../daemon/host/others/units.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { type Machine, startMachine } from "./machine.ts";

const { signal } = new AbortController();
let machine: Machine;

/** In the machine, as nsenter would run it. */
const exec: Exec = async (argv) => ({ code: 0, output: await machine.exec(...argv) });

async function seen(): Promise<string[]> {
  const units = (names: readonly string[]) => activeUnits(machine.dbusSocket, names, systemClock, signal);
  return (await lookForHostManagers({ activeUnits: units, exec }, signal)).map(({ name }) => name);
}

/** Nothing is installed: a unit of that name that does nothing. */
async function startUnit(name: string): Promise<void> {
  const [stem = "", kind] = name.split(/\.(?=[a-z]+$)/);
  const timer = ["--on-calendar=2099-01-01", "true"];
  const command = kind === "timer" ? timer : ["sleep", "infinity"];
  await machine.exec("systemd-run", "--quiet", `--unit=${stem}`, ...command);
}

const stopUnit = (name: string) => machine.exec("systemctl", "stop", name);

/** In the order in which apt reads them. */
function writeApt(files: Record<string, string>): void {
  const folder = join(machine.root, "etc/apt/apt.conf.d");
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

describe("Other reboot managers of a real machine", () => {
  before(async () => {
    machine = await startMachine("others");
  });
  after(() => machine?.stop());

  it("are none where none runs", async () => {
    assert.deepEqual(await seen(), []);
  });

  for (const { name, units, setting } of hostManagers) {
    if (setting !== undefined) continue;
    it(`are ${name} while its unit is active`, async () => {
      const [unit = ""] = units;
      await startUnit(unit);
      assert.deepEqual(await seen(), [name]);
      await stopUnit(unit);
      assert.deepEqual(await seen(), []);
    });
  }

  it("are unattended-upgrades as apt reads its configuration", async () => {
    const on = 'APT::Periodic::Unattended-Upgrade "1";\n';
    const reboot = (value: string) => `Unattended-Upgrade::Automatic-Reboot "${value}";\n`;
    await machine.exec("systemctl", "start", "apt-daily-upgrade.timer");
    writeApt({ "20auto-upgrades": on, "50unattended-upgrades": `// ${reboot("true")}` });
    assert.deepEqual(await seen(), [], "there is no such program");
    writeFileSync(join(machine.root, "usr/bin/unattended-upgrade"), "#!/bin/sh\n", { mode: 0o755 });
    assert.deepEqual(await seen(), [], "a comment counts as nothing");
    writeApt({ "50unattended-upgrades": reboot("true") });
    assert.deepEqual(await seen(), ["unattended-upgrades"]);
    writeApt({ "99local": reboot("false") });
    assert.deepEqual(await seen(), [], "a later file counts");
    writeApt({ "99local": reboot("yes") });
    assert.deepEqual(await seen(), ["unattended-upgrades"], "another word for true");
    await stopUnit("apt-daily-upgrade.timer");
    assert.deepEqual(await seen(), [], "nothing starts it");
  });

  it("are dnf-automatic as its configuration says", async () => {
    await startUnit("dnf-automatic.timer");
    const folder = join(machine.root, "etc/dnf");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "automatic.conf"), "[commands]\n# reboot = when-needed\nreboot = never\n");
    assert.deepEqual(await seen(), []);
    writeFileSync(join(folder, "automatic.conf"), "[commands]\nreboot = when-needed\n");
    assert.deepEqual(await seen(), ["dnf-automatic"]);
    await stopUnit("dnf-automatic.timer");
  });
});
