import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { collection } from "../kubernetes/controllers/objects.ts";
import { readPod, runPod, seccompOf, startPodNode } from "./container.ts";
import { type MachineCluster, startMachineCluster } from "./machine-cluster.ts";
import type { SeccompProfile } from "./seccomp.ts";

/** The profile in manifests/components/seccomp, beside the system calls of a whole life of the daemon in its pod. */

/** Allowed or answered without having been seen here, or not each time. */
const besidesSeen: Record<string, string> = {
  // The container's runtime, from the moment the profile holds until the daemon's program takes its place.
  openat2: "runc looks at its own open files in /proc, and does not start where it may not",
  fstatfs: "runc, whether that /proc is one",
  readlinkat: "runc, and on arm64 all that is readlink elsewhere",
  close_range: "crun closes what it has open",
  sigaltstack: "the Go runtime in runc, for each of its threads",
  nanosleep: "the Go runtime waits for its threads",
  // What Node does at times only.
  clone: "a new thread, where clone3 is not there; the flags are looked at, so that it is nothing else",
  restart_syscall: "the kernel itself, after a wait that was interrupted by a stop",
  sched_yield: "V8 waits for a lock",
  clock_nanosleep: "V8 waits for a lock somewhat longer",
  mremap: "memory of a larger block",
  pkey_alloc: "V8 guards the code it makes, where the processor can",
  pkey_mprotect: "V8 guards the code it makes, where the processor can",
  pkey_free: "V8 guards the code it makes, where the processor can",
  getpeername: "Node, for the address of the other end of a connection",
  sched_getparam: "the C library, for a thread that is started later",
  sched_getscheduler: "the C library, for a thread that is started later",
  writev: "Node sends several pieces at once",
  inotify_rm_watch: "a folder of the sentinel that is gone",
  shutdown: "a connection that is ended from here",
  kill: "components/signal; process 1 alone",
  // The clock, where the kernel's page for it has none that can be read.
  clock_gettime: "the clock",
  clock_getres: "the clock",
  gettimeofday: "the clock",
  time: "the clock",
  getcpu: "memory, by processor",
  // Other machines.
  arch_prctl: "only amd64 has it",
  access: "only amd64 has it",
  poll: "only amd64 has it",
  readlink: "only amd64 has it",
  faccessat: "arm64 has no access",
  ppoll: "arm64 has no poll",
};

const nameServer = "127.0.0.111";

/** Knows every name, as this machine. */
async function startNameServer() {
  const socket = createSocket("udp4");
  socket.on("message", (question, { port, address }) => {
    const nameEnd = question.indexOf(0, 12) + 1;
    const isForV4 = question.readUInt16BE(nameEnd) === 1;
    const header = Buffer.from(question.subarray(0, 12));
    header.writeUInt16BE(0x8180, 2);
    header.writeUInt16BE(isForV4 ? 1 : 0, 6);
    header.writeUInt32BE(0, 8);
    const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    const parts = [header, question.subarray(12, nameEnd + 4), ...(isForV4 ? [answer] : [])];
    socket.send(Buffer.concat(parts), port, address);
  });
  socket.bind(53, nameServer);
  await once(socket, "listening");
  return socket;
}

/** Has no alerts. */
async function startPrometheus() {
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result: [] } }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** The daemon is the tracer's parent, so that it is process 1 and gets its signals. */
const traced = [
  ...["/usr/bin/strace", "--daemonize", "--follow-forks", "--quiet=all", "--signal=none"],
  ...["--output=/trace/calls", "--output-append-mode"],
];

