import {
  type Settings as DaemonSettings,
  parseSettings,
  type RawOptions,
} from "../../../daemon/config/settings.ts";
import type { Scenario } from "./scenario.ts";

/** A process that was told something else may have sent a request before it ended. */
const lingerMs = 45_000;

/** Until a Job that is late is given up, and the next look. */
const jobLateMs = 90_000;

/** So long after it has ended a second daemon counts in what was asked of the server. */
const whileMs = 11 * 60_000;

interface Told {
  isSecond: boolean;
  until: number;
  settings: DaemonSettings;
}

/** What each daemon is told, and was told a moment ago. */
export type Settings = ReturnType<typeof createSettings>;

export function createSettings({ nodes, options }: Scenario) {
  const told = new Map<string, Told[]>();
  const latest = (node: string, options: RawOptions): Told => ({
    isSecond: false,
    until: Number.POSITIVE_INFINITY,
    settings: parseSettings({ "node-id": node, ...options }),
  });
  for (let number = 1; number <= nodes; number += 1) {
    told.set(`n${number}`, [latest(`n${number}`, options)]);
  }
  const recent = (node: string, now: number) =>
    (told.get(node) ?? []).filter(({ until }) => now <= until + lingerMs).map(({ settings }) => settings);

  return {
    change(node: string, options: RawOptions, now: number): void {
      const before = (told.get(node) ?? []).map((one) =>
        one.isSecond ? one : { ...one, until: Math.min(one.until, now) },
      );
      told.set(node, [...before, latest(node, options)]);
    },
    /** A second daemon of the node; until the answer is called. */
    addSecond(node: string, options: RawOptions): (now: number) => void {
      const second = { ...latest(node, options), isSecond: true };
      told.set(node, [...(told.get(node) ?? []), second]);
      return (end) => {
        second.until = end;
      };
    },
    /** How many it has, or had a while ago. */
    daemonsOf: (node: string, now: number): number =>
      1 + (told.get(node) ?? []).filter(({ isSecond, until }) => isSecond && now <= until + whileMs).length,
    locksOf: (node: string, now: number): readonly string[] =>
      recent(node, now).map(({ lock }) => `${lock.place.namespace}/${lock.place.name}`),
    periodMs: (node: string, now: number): number =>
      Math.max(...recent(node, now).map(({ node: { periodMs } }) => periodMs)),
    settleMs: (node: string, now: number): number =>
      Math.max(...recent(node, now).map(({ ready }) => ready.policy.readySettleMs)),
    rebootingMs: (node: string, now: number): number =>
      Math.max(
        ...recent(node, now).map(({ reboot: { policy } }) => policy.rebootTimeoutMs * policy.rebootAttempts),
      ),
    concurrencyOf: (node: string, now: number): number =>
      Math.max(
        ...recent(node, now).map(({ lock: { concurrency } }) =>
          "nodes" in concurrency ? concurrency.nodes : 1,
        ),
      ),
    haltAfterOf(node: string, now: number): { reboots: number; drains: number } {
      const most = (kind: "reboots" | "drains") =>
        Math.max(...recent(node, now).map(({ lock }) => lock.haltAfter[kind] || Number.POSITIVE_INFINITY));
      return { reboots: most("reboots"), drains: most("drains") };
    },
    drainTimeoutMs: (node: string, now: number): number =>
      Math.max(...recent(node, now).map(({ drain }) => drain.planned.escalation.drainTimeoutMs)),
    leastDrainTimeoutMs: (node: string, now: number): number =>
      Math.min(...recent(node, now).map(({ drain }) => drain.planned.escalation.drainTimeoutMs)),
    /** For how long the Jobs before and after a reboot may take, both together; 0 without any. */
    jobsMs: (node: string, now: number): number => Math.max(...recent(node, now).map(jobsMsOf)),
    /** Each of its daemons runs one before a reboot, as each did a moment ago. */
    runsJobBefore: (node: string, now: number): boolean =>
      recent(node, now).every(({ hooks }) => hooks.beforeJob.template !== undefined),
    isPreflightOn: (node: string, now: number): boolean =>
      recent(node, now).every(({ drain }) => drain.isPreflightOn),
    /** Whether it always waits for pods that ask for time, and for as long as they are there. */
    optOutsOf(node: string, now: number): "unasked" | "waits" | "gives-up" {
      const waits = recent(node, now).map(({ drain }) => drain.optOuts);
      if (waits.includes(undefined)) return "unasked";
      return waits.every((one) => one?.late === "give-up") ? "gives-up" : "waits";
    },
    /** After how many failures in a row it is left alone; infinity for never. */
    failuresMaxOf: (node: string, now: number): number =>
      Math.max(
        ...recent(node, now).map(
          ({ reboot }) => reboot.policy.maxFailuresPerNode || Number.POSITIVE_INFINITY,
        ),
      ),
    releaseDelayMs: (node: string, now: number): number =>
      Math.max(...recent(node, now).map(({ lock }) => lock.releaseDelayMs)),
    /** To one of the node's daemons. */
    isWindowOpen: (node: string, time: number, now: number): boolean =>
      recent(node, now).some((settings) => isWithin(settings, time)),
    /** To all of them: what one of two daemons says on the Node is true by its own window. */
    isWindowOpenToAll: (node: string, time: number, now: number): boolean =>
      recent(node, now).every((settings) => isWithin(settings, time)),
  };
}

/** Windows begin at midnight here, and storms at noon. */
function isWithin({ window: { windows } }: DaemonSettings, time: number): boolean {
  return windows.every((window) => !("end" in window) || (time / 1000) % 86_400 <= window.end + 1);
}

function jobsMsOf({ hooks: { beforeJob, afterJob } }: DaemonSettings): number {
  const named = [beforeJob, afterJob].filter(({ template }) => template !== undefined);
  return named.reduce((sum, { timeoutMs }) => sum + timeoutMs + jobLateMs, 0);
}
