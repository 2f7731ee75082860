import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createExec } from "../../daemon/host/exec.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { withDeadline } from "../../daemon/time/deadline.ts";

/**
 * A machine with a systemd of its own, in a container: its boot ID changes and its /run is empty after each reboot. Needs
 * root, and what test/system/run.sh has put into the folder MACHINES.
 */
export interface Machine {
  /** Its D-Bus, as the host sees it; made anew at each boot. */
  readonly dbusSocket: string;
  /** Its root folder, as the host sees it; what is in /run is elsewhere. */
  readonly root: string;
  /** How often it has been started. */
  readonly boots: number;
  /** Runs a command in it to its end, which has to be 0. What is to go on by itself is a unit: `systemd-run`. */
  exec(...argv: [string, ...string[]]): Promise<string>;
  bootID(): Promise<string>;
  /** Different after each boot and each soft reboot; rejects while it is down. */
  userspaceID(): Promise<string>;
  /** Resolves once it is up, in the boot of this number; the first is 1. */
  isUp(boot: number): Promise<void>;
  /** Pulls the plug, and removes everything. */
  stop(): Promise<void>;
}

const bootDeadlineMs = 30_000;
const execDeadlineMs = 15_000;
/** With this nspawn says that the machine wants to be started again. */
const rebootStatus = 133;

const { signal } = new AbortController();
const exec = createExec(systemClock);

/** A group of its own in every hierarchy, without which two machines would take each other's processes for their own. */
const inOwnGroups = `
group=$1; shift
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*/; do
  [ -e "$hierarchy/cgroup.procs" ] || continue
  mkdir -p "$hierarchy/$group"
  for file in cpuset.cpus cpuset.mems; do
    if [ -e "$hierarchy/$file" ]; then cat "$hierarchy/$file" >"$hierarchy/$group/$file"; fi
  done
  echo $$ >"$hierarchy/$group/cgroup.procs"
done
exec "$@"`;

/** Debian 13 has a systemd that counts soft reboots. */
export type Release = "bookworm" | "trixie";

/** `files`: of the host, by the names under which they are to be read in the machine. */
export async function startMachine(
  name: string,
  files: Record<string, string> = {},
  release: Release = "bookworm",
): Promise<Machine> {
  const tools = process.env["MACHINES"];
  if (tools === undefined) throw new Error("MACHINES is not set: use test/system/run.sh");
  const folder = mkdtempSync(join(tmpdir(), `rebootd-machine-${name}-`));
  const [root, bus] = [join(folder, "root"), join(folder, "dbus")];
  const group = `rebootd-${name}-${process.pid}`;

  const original = join(tools, release === "bookworm" ? "root" : release);
  const copied = spawnSync("cp", ["-a", "--one-file-system", "--reflink=auto", original, root], {
    stdio: "inherit",
  });
  if (copied.status !== 0) throw new Error(`copying ${original} ended with ${copied.status}`);
  spawnSync("mkdir", [bus]);
  const container = startContainer(tools, group, nspawnCommand({ tools, name, root, bus, files }));

  const machine: Machine = {
    dbusSocket: join(bus, "system_bus_socket"),
    root,
    get boots() {
      return container.boots;
    },
    async exec(...argv) {
      const leader = leaderOf(container.nspawn());
      if (leader === undefined) throw new Error(`the machine ${name} has no process 1`);
      const inside = ["nsenter", "-t", leader, "-m", "-u", "-i", "-p", "--", ...argv] as const;
      const { code, output } = await exec(inside, execDeadlineMs, signal);
      if (code !== 0) throw new Error(`${argv.join(" ")} in ${name} ended with ${code}: ${output}`);
      return output;
    },
    userspaceID: async () =>
      `${await machine.bootID()} ${await machine.exec("systemctl", "show", "-P", "UnitsLoadStartTimestampMonotonic")}`,
    bootID: () => machine.exec("cat", "/proc/sys/kernel/random/boot_id"),
    isUp: (wanted) =>
      withDeadline(systemClock, bootDeadlineMs, signal, `boot ${wanted} of ${name}`, async (inner) => {
        while (container.boots < wanted || !(await isRunning(machine))) {
          inner.throwIfAborted();
          await systemClock.sleep(100, inner);
        }
      }).catch((cause) => {
        const output = container.output.slice(-500);
        throw new Error(`${(cause as Error).message}; it said last: ${output}`, { cause });
      }),
    async stop() {
      await container.stop();
      await removeGroups(group);
      rmSync(folder, { recursive: true, force: true });
    },
  };

  try {
    await machine.isUp(1);
  } catch (error) {
    await machine.stop();
    throw error;
  }
  return machine;
}

