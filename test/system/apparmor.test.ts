import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:https";
import {
  type AddressInfo,
  createServer as createJournalServer,
  type Server as JournalServer,
} from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { KubeConfig } from "@kubernetes/client-node";
import { journalSocket } from "../../daemon/host/journal.ts";
import { createLogind } from "../../daemon/host/logind/logind.ts";
import { activeUnits } from "../../daemon/host/others/units.ts";
import { createUserspaceReader } from "../../daemon/host/userspace.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { type Answer, type Call, startFakeBus } from "../host/logind/fake-bus.ts";
import { certificate } from "../kubernetes/api/https.ts";
import { administrator, type SimulatedServer, startSimulatedServer } from "../kubernetes/server.ts";
import { nodeFlags } from "../world/image.ts";
import { daemonUserOn, installRights } from "../world/manifests.ts";
import {
  type Access,
  accessesIn,
  allows,
  type Message,
  networksIn,
  type Profile,
  readProfile,
  unpacked,
} from "./apparmor.ts";
import { type Machine, startMachine } from "./machine.ts";

const bundle = fileURLToPath(new URL("../../dist/rebootd.mjs", import.meta.url));
const parts = fileURLToPath(new URL("../../dist/rebootd", import.meta.url));
const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";
const lifeDeadlineMs = 60_000;
const atTimes = [
  // By the kernel, as it starts the program.
  "/usr/local/bin/node",
  // By the C library, when it gives memory back.
  "/proc/sys/vm/overcommit_memory",
  // With --os=suse.
  "/host/run/{transactional-update.pid,tukit.lock}",
];
const { signal } = new AbortController();

interface Life {
  accesses: Access[];
  networks: string[];
}

