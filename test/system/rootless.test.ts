import assert from "node:assert/strict";
import { execInPod, readPod, restartPod, startPodNode, statusOf } from "./container.ts";
import { installHostFiles } from "./host-files.ts";
import type { Machine } from "./machine.ts";
import { type MachineCluster, startMachineCluster } from "./machine-cluster.ts";

const logind = ["org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"];
const systemd = ["org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"];

/** What the node's root may have D-Bus do. */
const deeds: Record<string, string[]> = {
  "power it off": [...logind, "PowerOff", "b", "false"],
  "halt it": [...logind, "Halt", "b", "false"],
  "power it off later": [...logind, "ScheduleShutdown", "st", "poweroff", "18446744073709551615"],
  "hold shutdowns back": [...logind, "Inhibit", "ssss", "shutdown", "me", "why", "block"],
  "change whose services go on after a log-out": [
    ...logind,
    "SetUserLinger",
    "ubb",
    "1000",
    "false",
    "false",
  ],
  "end somebody's session": [...logind, "TerminateUser", "u", "1000"],
  "stop a unit": [...systemd, "StopUnit", "ss", "systemd-tmpfiles-clean.timer", "replace"],
  "start one": [...systemd, "StartUnit", "ss", "systemd-tmpfiles-clean.service", "replace"],
  "start a program": [
    ...[...systemd, "StartTransientUnit", "ssa(sv)a(sa(sv))", "mine.service", "replace", "1"],
    ...["ExecStart", "a(sasb)", "1", "/bin/true", "1", "/bin/true", "false", "0"],
  ],
  "reboot it past logind": [...systemd, "Reboot"],
};

describe("The component rootless on a real machine", () => {
  let cluster: MachineCluster;
  let machine: Machine;

  before(async () => {
    cluster = await startMachineCluster();
    machine = await startPodNode(cluster, "m1", ["/usr/bin/busctl"]);
    await machine.exec("useradd", "--uid", "1000", "anna");
    await machine.exec("loginctl", "enable-linger", "anna");
  });
  after(() => cluster?.stop());

  const restart = (says: RegExp, components = ["rootless"]) =>
    restartPod(cluster, "m1", readPod(components), says);
  const call = (...argv: string[]) => execInPod(machine, "/usr/bin/busctl", "call", ...argv);

  it("ends with a clear message where the node has neither its user nor its rule", async () => {
    await restart(
      /"logind" for REBOOTD_REBOOT_METHOD.*logind: D-Bus at .*: see manifests\/components\/rootless[\s\S]*status=2/,
    );
  });

  it("ends with a clear message where the node has its user, and not its rule", async () => {
    await installHostFiles(machine, "rootless");
    await machine.exec("mv", "/etc/polkit-1/rules.d/10-rebootd.rules", "/root");
    await restart(
      /"logind" for REBOOTD_REBOOT_METHOD.*answer to CanReboot is "(challenge|no)"; user 473 .*rootless[\s\S]*status=2/,
    );
    await machine.exec("mv", "/root/10-rebootd.rules", "/etc/polkit-1/rules.d");
  });

  it("runs as a user of its own, with no group of root's and no capability", async () => {
    await restart(/Idle: no reboot is needed/);
    const { Uid, Gid, Groups, CapEff, CapBnd, NoNewPrivs } = await statusOf(machine);
    assert.deepEqual([Uid, Gid], ["473\t473\t473\t473", "473\t473\t473\t473"]);
    assert.doesNotMatch(`${Groups}`, /\d/);
    assert.deepEqual([CapEff, CapBnd, NoNewPrivs], ["0".repeat(16), "0".repeat(16), "1"]);
    assert.equal(await machine.exec("id", "-u", "rebootd"), "473");
  });

  for (const [deed, argv] of Object.entries(deeds)) {
    it(`cannot ${deed}`, async () => {
      const { boots } = machine;
      await assert.rejects(call(...argv), /Access denied|Permission denied|authentication required/i);
      assert.equal(await machine.exec("sh", "-c", "systemctl is-system-running || true").then(Boolean), true);
      assert.equal(machine.boots, boots);
    });
  }

  it("can have a text of its own shown at the reboot, which polkit implies with the right to reboot", async () => {
    await call(...logind, "SetWallMessage", "sb", "down for a moment", "true");
  });

  it("starts while somebody holds shutdowns back, which logind then heeds", async () => {
    const inhibit = ["systemd-inhibit", "--what=shutdown", "--mode=block", "sleep", "infinity"];
    await machine.exec("systemd-run", "--quiet", "--unit=flash", ...inhibit);
    await restart(/Idle: no reboot is needed/);
    await assert.rejects(call(...logind, "Reboot", "b", "false"), /denied|authentication required/i);
    await machine.exec("systemctl", "stop", "flash");
    assert.equal(machine.boots, 1);
  });

  it("reboots the machine by logind also while somebody is logged in, and gives the node back", async () => {
    const { bootIDs, eventually, nodeOf, recordOf } = cluster;
    const session = ["-p", "PAMName=login", "-p", "User=anna", "-p", "Environment=XDG_SESSION_CLASS=user"];
    await machine.exec("systemd-run", "--quiet", "--unit=visit", ...session, "sleep", "infinity");
    await eventually("anna is logged in", async () =>
      /anna/.test(await machine.exec("loginctl", "list-sessions", "--no-legend")),
    );
    await cluster.wantReboot("m1", ["libc6"]);
    await eventually("it has rebooted", async () => bootIDs("m1").length === 2);
    await eventually("it is given back", async () => (await recordOf("m1"))?.phase === "Idle");
    const [line = ""] = await cluster.noticesBefore("m1", "rebootd");
    assert.match(line, /^rebooting node m1: packages libc6; cycle since /);
    const told = await cluster.noticesBefore("m1", "systemd-logind");
    assert.ok(told.includes(`System is rebooting (rebootd: ${line}).`), told.join("\n"));
    assert.equal((await nodeOf("m1")).spec?.unschedulable, undefined);
  });

  it("reboots it with the components mirror and seccomp too", async () => {
    await installHostFiles(machine, "mirror");
    await restart(/Idle: no reboot is needed/, ["rootless", "mirror", "seccomp"]);
    await cluster.wantReboot("m1", ["libc6"]);
    await cluster.eventually("it has rebooted", async () => cluster.bootIDs("m1").length === 3);
    await cluster.eventually(
      "it is given back",
      async () => (await cluster.recordOf("m1"))?.phase === "Idle",
    );
    // The journal's socket is not in the mirror, but logind's is elsewhere.
    assert.deepEqual(await cluster.noticesBefore("m1", "rebootd"), [""]);
    const told = (await cluster.noticesBefore("m1", "systemd-logind")).join("\n");
    assert.match(told, /System is rebooting \(rebootd: rebooting node m1: packages libc6; cycle since /);
    assert.doesNotMatch(await cluster.logOf("m1", 100), /announcing the reboot/);
  });
});

describe("The pod of manifests/base, beside it", () => {
  let cluster: MachineCluster;
  before(async () => {
    cluster = await startMachineCluster();
    await startPodNode(cluster, "m1", ["/usr/bin/busctl"]);
  });
  after(() => cluster?.stop());

  it("may have D-Bus do whatever root may", async () => {
    await restartPod(cluster, "m1", readPod(), /Idle: no reboot is needed/);
    const machine = cluster.machine("m1");
    for (const deed of ["stop a unit", "start one", "start a program", "hold shutdowns back"]) {
      await execInPod(machine, "/usr/bin/busctl", "call", ...(deeds[deed] ?? []));
    }
  });
});
