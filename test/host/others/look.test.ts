import assert from "node:assert/strict";
import type { Exec } from "../../../daemon/host/exec.ts";
import { lookForHostManagers } from "../../../daemon/host/others/look.ts";
import { hostManagers } from "../../../daemon/host/others/managers.ts";
import { everyRow } from "../../rows.ts";

const { signal } = new AbortController();

/** `units`: the active ones, or undefined where systemd cannot be asked. `output`: by the program in the command. */
async function seen(units: readonly string[] | undefined, output?: Record<string, string>) {
  const exec: Exec = async (argv) => {
    const [, text] = Object.entries(output ?? {}).find(([word]) => argv.join(" ").includes(word)) ?? [];
    if (text === undefined) throw new Error("running /usr/bin/nsenter: no such file");
    return { code: 0, output: text };
  };
  const activeUnits = async () => {
    if (units === undefined) throw new Error("no D-Bus socket at /run/dbus/system_bus_socket");
    return new Set(units);
  };
  const found = await lookForHostManagers({ activeUnits, exec: output && exec }, signal);
  return found.map(({ name }) => name).join(", ");
}

const apt = "apt-daily-upgrade.timer";
const dnf = "dnf-automatic.timer";
const reboots = "RUN='1'\nREBOOT='true'";

describe("Other reboot managers of the machine", () => {
  it("are seen by their active unit", async () => {
    for (const { name, units, setting } of hostManagers) {
      if (setting !== undefined) continue;
      for (const unit of units) assert.equal(await seen([unit]), name);
    }
  });

  it("are none where none of their units is active, or systemd cannot be asked", async () => {
    assert.equal(await seen([]), "");
    assert.equal(await seen(undefined), "");
    assert.equal(await seen(["ssh.service"], {}), "");
  });

  const aptRows: [what: string, output: string, name: string][] = [
    ["automatic reboots", reboots, "unattended-upgrades"],
    ["a period of some days", "RUN='7'\nREBOOT='true'", "unattended-upgrades"],
    ["periodic work that is on", "ENABLE='1'\nRUN='1'\nREBOOT='true'", "unattended-upgrades"],
    ["no automatic reboots", "RUN='1'\nREBOOT='false'", ""],
    ["nothing about reboots, as by default", "RUN='1'\nREBOOT=''", ""],
    ["upgrades that are off", "RUN='0'\nREBOOT='true'", ""],
    ["upgrades that nobody has turned on", "REBOOT='true'", ""],
    ["all periodic work off", "ENABLE='0'\nRUN='1'\nREBOOT='true'", ""],
    ["no package", "", ""],
  ];
  it("include unattended-upgrades if apt says so", () =>
    everyRow(aptRows, async (output, name) =>
      assert.equal(await seen([apt], { "apt-config": output }), name),
    ));

  const dnfRows: [what: string, output: string, name: string][] = [
    ["when needed", "[commands]\nreboot = when-needed\n", "dnf-automatic"],
    ["when anything has changed", "reboot=when-changed", "dnf-automatic"],
    ["never", "reboot = never", ""],
    ["a comment", "# reboot = when-needed\n; reboot = when-needed", ""],
    ["the file of dnf 5 after that of dnf 4", "reboot = when-needed\nreboot = never\n", ""],
    ["another option", "reboot_command = reboot when-needed\nupgrade_type = security", ""],
    ["no file", "", ""],
  ];
  it("include dnf-automatic if its configuration says so", () =>
    everyRow(dnfRows, async (output, name) =>
      assert.equal(await seen([dnf], { "automatic.conf": output }), name),
    ));

  it("do not include one whose timer is not active, whatever its configuration says", async () => {
    assert.equal(await seen([dnf], { "apt-config": reboots }), "");
  });

  it("are seen by their configuration alone where systemd cannot be asked", async () => {
    assert.equal(await seen(undefined, { "apt-config": reboots }), "unattended-upgrades");
  });

  it("are not guessed where no command of the host may be run, or it fails", async () => {
    assert.equal(await seen([apt]), "");
    assert.equal(await seen([apt], {}), "");
  });
});
