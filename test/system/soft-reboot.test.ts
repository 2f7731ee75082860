import assert from "node:assert/strict";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createUserspaceReader } from "../../daemon/host/userspace.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { nodeFlags } from "../world/image.ts";
import { daemonUserOn } from "../world/manifests.ts";
import { startMachine } from "./machine.ts";
import { bundle, bundleParts, type MachineCluster, startMachineCluster } from "./machine-cluster.ts";

/**
 * Soft reboots of a real systemd: processes are replaced, the boot ID stays, and systemd counts. The bundled daemon is a
 * service of the machine and asks it for them.
 */

const { signal } = new AbortController();
const monotonicMs = () => Number(process.hrtime.bigint() / 1_000_000n);

let cluster: MachineCluster;

const service = (args: readonly string[]) => `[Unit]
After=dbus.service

[Service]
ExecStart=/usr/local/bin/node ${nodeFlags.join(" ")} /usr/local/lib/rebootd.mjs run ${args.join(" ")}
CapabilityBoundingSet=
NoNewPrivileges=yes
ProtectSystem=strict

[Install]
WantedBy=multi-user.target
`;

/** As docs/guide/reboot.md has it. */
const clearsSentinel = "r! /run/reboot-required\nr! /run/reboot-required.pkgs\n";

async function startNode(name: string): Promise<void> {
  const { root } = await cluster.startNode(name, {}, "trixie");
  // Copies, as a soft reboot unmounts what is mounted there.
  for (const [inside, file] of [
    ["usr/local/bin/node", process.execPath],
    ["usr/local/lib/rebootd.mjs", bundle],
    ["usr/local/lib/rebootd", bundleParts],
  ] as const)
    cpSync(file, join(root, inside), { recursive: true });
  mkdirSync(join(root, "etc/rebootd"));
  writeFileSync(join(root, "etc/rebootd/kubeconfig"), await cluster.server.kubeconfigFor(daemonUserOn(name)));
  writeFileSync(join(root, "etc/tmpfiles.d/reboot-required.conf"), clearsSentinel);
}

/** The daemon starts with these options, and has looked. */
async function useOptions(name: string, ...options: string[]): Promise<void> {
  const { root, exec } = cluster.machine(name);
  const args = [
    `--node-id=${name}`,
    "--kubeconfig=/etc/rebootd/kubeconfig",
    "--enter-host=false",
    "--metrics-host=127.0.0.1",
    "--metrics-port=0",
    "--ready-settle=500ms",
    "--reboot-kind=soft",
    ...options,
  ];
  writeFileSync(join(root, "etc/systemd/system/rebootd.service"), service(args));
  await exec("systemctl", "daemon-reload");
  await exec("systemctl", "enable", "--quiet", "rebootd");
  await exec("systemctl", "restart", "rebootd");
}

async function reboots(name: string): Promise<string> {
  const { eventually, recordOf } = cluster;
  const before = (await recordOf(name))?.history?.cycles.rebooted ?? 0;
  await cluster.wantReboot(name, ["libc6"]);
  await eventually(`${name} has rebooted and is back`, async () => {
    const record = await recordOf(name);
    return record?.phase === "Idle" && (record.history?.cycles.rebooted ?? 0) > before;
  });
  assert.equal((await cluster.nodeOf(name)).spec?.unschedulable, undefined);
  return (await recordOf(name))?.outcome?.message ?? "";
}

describe("A systemd that counts soft reboots", () => {
  before(async () => {
    cluster = await startMachineCluster();
    await startNode("m1");
  });
  after(() => cluster?.stop());

  const softRebooted = "soft-rebooted, Ready and uncordoned";
  const count = () => createUserspaceReader(cluster.machine("m1").dbusSocket, systemClock, monotonicMs);

  for (const [number, method] of ["logind", "signal", "command"].entries()) {
    it(`soft-reboots by ${method} under the same boot ID, which the count proves`, async () => {
      const machine = cluster.machine("m1");
      const bootID = await machine.bootID();
      const before = await machine.userspaceID();
      await useOptions("m1", `--reboot-method=${method}`);
      assert.equal(await reboots("m1"), softRebooted);
      assert.deepEqual([machine.boots, await machine.bootID()], [1, bootID]);
      assert.notEqual(await machine.userspaceID(), before);
      assert.equal(await machine.exec("systemctl", "show", "-P", "SoftRebootsCount"), `${number + 1}`);
      assert.equal((await cluster.recordOf("m1"))?.history?.softReboots, number + 1);
      const journal = ["--identifier=rebootd", "--priority=notice..notice", "--output=cat", "--no-pager"];
      const lines = (await machine.exec("journalctl", ...journal)).split("\n");
      assert.match(lines.at(-1) ?? "", /^soft-rebooting node m1: packages libc6; cycle since /);
    });
  }

  it("does so again where the machine itself clears nothing, and then reboots fully, as the need is still there", async () => {
    const machine = cluster.machine("m1");
    const bootID = await machine.bootID();
    await machine.exec("rm", "/etc/tmpfiles.d/reboot-required.conf");
    await useOptions("m1", "--reboot-method=logind");
    await cluster.wantReboot("m1", ["libc6"]);
    await cluster.eventually("it is down fully", async () => machine.boots === 2);
    await cluster.eventually("it is back", async () => (await cluster.recordOf("m1"))?.phase === "Idle");
    assert.notEqual(await machine.bootID(), bootID);
    const { outcome, history } = (await cluster.recordOf("m1")) ?? {};
    assert.equal(outcome?.message, "rebooted, Ready and uncordoned");
    assert.deepEqual([history?.softReboots, history?.cycles.rebooted], [4, 5]);
    assert.deepEqual(history?.last.map(({ kind }) => kind).slice(0, 2), [undefined, "soft"]);
  });

  it("says how many there were, and how long its userspace has run", async () => {
    const { softReboots, ageMs } = await count()(signal);
    assert.equal(softReboots, 0);
    assert.ok(ageMs > 0 && ageMs < 120_000, `${ageMs}`);
  });
});

describe("A systemd that does not count soft reboots", () => {
  it("is known by its answer", async () => {
    const machine = await startMachine("uncounted");
    try {
      const read = createUserspaceReader(machine.dbusSocket, systemClock, monotonicMs);
      await assert.rejects(read(signal), /systemd does not count soft reboots; version 256 or newer does/);
    } finally {
      await machine.stop();
    }
  });
});