describe("The component apparmor", () => {
  let folder: string;
  let profile: Profile;
  let life: Life;
  before(async function () {
    this.timeout(lifeDeadlineMs + 30_000);
    folder = mkdtempSync(join(tmpdir(), "rebootd-apparmor-"));
    profile = readProfile();
    life = await traceLife(folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("lets the daemon read all that it reads over a whole life", () => {
    const denied = life.accesses.filter((access) => !allows(profile, access));
    assert.deepEqual([...new Set(denied.map(({ mode, path }) => `${mode} ${path}`))], []);
  });

  it("lets it read nothing else, but for what it reads at times, and on other kernels", () => {
    const unused = profile.files.filter(
      ({ matches }) => !life.accesses.some(({ path }) => matches.test(path)),
    );
    const names = unused.map(({ name }) => name);
    assert.deepEqual(
      names.filter((name) => !name.startsWith("/sys/") && !atTimes.includes(name)),
      [],
    );
  });

  it("lets it speak on all its networks", () => {
    const denied = life.networks.filter((one) => !profile.networks.includes(one));
    assert.deepEqual([...new Set(denied)], ["unix stream"], "which has a rule of its own");
  });

  const others: [string, string][] = [
    ["/host/run/containerd/containerd.sock", "rw"],
    ["/host/run/containerd/task/rootfs/etc/passwd", "r"],
    ["/host/run/systemd/private", "rw"],
    ["/host/run/reboot-required", "w"],
    ["/etc/shadow", "r"],
    ["/etc/rebootd/token", "w"],
    [`${serviceAccount}/token`, "w"],
    ["/proc/1/environ", "r"],
    ["/proc/1/root/etc/passwd", "r"],
    ["/proc/sysrq-trigger", "w"],
    ["/sys/fs/cgroup/memory.max", "w"],
    ["/usr/bin/nsenter", "rm"],
    ["/usr/local/bin/node", "w"],
    ["/usr/lib/libc.so.6", "w"],
    ["/rebootd.mjs", "w"],
    ["/rebootd/nodemailer-1A2B3C4D.mjs", "w"],
  ];
  for (const [path, modes] of others) {
    it(`does not let it ${modes} ${path}`, () => {
      for (const mode of modes) assert.ok(!allows(profile, { path, mode }), mode);
    });
  }

  it("lets it read what sends mail, which it loads with the first mail", () => {
    assert.ok(allows(profile, { path: "/rebootd/nodemailer-1A2B3C4D.mjs", mode: "r" }));
  });

  it("lets it write to nothing but the bus, the journal and /dev/null, and run nothing", () => {
    const harmless = profile.files.filter(({ modes }) => /^[rm]+$/.test(modes));
    const others = profile.files.filter((one) => !harmless.includes(one)).map(({ name }) => name);
    assert.deepEqual(others, [
      "/dev/null",
      "/host/run/systemd/journal/stdout",
      "/run/dbus/system_bus_socket",
    ]);
    assert.doesNotMatch(profile.files.map(({ modes }) => modes).join(""), /x/);
  });

  it("lets it send logind and systemd what it sends, and nothing else on the bus", async () => {
    const sent = await askLogindAll(join(folder, "bus"));
    // The path of a session and of a unit ends with its name.
    const session = /(\/(?:session|unit))\/.*$/;
    const texts = (messages: readonly Message[]) =>
      [
        ...new Set(
          messages.map((one) =>
            [one.destination, one.path.replace(session, "$1/*"), one.interface, one.member].join(" "),
          ),
        ),
      ].sort();
    assert.deepEqual(texts(profile.messages), texts(sent));
  });

  it("gives it no capability, no mount, and nothing else", () => {
    assert.deepEqual(
      profile.rest.map((rule) => rule.split(" ")[0]),
      ["unix", "signal", "signal", "ptrace"],
    );
  });
});

/** All messages of all that is ever asked of logind and of systemd. */
async function askLogindAll(socket: string): Promise<Call[]> {
  const messages: Call[] = [];
  const answers: Record<string, Answer> = {
    CanReboot: { signature: "s", body: ["yes"] },
    ListInhibitors: { signature: "a(ssssuu)", body: [[]] },
    ListSessions: {
      signature: "a(susso)",
      body: [[["c1", 0, "anna", "", "/org/freedesktop/login1/session/c1"]]],
    },
    GetAll: { error: "org.freedesktop.DBus.Error.UnknownObject" },
    GetUnit: { signature: "o", body: ["/org/freedesktop/systemd1/unit/a_2eservice"] },
    SetWallMessage: { signature: "", body: [] },
    RebootWithFlags: { error: "org.freedesktop.DBus.Error.UnknownMethod" },
    Reboot: { signature: "", body: [] },
  };
  const bus = await startFakeBus({
    socket,
    answer: ({ member, path }) => (member === "Get" ? propertyOf(path) : answers[member]) ?? "hang up",
    onCall: (call) => messages.push(call),
  });
  const logind = createLogind(socket, systemClock);
  try {
    await logind.canReboot(signal);
    await logind.listInhibitors(signal);
    await logind.listSessions(signal);
    await logind.isShuttingDown(signal);
    await logind.setWallMessage("down for a moment", signal);
    await logind.reboot({ skipInhibitors: true }, signal);
    await activeUnits(socket, ["a.service"], systemClock, signal);
    await createUserspaceReader(socket, systemClock, () => 0)(signal);
  } finally {
    await bus.close();
  }
  return messages;
}

const propertyOf = (path: string): Answer => ({
  signature: "v",
  body: [path.includes("/unit/") ? ["s", "active"] : path.endsWith("/systemd1") ? ["u", 0] : ["b", false]],
});

/**
 * What the bundled daemon asks of the kernel from its start until its node goes down for a reboot, and when it is ended: in
 * a root folder like that of its pod, beside the logind of a real machine, with Prometheus over TLS by a name.
 */
async function traceLife(folder: string): Promise<Life> {
  const root = join(folder, "root");
  let machine: Machine | undefined;
  let server: SimulatedServer | undefined;
  let prometheus: Server | undefined;
  let journal: JournalServer | undefined;
  let daemon: ChildProcess | undefined;
  let log = "";
  const eventually = async (what: string, isSo: () => boolean) => {
    const until = Date.now() + lifeDeadlineMs / 2;
    while (!isSo()) {
      assert.ok(Date.now() < until, `${what}: not yet; it said ${log}`);
      await systemClock.sleep(100, signal);
    }
  };
  try {
    const { key, cert } = await certificate();
    prometheus = await startPrometheus({ key, cert });
    machine = await startMachine("apparmor");
    const { dbusSocket } = machine;
    const boots = () => machine?.boots;
    server = await startSimulatedServer(systemClock);
    await installRights(server);
    await server.apiFor(administrator).create("/api/v1/nodes", { metadata: { name: "n1" } }, { signal });
    const environment = layOutPod(root, await server.kubeconfigFor(daemonUserOn("n1")), cert);
    journal = createJournalServer((stream) => stream.resume().end()).listen(
      join(root, "host/run", journalSocket),
    );
    const args = [
      "--node-id=n1",
      "--run-path=/host/run",
      "--reboot-method=logind",
      "--inhibitors=wait",
      "--logged-in-users=wait:1h",
      `--prometheus-url=https://localhost:${(prometheus.address() as AddressInfo).port}`,
      "--prometheus-ca-file=/etc/rebootd/ca.pem",
      "--prometheus-bearer-token-file=/etc/rebootd/token",
      "--metrics-port=0",
    ];
    daemon = startTraced(folder, root, dirname(dbusSocket), args, environment);
    for (const stream of [daemon.stdout, daemon.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        log += text;
      });
    }
    const port = () => /metricsPort=(\d+)/.exec(log)?.[1];
    await eventually("started", () => port() !== undefined);
    const metrics = await fetch(`http://127.0.0.1:${port()}/metrics`);
    assert.match(await metrics.text(), /process_open_fds/);
    writeFileSync(join(root, "host/run/reboot-required"), "");
    await eventually("rebooted", () => boots() === 2);
    const ended = once(daemon, "close");
    daemon.kill("SIGTERM");
    await ended;
  } finally {
    daemon?.kill("SIGKILL");
    prometheus?.close();
    journal?.close();
    prometheus?.closeAllConnections();
    await server?.stop();
    await machine?.stop();
  }
  const texts = readdirSync(join(folder, "trace")).map((name) =>
    readFileSync(join(folder, "trace", name), "utf8"),
  );
  // What chroot itself did comes before.
  const own = texts.map((text) => text.split(/^execve\("\/usr\/local\/bin\/node".*\n/m).at(-1) ?? "");
  return {
    accesses: own.flatMap((text) => accessesIn(text, root)),
    networks: own.flatMap(networksIn),
  };
}

/** Ends with strace, which is a grandchild: the child is the daemon. */
function startTraced(
  folder: string,
  root: string,
  bus: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): ChildProcess {
  mkdirSync(join(folder, "trace"));
  const mounts = Object.entries({ "/proc": "proc", "/sys": "sys", "/dev": "dev", [bus]: "run/dbus" });
  const strace = [
    join(unpacked(), "usr/bin/strace"),
    "--daemonize",
    "--follow-forks",
    "--output-separately",
    `--output=${folder}/trace/calls`,
    "--decode-fds=path",
    "--signal=none",
    "--quiet=all",
    "--trace=%file,connect,socket,mmap,inotify_add_watch",
    "--env=LD_LIBRARY_PATH",
  ];
  const node = ["chroot", root, "/usr/local/bin/node", ...nodeFlags, "/rebootd.mjs", "run", ...args];
  const script = [...mounts.map(([from, to]) => `mount --rbind '${from}' '${root}/${to}'`), 'exec "$@"'];
  const libraries = ["x86_64", "aarch64"].map((one) => join(unpacked(), `usr/lib/${one}-linux-gnu`));
  return spawn("unshare", ["--mount", "sh", "-ec", script.join("\n"), "sh", ...strace, ...node], {
    env: { ...environment, LD_LIBRARY_PATH: libraries.join(":") },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Has no alerts. */
async function startPrometheus(tls: { key: string; cert: string }): Promise<Server> {
  const server = createServer(tls, (_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result: [] } }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** The image, what a kubelet puts into the pod beside it, and what comes from the node; returns the pod's environment. */
function layOutPod(root: string, kubeconfig: string, caPem: string): NodeJS.ProcessEnv {
  const folders = [
    "usr/lib",
    "usr/lib64",
    "usr/local/bin",
    "proc",
    "sys",
    "dev",
    "run/dbus",
    "host/run/systemd/journal",
  ];
  for (const name of folders) mkdirSync(join(root, name), { recursive: true });
  for (const name of ["lib", "lib64"]) symlinkSync(`usr/${name}`, join(root, name));
  const libraries = execFileSync("ldd", [process.execPath], { encoding: "utf8" }).match(/\/lib[^ :]*/g) ?? [];
  execFileSync("cp", ["--parents", "--dereference", ...libraries, root]);
  execFileSync("cp", [process.execPath, join(root, "usr/local/bin/node")]);
  execFileSync("cp", ["--recursive", bundle, parts, root]);

  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const { server = "", caData = "" } = config.getCurrentCluster() ?? {};
  const token = config.getCurrentUser()?.token ?? "";
  mount(join(root, serviceAccount), {
    token,
    namespace: "kube-system",
    "ca.crt": Buffer.from(caData, "base64"),
  });
  mount(join(root, "etc/rebootd"), { token: "secret", "ca.pem": caPem });
  // Nobody answers there, and then it looks into hosts.
  writeFileSync(join(root, "etc/resolv.conf"), "nameserver 127.0.0.1\n");
  writeFileSync(join(root, "etc/nsswitch.conf"), "hosts: dns files\n");
  writeFileSync(join(root, "etc/hosts"), "127.0.0.1 localhost\n");
  writeFileSync(join(root, "host/run/reboot-required.pkgs"), "libc6\n");
  const { hostname, port } = new URL(server);
  return { PATH: process.env["PATH"], KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
}

/** As a kubelet mounts what may change: links to a folder that is exchanged. */
function mount(folder: string, files: Record<string, string | Buffer>): void {
  mkdirSync(join(folder, "..data"), { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, "..data", name), content);
    symlinkSync(`..data/${name}`, join(folder, name));
  }
}
