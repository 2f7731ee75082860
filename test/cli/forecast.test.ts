import { contract } from "../../daemon/annotations/names.ts";
import { forecastText } from "../../daemon/cli/forecast-text.ts";
import type { RawOptions } from "../../daemon/config/settings.ts";
import { forecast } from "../../daemon/forecast/forecast.ts";
import type { ForecastNode, ForecastOptions } from "../../daemon/forecast/input.ts";
import { iso } from "../../daemon/time/iso.ts";
import { type ClusterOptions, cluster, daemons, hour, minute, node, noon } from "../forecast/builders.ts";
import { assertGolden, inWords } from "./golden.ts";

const ago = (ms: number) => iso(noon - ms);
const window = { window: ["0 22 * * * for 20m"], "time-zone": "Europe/Berlin" };
const five = ["worker-1", "worker-2", "worker-3", "worker-4", "worker-5"].map((name) => node(name));
const entry = JSON.stringify({
  nodeID: "worker-1",
  created: ago(minute),
  concurrency: 1,
  nodeUID: "uid-worker-1",
});
const reason = (gate: string, code: string, message: string) => ({
  record: { reasons: [{ gate, code, message, since: ago(hour) }] },
});

interface Case extends Omit<ClusterOptions, "options"> {
  options?: RawOptions;
  how?: Partial<ForecastOptions>;
  isNamed?: boolean;
}

const underWay = (record: NonNullable<Parameters<typeof node>[1]>["record"]): readonly ForecastNode[] => [
  node("worker-1", {
    unschedulable: true,
    record: { bootID: "boot-of-worker-1", attempt: 1, cordoned: true, ...record },
  }),
  node("worker-2"),
];

/** Each phase, gate and trouble in which a node of a forecast may be. */
const cases: Record<string, Case> = {
  "no-need": { nodes: [node("worker-1", { record: { phase: "Idle", need: undefined } })] },
  "named-without-need": {
    nodes: [node("worker-1", { record: { phase: "Idle", need: undefined } })],
    isNamed: true,
  },
  "all-need": { options: window, nodes: five, how: { ifAllNeed: true } },
  window: { options: window, nodes: five },
  "two-windows": {
    options: { ...window, blackout: ["2026-11-25"] },
    nodes: [...five, ...five.map((one) => ({ ...one, name: `${one.name}0` }))],
  },
  priorities: {
    nodes: [node("late", { annotations: { [contract.priority.key]: "low" } }), node("worker-1")],
  },
  draining: {
    nodes: underWay({ phase: "Draining", since: ago(minute) }),
    annotations: { "rebootd.dev/lock": entry },
  },
  rebooting: {
    nodes: underWay({ phase: "Rebooting", since: ago(minute), askedAt: ago(minute) }),
    annotations: { "rebootd.dev/lock": entry },
  },
  returning: {
    nodes: underWay({ phase: "Returning", since: ago(30_000) }),
    annotations: { "rebootd.dev/lock": entry },
  },
  "not-returning": {
    nodes: underWay({ phase: "Returning", since: ago(hour) }).map((one, index) =>
      index === 0 ? { ...one, facts: { ...one.facts, ready: false } } : one,
    ),
    annotations: { "rebootd.dev/lock": entry },
  },
  failed: {
    nodes: [
      node("worker-1", {
        record: {
          phase: "Failed",
          since: ago(minute),
          failures: 2,
          outcome: { result: "failed", at: ago(minute), message: "the drain timed out" },
        },
      }),
    ],
  },
  paused: { nodes: [node("worker-1", { annotations: { [contract.paused.key]: "batch job" } })] },
  "all-paused": { nodes: five, annotations: { [contract.paused.key]: "until 2026-11-24T15:00:00Z: etcd" } },
  locked: {
    nodes: five,
    annotations: { "rebootd.dev/lock": '{"nodeID":"manual","reason":"incident 4711"}' },
  },
  alerts: {
    nodes: [node("worker-1", reason("alerts", "active", "alerts are active: Fire")), node("worker-2")],
  },
  "no-daemon": { nodes: [node("worker-1", { trouble: "no rebootd pod on it" })] },
  "no-cycle-yet": { nodes: [node("worker-1", { record: { history: undefined, lastDrainMs: undefined } })] },
  "two-kinds": {
    daemons: [daemons(window, "ops/late"), daemons({ window: ["0 20 * * * for 1h"] }, "ops/early")],
    nodes: [node("worker-1", { daemon: "ops/late" }), node("worker-2", { daemon: "ops/early" })],
  },
};

describe("The text of a forecast", () => {
  for (const [name, { how, isNamed = false, ...given }] of Object.entries(cases)) {
    for (const columns of [80, 160]) {
      it(`reads well for ${name} at ${columns} columns`, () => {
        const input = cluster(given);
        const zone = input.daemons[0]?.window.zone ?? "UTC";
        const found = forecast(input, { from: noon, days: 3, ...how });
        const text = forecastText(found, { zone, isNamed, terminal: { columns }, now: noon });
        assertGolden(`forecast/${name}-${columns}`, inWords(text));
      });
    }
  }
});
