import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../daemon/time/clock.ts";
import { nodeFlags } from "../world/image.ts";
import { daemonUserOn } from "../world/manifests.ts";
import { bundle, bundleParts, type MachineCluster, startMachineCluster } from "./machine-cluster.ts";

/**
 * Machines with a systemd of their own, each with the bundled daemon as a service of it, and a cluster for them. The daemon
 * has the rights of the pod in manifests/base: root without any capability, and nothing to write to.
 */

const names = ["m1", "m2", "m3"];

let cluster: MachineCluster;

const service = (args: readonly string[]) => `[Unit]
After=dbus.service

[Service]
ExecStart=/usr/local/bin/node ${nodeFlags.join(" ")} /usr/local/lib/rebootd.mjs run ${args.join(" ")}
EnvironmentFile=/etc/rebootd/environment
Restart=on-failure
RestartSec=1s
CapabilityBoundingSet=
NoNewPrivileges=yes
ProtectSystem=strict

[Install]
WantedBy=multi-user.target
`;

async function startNode(name: string): Promise<void> {
  const kubeconfig = await cluster.server.kubeconfigFor(daemonUserOn(name));
  const files = {
    "/usr/local/bin/node": process.execPath,
    "/usr/local/lib/rebootd.mjs": bundle,
    "/usr/local/lib/rebootd": bundleParts,
  };
  const { root } = await cluster.startNode(name, files);
  const args = [
    `--node-id=${name}`,
    "--kubeconfig=/etc/rebootd/kubeconfig",
    "--enter-host=false",
    "--metrics-host=127.0.0.1",
    "--metrics-port=0",
    "--ready-settle=500ms",
  ];
  mkdirSync(join(root, "etc/rebootd"));
  writeFileSync(join(root, "etc/rebootd/kubeconfig"), kubeconfig);
  writeFileSync(join(root, "etc/systemd/system/rebootd.service"), service(args));
}

/** The daemons with these options, given as in a pod: by the environment. */
async function useOptions(name: string, options: Record<string, string>): Promise<void> {
  const { root, exec } = cluster.machine(name);
  const lines = Object.entries(options).map(([key, value]) => `REBOOTD_${key}="${value}"\n`);
  writeFileSync(join(root, "etc/rebootd/environment"), lines.join(""));
  await exec("systemctl", "daemon-reload");
  await exec("systemctl", "enable", "--quiet", "rebootd");
  await exec("systemctl", "restart", "rebootd");
}

/** logind's policy is read before it, so that this rule wins. */
const policyWithoutReboot = `<busconfig>
  <policy user="root">
    <deny send_interface="org.freedesktop.login1.Manager" send_member="Reboot"/>
  </policy>
</busconfig>
`;

const boots = () => names.map((name) => cluster.bootIDs(name).length);

/** How many nodes were cordoned at a time at most, until all have rebooted once more and are as before. */
async function rollAll(): Promise<number> {
  const before = boots();
  let most = 0;
  await cluster.eventually(
    "all have rebooted and are given back",
    async () => {
      const nodes = await cluster.listNodes();
      const cordoned = nodes.filter(({ spec }) => spec?.unschedulable === true).length;
      most = Math.max(most, cordoned);
      const areBack = boots().every((count, index) => count === (before[index] ?? 0) + 1);
      const phases = await Promise.all(names.map(async (name) => (await cluster.recordOf(name))?.phase));
      return cordoned === 0 && areBack && phases.every((phase) => phase === "Idle");
    },
    50,
  );
  return most;
}

/** Of the boot before, with the packages; and of logind, which is not asked by the other methods. */
async function saysWhy(name: string, method: string): Promise<void> {
  const [line = "", ...more] = await cluster.noticesBefore(name, "rebootd");
  assert.deepEqual(more, []);
  assert.match(
    line,
    new RegExp(`^rebooting node ${name}: packages linux-image-6.1, ${method}; cycle since 20[-\\dT:]+Z$`),
  );
  const told = await cluster.noticesBefore(name, "systemd-logind");
  assert.equal(
    told.includes(`System is rebooting (rebootd: ${line}).`),
    method === "logind",
    told.join("\n"),
  );
}

