import { readdirSync, readFileSync } from "node:fs";
import { systemClock } from "../../daemon/time/clock.ts";
import { readLog } from "../e2e/daemon-process.ts";
import { startSimulatedServer } from "../kubernetes/server.ts";
import { bundle, startRebootd } from "../world/rebootd.ts";
import { startWorld } from "../world/world.ts";
import { type Figure, medianFigure } from "./figures.ts";

const bench = "idle";
const samples = 5;
const sampleMs = 20_000;
/** After its start a daemon still compiles, collects garbage and answers the first look. */
const settleMs = 30_000;
/** As a kubelet does whose Node does not change: its status each 5 minutes. */
const quiet = { kubelet: { heartbeatMs: 5 * 60_000 }, controllers: [] };

/** What one daemon that has nothing to do costs its machine: a real process over TLS, as the image runs it. */
export async function benchIdle(): Promise<Figure[]> {
  const server = await startSimulatedServer(systemClock, { authorization: "always-allow" });
  const world = await startWorld({
    server,
    nodes: ["n1"],
    ...quiet,
    startDaemon: (place) => startRebootd(place, [], bundle),
  });
  try {
    const node = world.node("n1");
    const isStarted = async () =>
      (await readLog(node.logFile)).some(({ metricsPort }) => metricsPort !== undefined);
    await world.until("its daemon is there", isStarted);
    const pid = pidWith(`--run-path=${node.folder}`);
    await world.pass(settleMs);
    const wakeUps: number[] = [];
    const cpu: number[] = [];
    for (let taken = 0; taken < samples; taken += 1) {
      const before = usedBy(pid);
      await world.pass(sampleMs);
      const after = usedBy(pid);
      const seconds = (after.at - before.at) / 1000;
      wakeUps.push((after.wakeUps - before.wakeUps) / seconds);
      cpu.push((after.cpuMs - before.cpuMs) / 10 / seconds);
    }
    return [
      medianFigure(bench, "wake-ups a second, all threads", wakeUps, "wake-ups", 1),
      medianFigure(bench, "part of a processor", cpu, "%", 0.05),
    ];
  } finally {
    await world.stop();
  }
}

interface Used {
  at: number;
  /** Of each thread: how often it has waited and was woken since its start. */
  wakeUps: number;
  cpuMs: number;
}

/** The process that was started with this argument. */
function pidWith(argument: string): number {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    if (argumentsOf(pid).includes(argument)) return Number(pid);
  }
  throw new Error(`no process was started with ${argument}`);
}

/** A process may end between two looks. */
function argumentsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}

/** From /proc; https://man7.org/linux/man-pages/man5/proc_pid_status.5.html and proc_pid_schedstat. */
function usedBy(pid: number): Used {
  let wakeUps = 0;
  let cpuMs = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");
    wakeUps += Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1]);
    const [runNs] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ");
    cpuMs += Number(runNs) / 1e6;
  }
  return { at: performance.now(), wakeUps, cpuMs };
}
