import type { Clock } from "../../../daemon/time/clock.ts";

/** A running daemon: a process, or a part of this one in the simulation. */
export interface DaemonHandle {
  kill(signal: "SIGTERM" | "SIGKILL"): void;
  /** Resolves with how it ended. */
  exited: Promise<string>;
}

/** A real kubelet waits 10 s and doubles that; shorter, so that tests with many crashes end. */
const restartFirstMs = 300;
const restartMaxMs = 10_000;
/** A daemon that ran this long starts from the short pause again. */
const healthyMs = 30_000;
/** A daemon ends within 5 s of SIGTERM. */
const stopMs = 5000;

export interface Supervision {
  start: () => DaemonHandle;
  onEnd: (how: string) => void;
  clock: Clock;
  /** Aborted when the machine goes down: everything on it is killed. */
  power: AbortSignal;
  /** Aborted when the whole cluster ends: the daemon is asked first. */
  signal: AbortSignal;
}

/** Keeps the node's daemon running, as a kubelet does for its pod. */
export async function superviseDaemon({ start, onEnd, clock, power, signal }: Supervision): Promise<void> {
  let pauseMs = restartFirstMs;
  while (!power.aborted) {
    const startedAt = clock.elapsed();
    const daemon = start();
    const end = () => void endDaemon(daemon, clock, signal.aborted ? "SIGTERM" : "SIGKILL");
    power.addEventListener("abort", end, { once: true });
    const how = await daemon.exited;
    power.removeEventListener("abort", end);
    onEnd(how);
    pauseMs = clock.elapsed() - startedAt >= healthyMs ? restartFirstMs : Math.min(pauseMs * 2, restartMaxMs);
    await clock.sleep(pauseMs / 2, power).catch(() => {});
  }
}

async function endDaemon(daemon: DaemonHandle, clock: Clock, how: "SIGTERM" | "SIGKILL"): Promise<void> {
  daemon.kill(how);
  if (how === "SIGKILL") return;
  const exited = new AbortController();
  void daemon.exited.then(() => exited.abort());
  await clock.sleep(stopMs, exited.signal).then(
    () => daemon.kill("SIGKILL"),
    () => {},
  );
}
