import { lockPlaceOf } from "../../../daemon/config/lock-place.ts";
import { type Config, parseConfig, type RawOptions } from "../../../daemon/config/options.ts";
import type { Scenario } from "./scenario.ts";

/** A process that was told something else may have sent a request before it ended. */
const lingerMs = 45_000;

/** So long after it has ended a second daemon counts in what was asked of the server. */
const whileMs = 11 * 60_000;

interface Told {
  isSecond: boolean;
  until: number;
  config: Config;
}

/** What each daemon is told, and was told a moment ago. */
export type Settings = ReturnType<typeof createSettings>;

export function createSettings({ nodes, options }: Scenario) {
  const told = new Map<string, Told[]>();
  const latest = (node: string, options: RawOptions): Told => ({
    isSecond: false,
    until: Number.POSITIVE_INFINITY,
    config: parseConfig({ "node-id": node, ...options }),
  });
  for (let number = 1; number <= nodes; number += 1) {
    told.set(`n${number}`, [latest(`n${number}`, options)]);
  }
  const recent = (node: string, now: number) =>
    (told.get(node) ?? []).filter(({ until }) => now <= until + lingerMs).map(({ config }) => config);

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
      recent(node, now).map((config) => {
        const { namespace, name } = lockPlaceOf(config);
        return `${namespace}/${name}`;
      }),
    periodMs: (node: string, now: number): number =>
      Math.max(...recent(node, now).map(({ period }) => period)),
    settleMs: (node: string, now: number): number =>
      Math.max(...recent(node, now).map((config) => config["ready-settle"])),
    rebootingMs: (node: string, now: number): number =>
      Math.max(...recent(node, now).map((config) => config["reboot-timeout"] * config["reboot-attempts"])),
    concurrencyOf: (node: string, now: number): number =>
      Math.max(
        ...recent(node, now).map(({ concurrency }) => ("nodes" in concurrency ? concurrency.nodes : 1)),
      ),
    haltAfterOf(node: string, now: number): { reboots: number; drains: number } {
      const most = (option: "halt-after-failures" | "halt-after-failed-drains") =>
        Math.max(...recent(node, now).map((config) => config[option] || Number.POSITIVE_INFINITY));
      return { reboots: most("halt-after-failures"), drains: most("halt-after-failed-drains") };
    },
    drainTimeoutMs: (node: string, now: number): number =>
      Math.max(...recent(node, now).map((config) => config["drain-timeout"])),
    leastDrainTimeoutMs: (node: string, now: number): number =>
      Math.min(...recent(node, now).map((config) => config["drain-timeout"])),
    isPreflightOn: (node: string, now: number): boolean =>
      recent(node, now).every(({ preflight }) => preflight === "on"),
    /** After how many failures in a row it is left alone; infinity for never. */
    failuresMaxOf: (node: string, now: number): number =>
      Math.max(
        ...recent(node, now).map((config) => config["max-failures-per-node"] || Number.POSITIVE_INFINITY),
      ),
    releaseDelayMs: (node: string, now: number): number =>
      Math.max(...recent(node, now).map((config) => config["lock-release-delay"])),
    /** To one of the node's daemons. */
    isWindowOpen: (node: string, time: number, now: number): boolean =>
      recent(node, now).some((config) => isWithin(config, time)),
    /** To all of them: what one of two daemons says on the Node is true by its own window. */
    isWindowOpenToAll: (node: string, time: number, now: number): boolean =>
      recent(node, now).every((config) => isWithin(config, time)),
  };
}

/** Windows begin at midnight here, and storms at noon. */
function isWithin(config: Config, time: number): boolean {
  return (time / 1000) % 86_400 <= config["end-time"] + 1;
}
