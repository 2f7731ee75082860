/** The usual troubles, each as often in the table as it is to be drawn, and the options of the daemons. */
import type { RawOptions } from "../../../daemon/config/settings.ts";
import type { FaultEffect } from "../../kubernetes/api/server.ts";
import type { Draw } from "./draw.ts";
import type { Limits, Trouble } from "./scenario.ts";

export type Undated = Omit<Trouble, "at">;

const lockValues = ['{"nodeID":"manual"}', "not a lock", "{}", '{"maxOwners":2,"locks":[]}', "[1]"];

function effectOf({ oneOf, integer }: Draw): FaultEffect {
  return oneOf<() => FaultEffect>(
    () => ({ status: oneOf(500, 503, 409) }),
    () => ({ refusal: { code: 403, reason: "Forbidden", message: "a webhook says no" } }),
    () => ({ status: 429, retryAfter: integer(1, 5) }),
    () => "reset-before",
    () => "reset-after",
    () => ({ latencyMs: integer(50, 6000) }),
    () => "hang",
    () => ({ watchDelayMs: integer(100, 5000) }),
    () => "cut-watch",
  )();
}

function userOf({ chance, oneOf, node }: Draw): string {
  return chance(0.8) ? `rebootd:${node()}` : oneOf(`kubelet:${node()}`, "controllers");
}

/** One of the usual troubles. `options`: draws those of a daemon that is configured anew. */
export function drawUsual(draw: Draw, options: () => RawOptions): Undated {
  const { integer, oneOf, node } = draw;
  const lasting = () => integer(2, 90);
  return oneOf<() => Undated>(
    () => ({ kind: "want", node: node() }),
    () => ({ kind: "want", node: node() }),
    () => ({ kind: "unwant", node: node() }),
    () => ({ kind: "stubborn", node: node(), for: integer(60, 300) }),
    () => ({ kind: "crash", node: node() }),
    () => ({
      kind: "crash-at-write",
      node: node(),
      skip: integer(0, 6),
      when: oneOf("before", "after") as "before" | "after",
    }),
    () => ({
      kind: "crash-at-write",
      node: node(),
      skip: integer(0, 6),
      when: oneOf("before", "after") as "before" | "after",
    }),
    () => ({
      kind: "fault",
      user: userOf(draw),
      effect: effectOf(draw),
      probability: oneOf(0.2, 0.5, 1),
      for: lasting(),
    }),
    () => ({ kind: "lost-answer", node: node(), skip: integer(0, 6) }),
    () => ({ kind: "lost-answer", node: node(), skip: integer(0, 6) }),
    () => ({ kind: "partition", user: userOf(draw), for: lasting() }),
    () => ({ kind: "away", for: integer(1, 40) }),
    () => ({ kind: "cut-watches" }),
    () => ({ kind: "compact" }),
    () => ({ kind: "power-failure", node: node() }),
    () => ({ kind: "slow-boot", node: node(), downSeconds: integer(20, 150), for: 300 }),
    () => ({ kind: "no-boot", node: node(), for: integer(60, 300) }),
    () => ({ kind: "no-shutdown", node: node(), for: integer(30, 200) }),
    () => ({ kind: "cordon", node: node(), for: integer(5, 300) }),
    () => ({ kind: "uncordon", node: node() }),
    () => ({ kind: "lock-overwritten", value: oneOf(...lockValues), for: lasting() }),
    () => ({ kind: "lock-by-hand", for: integer(5, 200) }),
    () => ({ kind: "slot-taken-away", node: node() }),
    () => ({ kind: "lock-deleted", for: integer(1, 60) }),
    () => ({ kind: "node-deleted", node: node(), for: integer(5, 120) }),
    () => ({
      kind: "reconfigured",
      options: options(),
      every: integer(1, 20),
    }),
    () => ({ kind: "alerts", for: lasting() }),
    () => ({ kind: "budget", for: integer(20, 600) }),
    () => ({ kind: "budget", for: integer(20, 600) }),
  )();
}

/** So that all daemons of a storm agree on it, and no other draw changes. */
export function hasSilences(seed: number): boolean {
  return seed % 4 === 2;
}

const silencing: readonly [keyof RawOptions, string][] = [
  ["alertmanager-url", "http://alertmanager.test"],
  ["silence-matchers", 'node="{node}"'],
];

/** Those of a daemon; some depend on the seed itself, so that all daemons of a storm agree on them. */
export function drawOptions(draw: Draw, seed: number, limits: Limits): RawOptions {
  const { oneOf, chance } = draw;
  const maybe = <T>(probability: number, thing: () => T) => (chance(probability) ? [thing()] : []);
  const options: [keyof RawOptions, string | string[]][] = [
    ["concurrency", String(limits.concurrency ?? oneOf(1, 2, 3))],
    ["period", oneOf("30s", "5m", "1h")],
    ["drain-timeout", oneOf("30s", "2m")],
    // Drains are to pass the end of the window.
    ["window-margin", "0"],
    ["reboot-timeout", oneOf("40s", "2m")],
    ["ready-timeout", "2m"],
    ["ready-settle", oneOf("0", "5s", "15s")],
    ["prometheus-url", "http://prometheus.test"],
    ["halt-after-failures", oneOf("0", "1", "3")],
    // Drains fail often, reboots hardly ever.
    ["halt-after-failed-drains", seed % 3 === 0 ? "0" : "3"],
    // Half of the storms begin drains that cannot succeed.
    ["preflight", seed % 2 === 1 ? "off" : "on"],
    ...(hasSilences(seed) ? silencing : []),
    ...maybe(0.3, () => ["max-unavailable", oneOf("1", "2", "50%")] as [keyof RawOptions, string]),
    ...maybe(0.3, () => ["reboot-delay", oneOf("3s", "20s")] as [keyof RawOptions, string]),
    ...maybe(0.3, () => ["lock-release-delay", oneOf("3s", "30s")] as [keyof RawOptions, string]),
    ...maybe(0.3, () => ["drain-delay", oneOf("3s", "20s")] as [keyof RawOptions, string]),
    ...maybe(0.3, () => ["prefer-no-schedule-taint", "test/soft"] as [keyof RawOptions, string]),
    ...maybe(0.3, () => ["pre-reboot-node-labels", ["test/state=rebooting"]] as [keyof RawOptions, string[]]),
    ...maybe(0.2, () => ["lb-exclude", "true"] as [keyof RawOptions, string]),
    // The storm begins at noon.
    ...maybe(0.2, () => ["end-time", oneOf("12:04", "12:08")] as [keyof RawOptions, string]),
  ];
  return Object.fromEntries(options);
}
