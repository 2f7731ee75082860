import { readdirSync, readFileSync } from "node:fs";
import { startDaemonsInPods } from "./daemons-in-pods.ts";
import { type Figure, medianFigure } from "./figures.ts";

const bench = "idle";
const samples = 5;
const sampleMs = 20_000;
/** After its start a daemon still compiles, collects garbage and answers the first look. */
const settleMs = 30_000;

/** What one daemon that has nothing to do costs its machine: a real process over TLS, as the image runs it. */
export async function benchIdle(): Promise<Figure[]> {
  // A kubelet whose Node does not change reports it each 5 minutes.
  const { world, pidOf } = await startDaemonsInPods(["n1"], { heartbeatMs: 5 * 60_000 });
  try {
    const pid = pidOf("n1");
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
