/** Commands of people as real processes, against clusters of several sizes: how long they take, and how much memory. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "../../daemon/cluster/client.ts";
import { idleRecord, writeRecord } from "../../daemon/cycle/record.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { iso } from "../../daemon/time/iso.ts";
import { type ApiServer, createApiServer, kubeconfig, listen } from "../kubernetes/api/server.ts";
import { bareEnvironment, program } from "../world/program.ts";
import { type Figure, figure } from "./figures.ts";

const MiB = 2 ** 20;
const memoryBudget = 200;
/** There are two lists, with pages of 50 or 250; the other requests are for single objects. */
const requestBudget = (nodes: number) => 2 * Math.ceil(nodes / 50) + 20;

export interface Ran {
  code: number | null;
  out: string;
  err: string;
  ms: number;
  /** The most memory that the process has had at any time. */
  residentMiB: number;
  requests: number;
  writes: number;
  megabytes: number;
}

export interface SizedCluster {
  /** Runs a command to its end; `endAfterMs`: until it is stopped then. */
  run(args: readonly string[], endAfterMs?: number): Promise<Ran>;
  stop(): Promise<void>;
}

/** A cluster in which one node drains, a tenth waits, and each node has a Ready daemon. */
export async function startSizedCluster(nodes: number): Promise<SizedCluster> {
  const server = createApiServer({ authorization: "always-allow" });
  await fill(server, nodes);
  const listening = await listen(server, { port: 0 });
  const folder = mkdtempSync(join(tmpdir(), "rebootd-sized-"));
  const config = join(folder, "kubeconfig");
  writeFileSync(config, kubeconfig({ ...listening, token: server.adminToken, user: "admin" }));
  return {
    run: (args, endAfterMs) => run(server, config, args, endAfterMs),
    async stop() {
      await listening.close();
      rmSync(folder, { recursive: true });
    },
  };
}

async function fill(server: ApiServer, nodes: number): Promise<void> {
  const { signal } = new AbortController();
  const api = createClient({ transport: server.transport(server.adminToken), clock: systemClock });
  const ready = {
    conditions: [{ type: "Ready", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" }],
  };
  // A kubelet reports up to 50 images, the largest part of a Node.
  const images = Array.from({ length: 50 }, (_, index) => ({
    names: [`registry.example.com/team/app-${index}@sha256:${"a".repeat(64)}`],
    sizeBytes: index,
  }));
  const now = Date.now();
  const lock = { nodeID: "node-0", created: iso(now - 60_000), TTL: 0 };
  const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
  const annotations = { "rebootd.dev/lock": JSON.stringify(lock) };
  await api.create(leases, { metadata: { name: "rebootd", annotations }, spec: {} }, { signal });
  for (let index = 0; index < nodes; index += 1) {
    const name = `node-${index}`;
    const labels = { "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": `zone-${index % 3}` };
    const metadata = { name, labels, annotations: { "rebootd.dev/cycle": recordOf(index, now) } };
    await api.create("/api/v1/nodes", { metadata, spec: {}, status: { ...ready, images } }, { signal });
    const pod = { name: `rebootd-${index}`, labels: { "app.kubernetes.io/name": "rebootd" } };
    const spec = { nodeName: name, containers: [{ name: "rebootd", image: "rebootd:1" }] };
    const pods = "/api/v1/namespaces/kube-system/pods";
    await api.create(pods, { metadata: pod, spec }, { signal });
    await api.patch(`${pods}/${pod.name}/status`, { status: { ...ready, phase: "Running" } }, { signal });
  }
}

function recordOf(index: number, now: number): string {
  const at = iso(now - index * 1000);
  const record = idleRecord(now);
  const need = { source: "file", reasons: ["linux-image-6.1", "libc6"], since: at };
  if (index === 0) return writeRecord({ ...record, phase: "Draining", since: at, need, cordoned: true });
  if (index % 10 !== 1) return writeRecord(record);
  const reasons = [{ gate: "lock", code: "lock-taken", message: "all slots are taken (1 of 1)", since: at }];
  return writeRecord({ ...record, phase: "Waiting", since: at, need, reasons, reportedAt: at });
}

async function run(
  server: ApiServer,
  config: string,
  args: readonly string[],
  endAfterMs?: number,
): Promise<Ran> {
  server.ledger.clear();
  const begun = performance.now();
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...bareEnvironment, KUBECONFIG: config },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 60_000,
  });
  let residentMiB = 0;
  const looking = setInterval(() => {
    residentMiB = Math.max(residentMiB, peakOf(child.pid));
  }, 10);
  const ending = endAfterMs === undefined ? undefined : setTimeout(() => child.kill("SIGTERM"), endAfterMs);
  const texts = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    texts.out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    texts.err += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  clearInterval(looking);
  clearTimeout(ending);
  const entries = server.ledger.entries();
  return {
    ...{ code, ...texts, residentMiB, ms: performance.now() - begun },
    requests: server.ledger.total,
    writes: entries.filter(({ verb }) => !["get", "list", "watch"].includes(verb)).length,
    megabytes: entries.reduce((sum, { responseBytes }) => sum + responseBytes, 0) / MiB,
  };
}

/** The high-water mark of resident memory; 0 for a process that has ended. */
function peakOf(pid: number | undefined): number {
  try {
    const text = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Figures of one size of cluster. */
export async function benchCommands(nodes: number): Promise<Figure[]> {
  const cluster = await startSizedCluster(nodes);
  const bench = `commands, ${nodes} nodes`;
  const budgets: [what: string, args: string[], ms: number, endAfterMs?: number][] = [
    ["status", ["status"], 2000],
    ["explain", ["explain", "node-0"], 1000],
    ["status --watch for 10 s", ["status", "--watch"], 20_000, 10_000],
  ];
  const figures: Figure[] = [];
  try {
    for (const [what, args, ms, endAfterMs] of budgets) {
      const ran = await cluster.run(args, endAfterMs);
      if (ran.code !== 0 || ran.writes > 0) throw new Error(`${what}: ${ran.code} ${ran.err}`);
      figures.push(
        figure(bench, `${what}, time`, ran.ms, "ms", ms),
        figure(bench, `${what}, resident`, ran.residentMiB, "MiB", memoryBudget),
        figure(bench, `${what}, requests`, ran.requests, "requests", requestBudget(nodes)),
        figure(bench, `${what}, answers`, ran.megabytes, "MiB", 1 + (nodes / 1000) * 20),
      );
    }
  } finally {
    await cluster.stop();
  }
  return figures;
}
