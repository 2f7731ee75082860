import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../daemon/clock.ts";
import type { Api } from "../../daemon/cluster/api.ts";
import type { List, Node } from "../../daemon/cluster/objects.ts";
import { parseRecord, recordAnnotation } from "../../daemon/cycle/record.ts";
import { kubeletDefaults, runKubelet } from "../cluster/machines/kubelet.ts";
import { nodeFlags } from "../cluster/machines/rebootd.ts";
import { daemonUser, installRights } from "../cluster/manifests.ts";
import { administrator, type SimulatedServer, startSimulatedServer } from "../cluster/server.ts";
import { type Machine, startMachine } from "./machine.ts";

/**
 * Machines with a systemd of their own, each with the bundled daemon as a service of it, and a cluster for them. The daemon
 * has the rights of the pod in manifests/base: root without any capability, and nothing to write to.
 */

const names = ["m1", "m2", "m3"];
const bundle = fileURLToPath(new URL("../../dist/rebootd.mjs", import.meta.url));
const ended = new AbortController();
const { signal } = ended;

let server: SimulatedServer;
let admin: Api;
const machines = new Map<string, Machine>();
/** Of each node, as its kubelet has reported them. */
const bootIDs = new Map<string, string[]>();

function machine(name: string): Machine {
  return machines.get(name) ?? assert.fail(`no machine ${name}`);
}

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

async function startNode(name: string, kubeconfig: string): Promise<void> {
  const files = { "/usr/local/bin/node": process.execPath, "/usr/local/lib/rebootd.mjs": bundle };
  const started = await startMachine(name, files);
  machines.set(name, started);
  const args = [
    `--node-id=${name}`,
    "--kubeconfig=/etc/rebootd/kubeconfig",
    "--enter-host=false",
    "--metrics-host=127.0.0.1",
    "--metrics-port=0",
    "--ready-settle=500ms",
  ];
  mkdirSync(join(started.root, "etc/rebootd"));
  writeFileSync(join(started.root, "etc/rebootd/kubeconfig"), kubeconfig);
  writeFileSync(join(started.root, "etc/systemd/system/rebootd.service"), service(args));
  bootIDs.set(name, []);
  void runKubelets(name, started);
}

/** One for each boot, as long as that lasts. */
async function runKubelets(name: string, { isUp, bootID }: Machine): Promise<void> {
  const number = names.indexOf(name) + 1;
  for (let boot = 1; !signal.aborted; boot += 1) {
    await isUp(boot);
    const id = await bootID();
    bootIDs.get(name)?.push(id);
    const over = new AbortController();
    const host = { name, number, machineID: name, bootID: id };
    const ports = { api: admin, clock: systemClock, random: Math.random, signal: over.signal };
    void runKubelet(ports, host, kubeletDefaults).catch(() => {});
    while (machine(name).boots === boot && !signal.aborted)
      await systemClock.sleep(50, signal).catch(() => {});
    over.abort();
  }
}

async function eventually(what: string, isSo: () => Promise<boolean>, seconds = 40): Promise<void> {
  const until = Date.now() + seconds * 1000;
  while (!(await isSo())) {
    if (Date.now() > until) assert.fail(`${what}: not within ${seconds} s\n${await logs()}`);
    await systemClock.sleep(100, signal);
  }
}

async function logs(): Promise<string> {
  const texts = names.map((name) =>
    machine(name).exec("journalctl", "-u", "rebootd", "-n", "8", "-o", "cat", "--no-pager").catch(String),
  );
  return (await Promise.all(texts)).join("\n---\n");
}

async function listNodes(): Promise<Node[]> {
  return (await admin.get<List<Node>>("/api/v1/nodes", { signal })).items;
}

async function recordOf(name: string) {
  const { metadata } = await admin.get<Node>(`/api/v1/nodes/${name}`, { signal });
  return parseRecord(metadata?.annotations?.[recordAnnotation]).record;
}

/** The daemons with these options, given as in a pod: by the environment. */
async function useOptions(name: string, options: Record<string, string>): Promise<void> {
  const lines = Object.entries(options).map(([key, value]) => `REBOOTD_${key}="${value}"\n`);
  writeFileSync(join(machine(name).root, "etc/rebootd/environment"), lines.join(""));
  await machine(name).exec("systemctl", "daemon-reload");
  await machine(name).exec("systemctl", "enable", "--quiet", "rebootd");
  await machine(name).exec("systemctl", "restart", "rebootd");
}