describe("Real machines", () => {
  before(async () => {
    cluster = await startMachineCluster();
    for (const name of names) await startNode(name);
  });
  after(() => cluster?.stop());

  for (const method of ["logind", "signal", "command"]) {
    it(`reboot one at a time, each once, by ${method}`, async () => {
      for (const name of names) await useOptions(name, { REBOOT_METHOD: method });
      const before = boots();
      await Promise.all(names.map((name) => cluster.wantReboot(name, ["linux-image-6.1", method])));
      assert.equal(await rollAll(), 1);
      for (const name of names) await saysWhy(name, method);
      assert.deepEqual(
        boots(),
        before.map((count) => count + 1),
      );
      const all = names.flatMap((name) => cluster.bootIDs(name));
      assert.equal(new Set(all).size, all.length, "each boot has an ID of its own");
    });
  }

  it("wait while somebody holds shutdowns back, say who, and reboot then", async () => {
    const { exec } = cluster.machine("m1");
    const { eventually, recordOf, bootIDs } = cluster;
    await useOptions("m1", { REBOOT_METHOD: "logind", INHIBITORS: "wait" });
    const before = bootIDs("m1").length;
    const inhibit = [
      "systemd-inhibit",
      "--what=shutdown",
      "--who=fwupd",
      "--why=Flashing it",
      "sleep",
      "infinity",
    ];
    await exec("systemd-run", "--quiet", "--unit=flash", ...inhibit);
    await systemClock.sleep(500, cluster.signal);
    await cluster.wantReboot("m1");
    const says = "shutdowns are blocked by fwupd (Flashing it)";
    const reasons = async () => (await recordOf("m1"))?.reasons.map(({ message }) => message) ?? [];
    await eventually("it says who", async () => (await reasons()).includes(says));
    assert.equal(bootIDs("m1").length, before);
    await exec("systemctl", "stop", "flash");
    // A closed gate is asked again after a minute; a daemon that starts asks at once.
    await exec("systemctl", "restart", "rebootd");
    await eventually("it has rebooted", async () => bootIDs("m1").length === before + 1);
    await eventually("it is given back", async () => (await recordOf("m1"))?.phase === "Idle");
  });

  it("do not begin with a way to reboot that they have no right to", async () => {
    const drop = "[Service]\nUser=nobody\n";
    const folder = join(cluster.machine("m2").root, "etc/systemd/system/rebootd.service.d");
    mkdirSync(folder);
    writeFileSync(join(folder, "rights.conf"), drop);
    await useOptions("m2", { REBOOT_METHOD: "signal" });
    const says = /"signal" for REBOOTD_REBOOT_METHOD.*process 1/;
    await cluster.eventually("it says so", async () => says.test(await cluster.logOf("m2")));
    await cluster.wantReboot("m2");
    await systemClock.sleep(2000, cluster.signal);
    assert.equal((await cluster.nodeOf("m2")).spec?.unschedulable, undefined);
  });

  it("fail with a clear message, and give the node back, where the right is lost after the start", async () => {
    const { machine, eventually, nodeOf, recordOf, bootIDs } = cluster;
    await useOptions("m3", { REBOOT_METHOD: "logind" });
    const logNow = async () => (await cluster.logOf("m3")).split(/^Started rebootd/m).at(-1) ?? "";
    await eventually("it has begun", async () => /rebootMethod/.test(await logNow()));
    const before = bootIDs("m3").length;
    writeFileSync(join(machine("m3").root, "etc/dbus-1/system.d/deny.conf"), policyWithoutReboot);
    const bus = ["org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"];
    await machine("m3").exec("busctl", "call", ...bus, "ReloadConfig");
    const mayAsk = ["org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"];
    assert.match(await machine("m3").exec("busctl", "call", ...mayAsk, "CanReboot"), /yes/);

    await cluster.wantReboot("m3");
    await eventually("it has failed", async () => (await recordOf("m3"))?.phase === "Failed");
    const { message } = (await recordOf("m3"))?.outcome ?? {};
    assert.match(
      `${message}`,
      /^asking logind to reboot: Reboot: org\.freedesktop\.DBus\.Error\.AccessDenied/,
    );
    assert.match(await logNow(), /event="DrainStarted"/);
    assert.equal((await nodeOf("m3")).spec?.unschedulable, undefined);
    assert.equal(bootIDs("m3").length, before);
  });
});
