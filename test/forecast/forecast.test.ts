import assert from "node:assert/strict";
import type { RawOptions } from "../../daemon/config/settings.ts";
import { forecast } from "../../daemon/forecast/forecast.ts";
import type { ForecastNode, ForecastOptions } from "../../daemon/forecast/input.ts";
import { iso } from "../../daemon/time/iso.ts";
import { type ClusterOptions, cluster, daemons, hour, minute, node, noon } from "./builders.ts";

const ago = (ms: number) => iso(noon - ms);
const zone = (name: string) => ({ labels: { "topology.kubernetes.io/zone": name } });
const waits = (gate: string, code: string, message: string) => ({
  record: { reasons: [{ gate, code, message, since: ago(hour) }] },
});

function foresee(given: ClusterOptions, more: Partial<ForecastOptions> = {}) {
  return forecast(cluster(given), { from: noon, days: 3, ...more });
}

/** "a 12:00-12:06", in the order of the nodes; days after the first one are counted. */
function times(given: ClusterOptions, more: Partial<ForecastOptions> = {}): string[] {
  const { from = noon } = more;
  const text = (time: string | undefined) => {
    if (time === undefined) return "never";
    const rounded = Math.floor(Date.parse(time) / minute) * minute;
    const day = Math.floor(rounded / (24 * hour)) - Math.floor(from / (24 * hour));
    return `${day > 0 ? `+${day} ` : ""}${iso(rounded).slice(11, 16)}`;
  };
  return foresee(given, more).nodes.map(({ node, startsAt, endsAt }) =>
    startsAt === undefined ? `${node} never` : `${node} ${text(startsAt)}-${text(endsAt)}`,
  );
}

const mayWait = () => ({ source: "file", reasons: [], since: ago(2 * hour), urgency: "low" as const });
const three = [node("a"), node("b"), node("c")];