const wantReboot = (name: string) => machine(name).exec("touch", "/run/reboot-required");
const boots = () => names.map((name) => bootIDs.get(name)?.length ?? 0);

/** How many nodes were cordoned at a time at most, until all have rebooted once more and are as before. */
async function rollAll(): Promise<number> {
  const before = boots();
  let most = 0;
  await eventually(
    "all have rebooted and are given back",
    async () => {
      const nodes = await listNodes();
      const cordoned = nodes.filter(({ spec }) => spec?.unschedulable === true).length;
      most = Math.max(most, cordoned);
      const areBack = boots().every((count, index) => count === (before[index] ?? 0) + 1);
      const phases = await Promise.all(names.map(async (name) => (await recordOf(name))?.phase));
      return cordoned === 0 && areBack && phases.every((phase) => phase === "Idle");
    },
    50,
  );
  return most;
}

describe("Real machines", () => {
  before(async () => {
    server = await startSimulatedServer(systemClock);
    admin = server.apiFor(administrator);
    await installRights(server);
    const kubeconfig = await server.kubeconfigFor(daemonUser);
    for (const name of names) await startNode(name, kubeconfig);
    await eventually("all are nodes", async () => (await listNodes()).length === names.length);
  });
  after(async () => {
    ended.abort();
    for (const one of machines.values()) await one.stop();
    await server?.stop();
  });

  for (const method of ["logind", "signal", "command"]) {
    it(`reboot one at a time, each once, by ${method}`, async () => {
      for (const name of names) await useOptions(name, { REBOOT_METHOD: method });
      const before = boots();
      await Promise.all(names.map(wantReboot));
      assert.equal(await rollAll(), 1);
      assert.deepEqual(
        boots(),
        before.map((count) => count + 1),
      );
      const all = [...bootIDs.values()].flat();
      assert.equal(new Set(all).size, all.length, "each boot has an ID of its own");
    });
  }

  it("wait while somebody holds shutdowns back, say who, and reboot then", async () => {
    const { exec } = machine("m1");
    await useOptions("m1", { REBOOT_METHOD: "logind", INHIBITORS: "wait" });
    const before = bootIDs.get("m1")?.length ?? 0;
    const inhibit = [
      "systemd-inhibit",
      "--what=shutdown",
      "--who=fwupd",
      "--why=Flashing it",
      "sleep",
      "infinity",
    ];
    await exec("systemd-run", "--quiet", "--unit=flash", ...inhibit);
    await systemClock.sleep(500, signal);
    await wantReboot("m1");
    const says = "shutdowns are held back by fwupd (Flashing it)";
    const reasons = async () => (await recordOf("m1"))?.reasons.map(({ message }) => message) ?? [];
    await eventually("it says who", async () => (await reasons()).includes(says));
    assert.equal(bootIDs.get("m1")?.length, before);
    await exec("systemctl", "stop", "flash");
    // A closed gate is asked again after a minute; a daemon that starts asks at once.
    await exec("systemctl", "restart", "rebootd");
    await eventually("it has rebooted", async () => bootIDs.get("m1")?.length === before + 1);
    await eventually("it is given back", async () => (await recordOf("m1"))?.phase === "Idle");
  });

  it("do not begin with a way to reboot that they have no right to", async () => {
    const drop = "[Service]\nUser=nobody\n";
    const folder = join(machine("m2").root, "etc/systemd/system/rebootd.service.d");
    mkdirSync(folder);
    writeFileSync(join(folder, "rights.conf"), drop);
    await useOptions("m2", { REBOOT_METHOD: "signal" });
    const log = () =>
      machine("m2").exec("journalctl", "-u", "rebootd", "-n", "30", "-o", "cat", "--no-pager");
    await eventually("it says so", async () => /--reboot-method="?signal"?.*process 1/.test(await log()));
    await wantReboot("m2");
    await systemClock.sleep(2000, signal);
    const node = await admin.get<Node>("/api/v1/nodes/m2", { signal });
    assert.equal(node.spec?.unschedulable, undefined);
  });
});
