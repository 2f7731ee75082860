import { type Api, isApiError } from "../../daemon/cluster/api.ts";
import type { Clock, Random } from "../../daemon/time/clock.ts";
import { type Machine, sentinelFile } from "../kubernetes/machines/machine.ts";
import type { DaemonHandle } from "../kubernetes/machines/supervisor.ts";
import { createKuredLock } from "./kured-lock.ts";

export interface KuredOptions {
  node: string;
  machine: Machine;
  /** Path of the DaemonSet that carries the lock. */
  daemonSet: string;
  clock: Clock;
  api: Api;
  random: Random;
  /** False once nobody needs it any more: it ends what it has begun, and begins nothing. */
  mayBegin: () => boolean;
  /** 1, where nothing is said. */
  concurrency?: number;
  /** A minute, where nothing is said. */
  periodMs?: number;
  /** For how long it drains, and whether that succeeds; without it a drain takes no time. */
  drain?: () => { ms: number; succeeds: boolean };
}

/** Of the first phase, in which it looks whether it comes back from a reboot. */
const minuteMs = 60_000;

/**
 * kured 1.23 as its documentation and its source describe it, with its defects; a drain is only a wait. It takes the lock where
 * there is room, or its name is in it already, cordons, and reboots; when it starts and its name is in the lock, it uncordons and
 * releases, whether there was a reboot or not.
 */
export function startKured(options: KuredOptions): DaemonHandle {
  const { node, machine, clock, api, random, mayBegin, concurrency = 1, periodMs = minuteMs } = options;
  const { drain = () => ({ ms: 0, succeeds: true }) } = options;
  const stop = new AbortController();
  const { signal } = stop;
  const exited = Promise.withResolvers<string>();
  const nodePath = `/api/v1/nodes/${node}`;
  const lock = createKuredLock({ ...options, concurrency }, signal);

  async function isCordoned(): Promise<boolean> {
    const { spec } = await api.get<{ spec?: { unschedulable?: boolean } }>(nodePath, { signal });
    return spec?.unschedulable === true;
  }

  async function cordon(unschedulable: true | null): Promise<void> {
    await api.patch(nodePath, { spec: { unschedulable } }, { signal });
  }

  /** An error in the log; it goes on. An error that is not the server's, and one that kured calls fatal, ends it. */
  async function unless<T>(work: () => Promise<T>): Promise<T | "failed"> {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) throw error;
      return "failed";
    }
  }

  /** What it left behind before the reboot, or before it was killed. Where it cannot tell for minutes, it never asks again. */
  async function comeBack(): Promise<void> {
    await clock.sleep(minuteMs * (0.5 + random()), signal);
    for (;;) {
      const held = await unless(lock.holding);
      if (held === undefined || held === "failed") return;
      const wasCordoned = await unless(isCordoned);
      if (wasCordoned !== "failed") {
        if (!held.unschedulable && wasCordoned) await cordon(null);
        if ((await unless(lock.release)) !== "failed") return;
      }
      await clock.sleep(minuteMs, signal);
    }
  }

  async function tick(): Promise<void> {
    if (!machine.hasFile(sentinelFile) || !mayBegin()) return;
    const unschedulable = await isCordoned();
    const held = await unless(lock.holding);
    if (held === undefined || held === "failed") {
      if ((await unless(() => lock.acquire(unschedulable))) !== true) return;
    }
    const { ms, succeeds } = drain();
    const cordoned = unschedulable ? undefined : await unless(() => cordon(true));
    if (cordoned !== "failed") await clock.sleep(ms, signal);
    if (cordoned === "failed" || !succeeds) {
      await unless(lock.release);
      return await cordon(null);
    }
    machine.shutDown();
    // It waits for the machine to go down, for as long as that takes.
    await clock.sleep(Number.POSITIVE_INFINITY, signal);
  }

  async function run(): Promise<void> {
    await comeBack();
    await clock.sleep(periodMs * (0.5 + random()), signal);
    // One tick waits where the last pass took longer than a period.
    for (let next = clock.elapsed(); ; next = Math.max(next + periodMs, clock.elapsed() - periodMs)) {
      await clock.sleep(Math.max(0, next - clock.elapsed()), signal);
      await tick();
    }
  }

  void run().catch((error: unknown) => exited.resolve(signal.aborted ? "killed" : fatal(error)));
  return {
    kill: (how) => {
      stop.abort(new Error(how));
      exited.resolve(how);
    },
    exited: exited.promise,
  };
}

function fatal(error: unknown): string {
  if (!isApiError(error)) throw error;
  return `fatal: ${error.message}`;
}
