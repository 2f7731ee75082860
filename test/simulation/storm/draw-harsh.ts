import type { RawOptions } from "../../../daemon/config/options.ts";
import type { Phase } from "../../../daemon/cycle/record.ts";
import type { FaultEffect } from "../../cluster/api/server.ts";
import type { HarshKind, HarshTrouble } from "./harsh.ts";
import type { Trouble } from "./scenario.ts";

/** From which a storm draws; each draw is a number in [0, 1). */
interface Source {
  random: () => number;
  names: readonly string[];
  options: RawOptions;
}

type Drawn = HarshTrouble extends infer T ? (T extends HarshTrouble ? T : never) : never;

/** What is refused for good: each has a way in which a daemon could be stuck, or ask without pause. */
const refusals: readonly (readonly [verb: string, resource: string])[] = [
  ["patch", "nodes"],
  ["get", "nodes"],
  ["list", "nodes"],
  ["watch", "nodes"],
  ["get", "leases"],
  ["patch", "leases"],
  ["watch", "leases"],
  ["list", "pods"],
  ["watch", "pods"],
  ["create", "pods"],
];

const draws: Record<HarshKind, (source: ReturnType<typeof sourceOf>) => Drawn> = {
  "late-writes": ({ node, oneOf, lasting }) => ({
    kind: "late-writes",
    node: node(),
    probability: oneOf(0.1, 0.3, 1),
    for: lasting(),
  }),
  "slow-answers": ({ node, integer, lasting }) => ({
    kind: "slow-answers",
    node: node(),
    mostMs: integer(1000, 25_000),
    for: lasting(),
  }),
  "lagging-watch": ({ node, integer, lasting }) => ({
    kind: "lagging-watch",
    node: node(),
    delayMs: integer(5000, 120_000),
    for: lasting(),
  }),
  "quiet-watch": ({ node, oneOf, lasting }) => ({
    kind: "quiet-watch",
    node: node(),
    shows: oneOf("nothing", "bookmarks"),
    for: lasting(),
  }),
  refused: ({ node, oneOf, integer }) => {
    const [verb, resource] = oneOf(...refusals);
    const effect = oneOf<FaultEffect>(
      { refusal: { code: 403, reason: "Forbidden", message: "a webhook says no" } },
      { status: 429, retryAfter: 1 },
      { status: 500 },
      { status: 409 },
    );
    return { kind: "refused", node: node(), verb, resource, effect, for: integer(120, 1500) };
  },
  suspended: ({ node, oneOf, integer }) => ({
    kind: "suspended",
    node: node(),
    isSetRight: oneOf(true, false),
    for: oneOf(integer(2, 60), integer(60, 3600)),
  }),
  "clock-set": ({ node, integer }) => ({
    kind: "clock-set",
    node: node(),
    ms: integer(-7_200_000, 7_200_000),
  }),
  "slow-shutdown": ({ node, integer }) => ({
    kind: "slow-shutdown",
    node: node(),
    shutdownSeconds: integer(3, 240),
    for: integer(60, 600),
  }),
  "shut-down": ({ node }) => ({ kind: "shut-down", node: node() }),
  restarted: ({ node }) => ({ kind: "restarted", node: node() }),
  restored: ({ oneOf, integer }) => {
    const what = oneOf(
      { leases: true, nodes: false },
      { leases: false, nodes: true },
      { leases: true, nodes: true },
    );
    return { kind: "restored", ...what, after: integer(10, 200) };
  },
  "lock-moved": ({ options, integer }) => ({
    kind: "lock-moved",
    options,
    every: integer(1, 20),
    for: integer(60, 400),
  }),
  "second-daemon": ({ node, oneOf, integer }) => ({
    kind: "second-daemon",
    node: node(),
    lock: oneOf("same", "other"),
    for: integer(60, 1500),
  }),
  outage: ({ oneOf, integer }) => ({ kind: "outage", for: oneOf(integer(60, 900), integer(900, 4200)) }),
  "old-version": ({ node, integer }) => ({ kind: "old-version", node: node(), for: integer(60, 600) }),
};

export const harshKinds = Object.keys(draws) as HarshKind[];

function sourceOf({ random, names, options }: Source) {
  const integer = (least: number, most: number) => least + Math.floor(random() * (most - least + 1));
  const oneOf = <T>(...things: readonly T[]) => things[integer(0, things.length - 1)] as T;
  return {
    integer,
    oneOf,
    options,
    node: () => oneOf(...names),
    lasting: () => integer(20, 300),
  };
}

/** So many of them, of these kinds, at any time of a storm or in a phase of a node. */
export function drawHarsh(
  source: Source,
  { count, kinds, within }: { count: number; kinds: readonly HarshKind[]; within: number },
): Trouble[] {
  const from = sourceOf(source);
  return Array.from({ length: count }, (): Trouble => {
    const trouble = draws[from.oneOf(...kinds)](from);
    const at = from.integer(0, within * 10) / 10;
    if (source.random() < 0.5) return { at, ...trouble };
    const phase = from.oneOf<Phase>(
      "Waiting",
      "Draining",
      "Rebooting",
      "Rebooting",
      "Returning",
      "Restoring",
    );
    const node = "node" in trouble ? trouble.node : from.node();
    return { at: at / 4, once: { node, phase }, ...trouble };
  });
}