async function isRunning({ exec }: Machine): Promise<boolean> {
  const state = await exec("sh", "-c", "systemctl is-system-running || true").catch(() => "");
  return ["running", "degraded"].includes(state);
}

interface MachineFolders {
  tools: string;
  name: string;
  root: string;
  bus: string;
  files: Readonly<Record<string, string>>;
}

function nspawnCommand({ tools, name, root, bus, files }: MachineFolders): string[] {
  return [
    `${tools}/usr/bin/systemd-nspawn`,
    "--boot",
    `--directory=${root}`,
    `--machine=${name}`,
    "--register=no",
    "--keep-unit",
    "--console=pipe",
    `--bind=${bus}:/run/dbus`,
    ...Object.entries(files).map(([inside, file]) => `--bind-ro=${file}:${inside}`),
  ];
}

/** The namespace takes all of the machine with it when this process, or the one that stands for it, goes. */
const bound = ["setpriv", "--pdeathsig=KILL", "unshare", "--pid", "--mount-proc", "--fork", "--kill-child"];

/** A machine's container, through all its boots. */
interface Container {
  readonly boots: number;
  /** The end of what all boots have written. */
  readonly output: string;
  /** The PID of its nspawn, as the host sees it; undefined or "" while there is none. */
  nspawn(): string | undefined;
  /** Kills it; resolves once it has ended. */
  stop(): Promise<void>;
}

/** Starts nspawn, and again whenever the machine reboots. It ends with this process, however that ends. */
function startContainer(tools: string, group: string, nspawn: readonly string[]): Container {
  const libraries = ["x86_64", "aarch64"].map((one) => `${tools}/usr/lib/${one}-linux-gnu/systemd`).join(":");
  let shell: ChildProcess | undefined;
  let boots = 0;
  let isStopped = false;
  let output = "";

  function boot(): void {
    boots += 1;
    const child = spawn("/bin/sh", ["-ec", inOwnGroups, "sh", group, ...bound, ...nspawn], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, LD_LIBRARY_PATH: libraries },
    });
    shell = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output = (output + text).slice(-4096);
      });
    }
    child.on("exit", (status) => {
      if (!isStopped && status === rebootStatus) boot();
    });
  }

  boot();
  return {
    get boots() {
      return boots;
    },
    get output() {
      return output;
    },
    nspawn: () => childrenOf(`${shell?.pid}`)[0],
    async stop() {
      isStopped = true;
      const child = shell;
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      // The processes that wait for nspawn are left to do so.
      const [nspawn] = childrenOf(`${child.pid}`);
      process.kill(Number(nspawn || child.pid), "SIGKILL");
      await ended;
    },
  };
}

/** The machine's process 1, as the host sees it: a child of nspawn, which is one of the shell's. */
function leaderOf(nspawn: string | undefined): string | undefined {
  return childrenOf(nspawn ?? "none").find(
    (one) => readFileSync(`/proc/${one}/comm`, "utf8").trim() === "systemd",
  );
}

function childrenOf(pid: string): string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(/\s+/);
}

/** What was in them dies with its process 1, which takes a moment. */
async function removeGroups(group: string): Promise<void> {
  const remove = `find /sys/fs/cgroup -depth -type d -path '*/${group}*' -exec rmdir {} + 2>/dev/null
    [ -z "$(find /sys/fs/cgroup -type d -name '${group}')" ]`;
  for (let tries = 0; tries < 50; tries += 1) {
    if (spawnSync("/bin/sh", ["-c", remove]).status === 0) return;
    await systemClock.sleep(100, signal);
  }
}