describe("A forecast", () => {
  const cases: [what: string, options: RawOptions, nodes: readonly ForecastNode[], expected: string[]][] = [
    [
      "lets one node go after the other, each as long as its last cycle",
      {},
      three,
      ["a 12:00-12:06", "b 12:06-12:12", "c 12:12-12:18"],
    ],
    ["fills all slots", { concurrency: "2" }, three, ["a 12:00-12:06", "b 12:00-12:06", "c 12:06-12:12"]],
    [
      "counts the delays of the options",
      { "drain-delay": "1m", "reboot-delay": "1m", "ready-settle": "2m", "lock-release-delay": "10m" },
      [node("a"), node("b")],
      // The times that were learned contain the delays, but for the one before the release.
      ["a 12:00-12:17", "b 12:17-12:34"],
    ],
    [
      "keeps the least time between two reboots",
      { concurrency: "2", "min-interval": "30m" },
      three,
      ["a 12:00-12:06", "b 12:36-12:42", "c 13:12-13:18"],
    ],
    [
      "keeps to a limit for each zone",
      { concurrency: "3", "max-per-zone": "1" },
      [node("a", zone("x")), node("b", zone("x")), node("c", zone("y"))],
      ["a 12:00-12:06", "b 12:06-12:12", "c 12:00-12:06"],
    ],
    [
      "waits for the window, and for the next one where this is too short",
      { window: ["0 22 * * * for 14m"], "window-margin": "3m" },
      three,
      ["a 22:00-22:06", "b 22:06-22:12", "c +1 22:00-+1 22:06"],
    ],
    [
      "lets priorities go first, then the longest wait",
      {},
      [
        node("low", { annotations: { "rebootd.dev/priority": "low" } }),
        node("new", { record: { need: { source: "file", reasons: [], since: ago(minute) } } }),
        node("old"),
        node("high", { annotations: { "rebootd.dev/priority": "high" } }),
      ],
      ["low 12:18-12:24", "new 12:12-12:18", "old 12:06-12:12", "high 12:00-12:06"],
    ],
    [
      "lets a node go last whose reboot may wait, but for the priority that a person gives it",
      {},
      [
        node("patched", { record: { need: mayWait() } }),
        node("chosen", {
          record: { need: mayWait() },
          annotations: { "rebootd.dev/priority": "high" },
        }),
        node("new", { record: { need: { source: "file", reasons: [], since: ago(minute) } } }),
      ],
      ["patched 12:12-12:18", "chosen 12:00-12:06", "new 12:06-12:12"],
    ],
    [
      "waits for the end of a pause, and for ever where it has none",
      {},
      [
        node("a", { annotations: { "rebootd.dev/paused": "until 2026-11-24T13:00:00Z" } }),
        node("b", { annotations: { "rebootd.dev/paused": "batch job" } }),
      ],
      ["a 13:00-13:06", "b never"],
    ],
    [
      "waits for the end of a back-off",
      {},
      [node("a", { record: { phase: "Failed", since: ago(minute), failures: 2, outcome: failed() } })],
      ["a 12:01-12:07"],
    ],
    [
      "takes a gate that nobody can foresee to stay as it is",
      {},
      [node("a", waits("alerts", "active", "alerts are active: Fire")), node("b")],
      ["a never", "b 12:00-12:06"],
    ],
    [
      "leaves out nodes that need no reboot, or have no daemon that works",
      {},
      [
        node("idle", { record: { phase: "Idle", need: undefined } }),
        node("none", { daemon: undefined }),
        node("dead", { trouble: "no rebootd pod on it" }),
      ],
      ["idle never", "none never", "dead never"],
    ],
    [
      "lets an urgent request pass the window",
      { window: ["0 22 * * * for 1h"] },
      [node("a", { annotations: { "rebootd.dev/reboot-requested": "urgent: hole" } }), node("b")],
      ["a 12:00-12:06", "b 22:00-22:06"],
    ],
    [
      "counts nodes that are not available for --max-unavailable",
      { concurrency: "3", "max-unavailable": "2" },
      [node("a"), node("b"), node("broken", { ready: false, record: { phase: "Idle", need: undefined } })],
      ["a 12:00-12:06", "b 12:06-12:12", "broken never"],
    ],
    [
      "lets members of the control plane go one at a time",
      { concurrency: "3" },
      ["a", "b", "c"].map((name) =>
        node(name, { labels: name === "c" ? {} : { "node-role.kubernetes.io/control-plane": "" } }),
      ),
      ["a 12:00-12:06", "b 12:06-12:12", "c 12:00-12:06"],
    ],
  ];
  for (const [what, options, nodes, expected] of cases) {
    it(what, () => assert.deepEqual(times({ options, nodes }), expected));
  }

  const entry = (nodeID: string) =>
    JSON.stringify({ nodeID, created: ago(hour), concurrency: 1, nodeUID: `uid-${nodeID}` });
  const underWay: [phase: string, record: Parameters<typeof node>[1], expected: string[]][] = [
    ["Draining", { record: { phase: "Draining", since: ago(minute), cordoned: true } }, ["b 12:05-12:11"]],
    [
      "Rebooting",
      {
        ready: false,
        record: { phase: "Rebooting", since: ago(minute), askedAt: ago(minute), cordoned: true },
      },
      ["b 12:03-12:09"],
    ],
    [
      "Returning",
      { ready: false, record: { phase: "Returning", since: ago(30_000), cordoned: true } },
      ["b 12:00-12:06"],
    ],
    [
      "Returning for longer than it may",
      { ready: false, record: { phase: "Returning", since: ago(hour), cordoned: true } },
      ["b never"],
    ],
  ];
  for (const [phase, { record, ...options } = {}, expected] of underWay) {
    it(`goes on with a node that is ${phase}`, () => {
      const a = node("a", {
        ...options,
        unschedulable: true,
        record: { bootID: "boot-of-a", attempt: 1, ...record },
      });
      const given = { nodes: [a, node("b")], annotations: { "rebootd.dev/lock": entry("a") } };
      assert.deepEqual(times(given).slice(1), expected);
    });
  }

  const held: [what: string, annotations: Record<string, string>, expected: string, why: RegExp][] = [
    [
      "locked manually",
      { "rebootd.dev/lock": '{"nodeID":"manual","reason":"tax day"}' },
      "never",
      /locked manually: tax day/,
    ],
    ["paused", { "rebootd.dev/paused": "true" }, "never", /all nodes are paused/],
    [
      "paused for a while",
      { "rebootd.dev/paused": "until 2026-11-24T15:00:00Z" },
      "15:00-15:06",
      /paused until/,
    ],
    [
      "halted after failures",
      {
        "rebootd.dev/failures": JSON.stringify(
          ["x", "y", "z"].map((name) => ({ node: name, at: ago(hour), message: "why" })),
        ),
      },
      "never",
      /until rebootd resume --all/,
    ],
  ];
  for (const [what, annotations, expected, why] of held) {
    it(`says so where all nodes are ${what}`, () => {
      const given = { nodes: [node("a")], annotations };
      assert.deepEqual(times(given), [`a ${expected}`]);
      const { nodes, assumptions } = foresee(given);
      assert.match(nodes[0]?.why.join("; ") ?? "", why);
      assert.match(assumptions.join("; "), why);
    });
  }

  it("takes all nodes for ones that need a reboot, on request", () => {
    const idle = { record: { phase: "Idle", need: undefined } } as const;
    const given = { nodes: [node("a", idle), node("b", idle)] };
    assert.deepEqual(times(given, { ifAllNeed: true }), ["a 12:00-12:06", "b 12:06-12:12"]);
  });

  it("begins at another time with the cluster as it is now", () => {
    const record = { phase: "Failed", since: ago(minute), failures: 2, outcome: failed() } as const;
    const given = { nodes: [node("a", { record }), node("b")], options: { window: ["0 22 * * * for 1h"] } };
    const from = noon + 10 * hour + 30 * minute;
    assert.deepEqual(times(given, { from }), ["a 22:36-22:42", "b 22:30-22:36"]);
  });

  it("names the range of times where the lot decides, and none where it does not", () => {
    const high = node("high", { annotations: { "rebootd.dev/priority": "high" } });
    const { nodes } = foresee({ nodes: [node("a"), node("b"), high] });
    const lots = nodes.map(({ lot }) => lot && [lot.earliest.slice(11, 16), lot.latest.slice(11, 16)]);
    assert.deepEqual(lots, [["12:06", "12:12"], ["12:06", "12:12"], undefined]);
  });

  it("knows daemons with other options on other nodes", () => {
    const given = {
      daemons: [
        daemons({ window: ["0 20 * * * for 1h"] }, "ops/early"),
        daemons({ window: ["0 21 * * * for 1h"] }, "ops/late"),
      ],
      nodes: [node("a", { daemon: "ops/late" }), node("b", { daemon: "ops/early" })],
    };
    assert.deepEqual(times(given), ["a 21:00-21:06", "b 20:00-20:06"]);
    const { windows } = foresee(given, { days: 1 });
    assert.deepEqual(
      windows.map(({ opensAt, of }) => `${opensAt.slice(11, 16)} ${of}`),
      ["20:00 ops/early", "21:00 ops/late"],
    );
  });

  it("takes the median of the others where a node has had no cycle, and says so", () => {
    const fresh = node("new", { record: { lastDrainMs: undefined, history: undefined } });
    const given = { nodes: [node("a"), fresh] };
    assert.deepEqual(times(given), ["a 12:00-12:06", "new 12:06-12:12"]);
    assert.match(foresee(given).assumptions.join("; "), /as the median .* on 1 node/);
    assert.match(foresee({ nodes: [fresh] }).assumptions.join("; "), /a drain takes 5m, a reboot 3m/);
  });

  it("lists the windows and blackouts of its time, and no more", () => {
    const options = { window: ["0 22 * * * for 1h"], blackout: ["2026-11-25"] };
    const { windows, blackouts, until } = foresee({ options, nodes: [] });
    assert.equal(until, "2026-11-27T12:00:00.000Z");
    assert.deepEqual(
      windows.map(({ opensAt }) => opensAt.slice(0, 16)),
      ["2026-11-24T22:00", "2026-11-26T22:00"],
    );
    assert.deepEqual(blackouts, [
      { opensAt: "2026-11-25T00:00:00.000Z", closesAt: "2026-11-26T00:00:00.000Z" },
    ]);
  });
});

function failed() {
  return { result: "failed", at: ago(minute), message: "the drain timed out" } as const;
}