/** Start, a need, alerts, a drain, a reboot, start again, uncordon, figures, and a stop. Resolves with the system calls. */
async function liveALife(cluster: MachineCluster, alertsPort: number): Promise<Set<string>> {
  const { admin, signal, machine, eventually, recordOf, bootIDs, logOf } = cluster;
  const { root, exec } = machine("m1");
  const containers = [{ name: "main", image: "registry.test/app:1" }];
  const web = { metadata: { name: "web" }, spec: { nodeName: "m1", containers } };
  await admin.create(collection("pods", "default"), web, { signal });
  mkdirSync(join(root, "var/trace"));
  writeFileSync(join(root, "var/trace/resolv.conf"), `nameserver ${nameServer}\n`);

  await runPod(cluster, "m1", readPod(), {
    environment: { REBOOTD_PROMETHEUS_URL: `http://prometheus.test:${alertsPort}` },
    mounts: [
      { source: "/var/trace", destination: "/trace", mode: "rw" },
      { source: "/var/trace/resolv.conf", destination: "/etc/resolv.conf", mode: "ro" },
    ],
    before: traced,
  });
  await eventually("it looks", async () => /Idle: no reboot is needed/.test(await logOf("m1")));
  await cluster.wantReboot("m1");
  await eventually("it has rebooted", async () => bootIDs("m1").length === 2);
  await eventually("it is given back", async () => (await recordOf("m1"))?.phase === "Idle");
  const [, port] = /metricsPort=(\d+)/.exec((await logOf("m1")).split(/^Started/m).at(-1) ?? "") ?? [];
  const figures = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(5000) });
  assert.match(await figures.text(), /process_open_fds/);
  await exec("systemctl", "stop", "rebootd");
  await eventually("it has stopped", async () => /rebootd stopped\n.*Deactivated/.test(await logOf("m1")));
  return callsIn(readFileSync(join(root, "var/trace/calls"), "utf8"));
}

function callsIn(trace: string): Set<string> {
  return new Set([...trace.matchAll(/^\d+ +(\w+)\(/gm)].map(([, name = ""]) => name));
}

describe("The component seccomp", () => {
  let cluster: MachineCluster;
  let profile: SeccompProfile;
  let listed: Set<string>;
  let seen: Set<string>;
  const close: (() => void)[] = [];

  before(async () => {
    profile = seccompOf(readPod(["seccomp"]));
    listed = new Set(profile.syscalls.flatMap(({ names }) => names));
    cluster = await startMachineCluster();
    await startPodNode(cluster, "m1", ["/usr/bin/strace"]);
    const [names, alerts] = [await startNameServer(), await startPrometheus()];
    close.push(
      () => names.close(),
      () => alerts.close(),
    );
    seen = await liveALife(cluster, (alerts.address() as AddressInfo).port);
  });
  after(async () => {
    for (const one of close) one();
    await cluster?.stop();
  });

  it("knows every system call of a whole life", () => {
    // From its first moment to its last, with a name that was looked up between.
    for (const name of ["execve", "exit_group", "sendmmsg"]) assert.ok(seen.has(name), name);
    assert.deepEqual([...seen].filter((name) => !listed.has(name)).sort(), []);
  });

  it("lists nothing that was not seen, and has no reason", () => {
    const unexplained = [...listed].filter((name) => !seen.has(name) && !(name in besidesSeen));
    assert.deepEqual(unexplained, []);
    assert.deepEqual(
      Object.keys(besidesSeen).filter((name) => !listed.has(name)),
      [],
    );
  });

  it("says of all else that it is not permitted, and of two calls that they are not there", () => {
    const { defaultAction, defaultErrnoRet, syscalls } = profile;
    assert.deepEqual([defaultAction, defaultErrnoRet], ["SCMP_ACT_ERRNO", 1]);
    const answered = syscalls.filter(({ action }) => action !== "SCMP_ACT_ALLOW");
    // What Node then takes in their place: clone, whose flags a filter can see, and epoll.
    assert.deepEqual(answered, [
      { names: ["clone3", "io_uring_setup"], action: "SCMP_ACT_ERRNO", errnoRet: 38 },
    ]);
  });

  it("holds on amd64 and arm64", () => {
    assert.deepEqual(profile.architectures, ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"]);
  });
});
