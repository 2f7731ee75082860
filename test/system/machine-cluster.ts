import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { contract } from "../../daemon/annotations/names.ts";
import type { Api } from "../../daemon/cluster/api.ts";
import type { WholeNode } from "../../daemon/cluster/objects.ts";
import { type CycleRecord, parseRecord } from "../../daemon/cycle/record.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { kubeletDefaults, runKubelet } from "../kubernetes/machines/kubelet.ts";
import { administrator, type SimulatedServer, startSimulatedServer } from "../kubernetes/server.ts";
import { installRights } from "../world/manifests.ts";
import { type Machine, type Release, startMachine } from "./machine.ts";

/** A simulated cluster whose nodes are machines with a systemd of their own. */
export interface MachineCluster {
  server: SimulatedServer;
  admin: Api;
  /** Aborted by stop(). */
  signal: AbortSignal;
  /** Resolves once it is registered. `files` and `release` as for {@link startMachine}. */
  startNode(name: string, files?: Record<string, string>, release?: Release): Promise<Machine>;
  machine(name: string): Machine;
  /** One for each boot, as its kubelet has reported them. */
  bootIDs(name: string): readonly string[];
  listNodes(): Promise<WholeNode[]>;
  nodeOf(name: string): Promise<WholeNode>;
  recordOf(name: string): Promise<CycleRecord | undefined>;
  /** The last lines of the machine's unit rebootd. */
  logOf(name: string, lines?: number): Promise<string>;
  /** `packages`: as the package manager names them beside the need. */
  wantReboot(name: string, packages?: readonly string[]): Promise<unknown>;
  /** The notices in the journal of the machine's boot before this one, by the name of the program. */
  noticesBefore(name: string, program: string): Promise<string[]>;
  /** Fails with the logs of all machines. */
  eventually(what: string, isSo: () => Promise<boolean>, seconds?: number): Promise<void>;
  stop(): Promise<void>;
}

/** What the machines run. */
export const bundle = fileURLToPath(new URL("../../dist/rebootd.mjs", import.meta.url));
/** The folder beside it, with the files that it loads. */
export const bundleParts = fileURLToPath(new URL("../../dist/rebootd", import.meta.url));

/** With the rights of the manifests, and no node yet. */
export async function startMachineCluster(): Promise<MachineCluster> {
  const ended = new AbortController();
  const { signal } = ended;
  const server = await startSimulatedServer(systemClock);
  const admin = server.apiFor(administrator);
  const machines = new Map<string, Machine>();
  const bootIDs = new Map<string, string[]>();
  await installRights(server);

  /** One for each boot, as long as that lasts. */
  async function runKubelets(name: string, machine: Machine, number: number): Promise<void> {
    for (let boot = 1; !signal.aborted; boot += 1) {
      await machine.isUp(boot);
      const id = await machine.bootID();
      bootIDs.get(name)?.push(id);
      const over = new AbortController();
      const host = { name, number, machineID: name, bootID: id };
      const ports = { api: admin, clock: systemClock, random: Math.random, signal: over.signal };
      void runKubelet(ports, host, kubeletDefaults).catch(() => {});
      while (machine.boots === boot && !signal.aborted) await systemClock.sleep(50, signal).catch(() => {});
      over.abort();
    }
  }

  /** One for each userspace, also where a soft reboot has replaced it under the same boot ID. */
  async function runSoftKubelets(name: string, machine: Machine, number: number): Promise<void> {
    let over = new AbortController();
    for (let current = ""; !signal.aborted; await systemClock.sleep(300, signal).catch(() => {})) {
      const found = await machine.userspaceID().catch(() => current);
      if (found === current) continue;
      over.abort();
      over = new AbortController();
      current = found;
      const id = await machine.bootID();
      bootIDs.get(name)?.push(id);
      const host = { name, number, machineID: name, bootID: id };
      const ports = { api: admin, clock: systemClock, random: Math.random, signal: over.signal };
      void runKubelet(ports, host, kubeletDefaults).catch(() => {});
    }
    over.abort();
  }

  const cluster: MachineCluster = {
    server,
    admin,
    signal,
    async startNode(name, files, release) {
      const started = await startMachine(name, files, release);
      machines.set(name, started);
      bootIDs.set(name, []);
      const run = release === "trixie" ? runSoftKubelets : runKubelets;
      void run(name, started, machines.size);
      const isThere = async () => (await cluster.listNodes()).some(({ metadata }) => metadata?.name === name);
      await cluster.eventually(`${name} is a node`, isThere);
      return started;
    },
    machine: (name) => machines.get(name) ?? assert.fail(`no machine ${name}`),
    bootIDs: (name) => bootIDs.get(name) ?? [],
    listNodes: async () => (await admin.list<WholeNode>("/api/v1/nodes", { signal })).items,
    nodeOf: (name) => admin.get<WholeNode>(`/api/v1/nodes/${name}`, { signal }),
    recordOf: async (name) =>
      parseRecord((await cluster.nodeOf(name)).metadata?.annotations?.[contract.cycle.key]).record,
    logOf: (name, lines = 30) =>
      cluster
        .machine(name)
        .exec("journalctl", "-u", "rebootd", "-n", `${lines}`, "-o", "cat", "--no-pager")
        .catch(String),
    async wantReboot(name, packages = []) {
      const script = "printf '%s\\n' \"$@\" >/run/reboot-required.pkgs; touch /run/reboot-required";
      await cluster.machine(name).exec("sh", "-ec", script, "sh", ...packages);
    },
    async noticesBefore(name, program) {
      const asked = ["--boot=-1", `--identifier=${program}`, "--priority=notice..notice", "--output=cat"];
      return (await cluster.machine(name).exec("journalctl", "--no-pager", ...asked)).split("\n");
    },
    async eventually(what, isSo, seconds = 40) {
      const until = Date.now() + seconds * 1000;
      while (!(await isSo())) {
        if (Date.now() > until) {
          const logs = await Promise.all([...machines.keys()].map((name) => cluster.logOf(name, 8)));
          assert.fail(`${what}: not within ${seconds} s\n${logs.join("\n---\n")}`);
        }
        await systemClock.sleep(100, signal);
      }
    },
    async stop() {
      ended.abort();
      for (const one of machines.values()) await one.stop();
      await server.stop();
    },
  };
  return cluster;
}
