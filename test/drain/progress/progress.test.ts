import assert from "node:assert/strict";
import type { ApiErrorCode } from "../../../daemon/cluster/api.ts";
import type { EvictionRefusal } from "../../../daemon/drain/evict.ts";
import { type DrainEvent, type DrainRules, judged } from "../../../daemon/drain/progress/events.ts";
import { beginDrain, type Progress } from "../../../daemon/drain/progress/progress.ts";
import { step } from "../../../daemon/drain/progress/step.ts";
import { stateOf } from "../../../daemon/drain/progress/summary.ts";
import type { Verdict } from "../../../daemon/drain/select.ts";

const noon = Date.parse("2026-11-24T12:00:00Z");
const time = (seconds: number) => new Date(noon + seconds * 1000).toISOString();
const evict: Verdict = { do: "evict", reasons: [] };
const rules: DrainRules = {
  parallelism: 50,
  skipWaitForDeleteMs: 0,
  deleteAt: Number.POSITIVE_INFINITY,
  deadline: 900_000,
  volumeTimeoutMs: 120_000,
  cordonedAt: noon,
  cordonedAtByServer: noon,
};

interface PodFacts {
  /** Its controller. */
  of?: string;
  tier?: "system-cluster-critical" | "system-node-critical";
  phase?: string;
  /** Seconds after noon. */
  made?: number;
  /** When its grace of 30 s ends, in seconds after noon. */
  ends?: number;
  tolerates?: true;
  boundByName?: true;
  claim?: string;
  verdict?: Verdict;
  /** Its label of that name. */
  app?: string;
  ready?: boolean;
  /** Its namespace. */
  in?: string;
}

function pod(name: string, facts: PodFacts = {}) {
  const { of, tier, phase = "Running", made = -3600, ends, tolerates, boundByName, claim, app } = facts;
  const { ready = true } = facts;
  const owner = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    name: of ?? "",
    uid: of ?? "",
    controller: true,
  };
  const nodeSelectorTerms = [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["n1"] }] }];
  const affinity = {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
  };
  const body = {
    metadata: {
      name,
      namespace: facts.in ?? "shop",
      uid: name,
      ...(app && { labels: { app } }),
      creationTimestamp: time(made),
      ...(of && { ownerReferences: [owner] }),
      ...(ends !== undefined && { deletionTimestamp: time(ends), deletionGracePeriodSeconds: 30 }),
    },
    spec: {
      containers: [],
      ...(tier && { priorityClassName: tier }),
      ...(tolerates && { tolerations: [{ operator: "Exists" }] }),
      ...(boundByName && { affinity }),
      ...(claim && { volumes: [{ name: "v", persistentVolumeClaim: { claimName: claim } }] }),
    },
    status: { phase, conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  };
  return judged(body, facts.verdict ?? evict);
}

type Pod = ReturnType<typeof pod>;
const listed = (...pods: Pod[]): DrainEvent => ({ type: "listed", pods });
const seen = (one: Pod): DrainEvent => ({ type: "seen", ...one });
const gone = ({ pod }: Pod): DrainEvent => ({ type: "gone", pod });
const agreed = (uid: string): DrainEvent => ({ type: "agreed", uid });
const tick: DrainEvent = { type: "time" };
const refused = (uid: string, by: EvictionRefusal["by"] = "budget", retryAfterMs = 0): DrainEvent => {
  return { type: "refused", uid, refusal: { by, why: "no" }, retryAfterMs, chance: 0 };
};

/** In seconds after noon, when the drain begins in what is not said. */
type Row = [second: number, event: DrainEvent, asks: string];

/** What is asked for, such as "evict a, wait 2"; reports of evictions and refusals are left out, watches mostly, and in plays what is only said anew. */
function told(requests: ReturnType<typeof step>["requests"], withWatches: boolean): string {
  return requests
    .flatMap((one) => {
      switch (one.do) {
        case "evict":
        case "delete":
          return `${one.do} ${one.pod.metadata?.name}`;
        case "watch":
        case "unwatch":
          return withWatches ? `${one.do} ${one.namespace}` : [];
        case "wait":
          return `wait ${one.until / 1000}`;
        case "detach":
          return `detach ${one.claims.join(" ")} until ${one.until / 1000}`;
        case "notify":
          return "notify";
        case "report":
          if (one.what === "requested" || one.what === "refused") return [];
          return `${one.what} ${one.pod.metadata?.name}: ${one.reasons.join(" ")}`;
        default:
          return one satisfies never;
      }
    })
    .join(", ");
}

const at = (second: number) => ({ elapsed: second * 1000, epoch: noon + second * 1000 });

/** Plays the rows, each of which has to ask for what it says; answers how far the drain is then. */
function play(
  rows: readonly Row[],
  changed: Partial<DrainRules> = {},
  begun = 0,
  withWatches = false,
): Progress {
  let progress = beginDrain({ ...rules, ...changed }, at(begun));
  for (const [second, event, asks] of rows) {
    const next = step(progress, event, at(second));
    const isSame = stateOf(progress, at(second)).state === stateOf(next.progress, at(second)).state;
    progress = next.progress;
    const requests = next.requests.filter(({ do: what }) => what !== "notify" || !isSame);
    assert.equal(told(requests, withWatches), asks, `at ${second} s, ${event.type}`);
  }
  return progress;
}

const stateAt = (progress: Progress, second: number) => stateOf(progress, at(second));
const a = pod("a", { of: "web" });
const b = pod("b", { of: "web" });

describe("A drain, told by what happens and what it asks for", () => {
  const rows: Record<string, Row[]> = {
    "of an empty node ends when no pod has come for 2 s": [
      [0, listed(), "wait 2"],
      [2, tick, "notify"],
    ],
    "evicts all pods at once, and ends when the last has gone": [
      [0, listed(a, b), "evict a, evict b"],
      [0.1, agreed("a"), "wait 60.1"],
      [0.1, agreed("b"), "wait 60.1"],
      [0.2, seen(pod("a", { of: "web", ends: 30 })), "wait 60.1"],
      [0.2, seen(pod("b", { of: "web", ends: 30 })), ""],
      [5, gone(a), ""],
      [6, gone(b), "notify"],
    ],
    "waits for 2 s after a pod that came late, and takes it": [
      [0, listed(), "wait 2"],
      [1, seen(a), "evict a"],
      [1.5, gone(a), "wait 3"],
      [3, tick, "notify"],
    ],
    "goes on for a pod that comes when the node was empty": [
      [0, listed(), "wait 2"],
      [2, tick, "notify"],
      [9, seen(a), "evict a, notify"],
      [9.5, gone(a), "wait 11"],
      [11, tick, "notify"],
    ],
    "does nothing before it has the list": [
      [0, seen(a), ""],
      [1, listed(a), "evict a"],
    ],
    "asks a higher tier when the ones below are gone": [
      [
        0,
        listed(pod("n", { tier: "system-node-critical" }), pod("c", { tier: "system-cluster-critical" }), a),
        "evict a",
      ],
      [1, gone(a), "evict c"],
      [2, gone(pod("c", { tier: "system-cluster-critical" })), "evict n"],
    ],
    "backs off where a budget refuses: 1 s, 2, 4 … 40, and after what the server says": [
      [0, listed(a), "evict a"],
      [0, refused("a"), "wait 1"],
      [1, tick, "evict a"],
      [1, refused("a"), "wait 3"],
      [3, tick, "evict a"],
      [3, refused("a", "budget", 60_000), "wait 63"],
      [63, tick, "evict a"],
      [63, refused("a"), "wait 71"],
      [71, tick, "evict a"],
      [71, refused("a"), "wait 87"],
      [87, tick, "evict a"],
      [87, refused("a"), "wait 119"],
      [119, tick, "evict a"],
      [119, refused("a"), "wait 159"],
    ],
    "backs off to 2 minutes where the server has trouble": [
      [0, listed(a), "evict a"],
      ...[1, 3, 7, 15, 31, 63, 127, 247].flatMap((next, index, all): Row[] => [
        [all[index - 1] ?? 0, refused("a", "server"), `wait ${next}`],
        [next, tick, "evict a"],
      ]),
    ],
    "does not ask a pod that is being deleted by somebody else": [
      [0, listed(pod("a", { ends: 20 })), ""],
      [20, gone(a), "notify"],
    ],
    "does not ask again once a pod is shown to end, though the answer was lost": [
      [0, listed(a), "evict a"],
      [1, refused("a", "server"), "wait 2"],
      [1.5, seen(pod("a", { ends: 31 })), ""],
      [2, tick, ""],
    ],
    "asks again after a minute where the server has agreed and nothing follows": [
      [0, listed(a), "evict a"],
      [1, agreed("a"), "wait 61"],
      [61, tick, "evict a"],
    ],
    "takes those for gone that a later list does not show": [
      [0, listed(a, b), "evict a, evict b"],
      [50, listed(b), ""],
      [100, listed(), "notify"],
    ],
    "asks what has finished to go, whatever its tier, and does not wait for it": [
      [0, listed(pod("f", { phase: "Failed", tier: "system-node-critical" }), a), "evict f, evict a"],
      [1, gone(a), "wait 2"],
      [2, tick, "notify"],
    ],
    "does not wait for a pod that finishes while it ends, and is held by a finalizer": [
      [0, listed(a), "evict a"],
      [1, seen(pod("a", { ends: 31 })), ""],
      [3, seen(pod("a", { ends: 31, phase: "Succeeded" })), "notify"],
    ],
    "lets pods that the server has failed for stand in one line: one is asked at a time, whatever their number":
      [
        [0, listed(a, b, pod("c")), "evict a, evict b, evict c"],
        [0, refused("a", "server"), "wait 1"],
        [0, refused("b", "server"), "wait 1"],
        [0, refused("c", "server"), "wait 1"],
        [1, tick, "evict a"],
        [1, refused("a", "server"), "wait 3"],
        [3, tick, "evict b"],
        [3, refused("b", "server"), "wait 7"],
        [7, tick, "evict c"],
        [7, refused("c", "server"), "wait 15"],
        [15, tick, "evict a"],
      ],
    "lets all of them go on when the server answers for one, though a budget refuses it": [
      [0, listed(a, b, pod("c")), "evict a, evict b, evict c"],
      [0, refused("a", "server"), "wait 1"],
      [0, refused("b", "server"), "wait 1"],
      [0, refused("c", "server"), "wait 1"],
      [1, tick, "evict a"],
      [2, refused("a"), "evict b, evict c, wait 4"],
    ],
    "lets the next one have its turn when the one that is asked has gone": [
      [0, listed(a, b), "evict a, evict b"],
      [0, refused("a", "server"), "wait 1"],
      [0, refused("b", "server"), "wait 1"],
      [1, tick, "evict a"],
      [2, gone(a), "evict b"],
    ],
    "heeds what a server in trouble asks to wait": [
      [0, listed(a), "evict a"],
      [0, refused("a", "server", 7000), "wait 7"],
      [7, tick, "evict a"],
    ],
    "asks a pod that a webhook refuses again, each by itself": [
      [0, listed(a, b), "evict a, evict b"],
      [0, refused("a", "webhook"), "wait 1"],
      [0, refused("b", "webhook", 5000), "wait 1"],
      [1, tick, "evict a, wait 5"],
      [1, refused("a", "webhook"), "wait 3"],
      [3, tick, "evict a, wait 5"],
      [5, tick, "evict b"],
    ],
    "asks for one pod at a time where a webhook cannot be asked": [
      [0, listed(a, b), "evict a, evict b"],
      [0, refused("a", "webhook-down"), "wait 1"],
      [0, refused("b", "webhook-down"), "wait 1"],
      [1, tick, "evict a"],
      [1, refused("a", "webhook-down"), "wait 3"],
      [3, tick, "evict b"],
      [4, agreed("b"), "evict a, wait 64"],
    ],
    "waits for the volumes of those that went, and of no pod that stays": [
      [
        0,
        listed(
          pod("v", { claim: "data" }),
          pod("d", { claim: "logs", verdict: { do: "leave", reasons: ["daemonset"] } }),
          pod("w", { claim: "logs" }),
        ),
        "evict v, evict w",
      ],
      [1, gone(pod("v")), ""],
      [4, gone(pod("w")), "detach shop/data until 124"],
      [5, { type: "attached", volumes: ["pv (csi)"] }, "notify"],
      [9, { type: "detached", claims: ["shop/data"] }, "notify"],
    ],
    "waits anew for the volume of a pod that comes meanwhile": [
      [0, listed(pod("v", { claim: "data" })), "evict v"],
      [4, gone(pod("v")), "detach shop/data until 124"],
      [5, seen(pod("x", { claim: "more", made: 4 })), "evict x"],
      [6, { type: "detached", claims: ["shop/data"] }, ""],
      [8, gone(pod("x")), "detach shop/more until 128"],
      [9, { type: "detached", claims: ["shop/more"] }, "notify"],
    ],
  };
  for (const [what, played] of Object.entries(rows)) it(what, () => void play(played));

  it("has no more evictions under way than it may", () => {
    play(
      [
        [0, listed(a, b, pod("c")), "evict a, evict b"],
        [1, refused("a"), "evict c"],
        [2, tick, ""],
        [3, gone(b), "evict a"],
      ],
      { parallelism: 2 },
    );
  });

  it("deletes from a time on, without the back-off of the evictions", () => {
    play(
      [
        [0, listed(a), "evict a"],
        [1, refused("a", "budget", 50_000), "wait 10"],
        [10, tick, "delete a"],
        [11, refused("a", "server"), "wait 12"],
        [12, tick, "delete a"],
      ],
      { deleteAt: 10_000 },
    );
  });

  it("deletes all at once from that time on, also those in the line", () => {
    play(
      [
        [0, listed(a, b), "evict a, evict b"],
        [1, refused("a", "server", 50_000), "wait 10"],
        [1, refused("b", "server", 50_000), "wait 10"],
        [10, tick, "delete a, delete b"],
      ],
      { deleteAt: 10_000 },
    );
  });

  it("fails in seconds where the daemon has no right to evict, and says what to give it", () => {
    const rows: Row[] = [
      [0, listed(a), "evict a"],
      [0, refused("a", "rights"), "wait 1"],
      [1, tick, "evict a"],
      [1, refused("a", "rights"), "wait 3"],
      [3, tick, "evict a"],
      [3, refused("a", "rights"), "wait 7"],
      [7, tick, "evict a"],
    ];
    assert.equal(stateAt(play(rows), 7).state, "running");
    const state = stateAt(play([...rows, [7, refused("a", "rights"), "notify"]]), 7);
    assert.deepEqual(state, {
      state: "failed",
      why: "the node cannot be drained: shop/a no; grant the daemon's service account this right, as manifests/base and components/delete-pods do",
    });
    const last: Row = [7, refused("a", "rights"), "wait 15"];
    assert.equal(stateAt(play([...rows, last], { rebootAnyway: true }), 7).state, "running");
    const before: Row[] = [...rows.slice(0, -1), [7, tick, "evict a"], [7, refused("a", "rights"), "wait 8"]];
    const deleting = play(before, { deleteAt: 8000 });
    assert.equal(stateAt(deleting, 7).state, "running");
  });

  it("fails in seconds as well where it may not delete in the end", () => {
    const rows: Row[] = [
      [0, listed(a), "delete a"],
      [0, refused("a", "rights"), "wait 1"],
      [1, tick, "delete a"],
      [1, refused("a", "rights"), "wait 3"],
      [3, tick, "delete a"],
      [3, refused("a", "rights"), "wait 7"],
      [7, tick, "delete a"],
      [7, refused("a", "rights"), "notify"],
    ];
    assert.equal(stateAt(play(rows, { deleteAt: 0 }), 7).state, "failed");
  });

  it("reports each pod that it asks once, and each refusal of one that is still there", () => {
    let progress = beginDrain(rules, at(0));
    const reports: string[] = [];
    const events: [number, DrainEvent][] = [
      [0, listed(a)],
      [0, refused("a")],
      [1, tick],
      [1, refused("a")],
      [2, gone(a)],
      [2, refused("a")],
    ];
    for (const [second, event] of events) {
      const next = step(progress, event, at(second));
      progress = next.progress;
      for (const one of next.requests) if (one.do === "report") reports.push(one.what);
    }
    assert.deepEqual(reports, ["requested", "refused", "refused"]);
  });

  it("does not wait longer than it may for a pod that was asked to end", () => {
    play(
      [
        [0, listed(pod("a", { ends: 5 })), "wait 15.001"],
        [15.001, tick, "notify"],
      ],
      { skipWaitForDeleteMs: 10_000 },
    );
  });

  it("asks nobody about volumes where it is told not to wait", () => {
    const v = pod("v", { claim: "data" });
    play(
      [
        [0, listed(v), "evict v"],
        [4, gone(v), "notify"],
      ],
      { volumeTimeoutMs: 0 },
    );
  });

  it("fails for a pod that may not be taken before it takes any, and does nothing more", () => {
    const naked = pod("naked", { verdict: { do: "refuse", reasons: ["no-controller"] } });
    const failed = play([
      [0, listed(a, naked), "notify"],
      [1, listed(a), ""],
    ]);
    assert.match(
      JSON.stringify(stateAt(failed, 1)),
      /shop\/naked is not managed by a controller and will not be recreated/,
    );
    const later = play([
      [0, listed(a), "evict a"],
      [1, seen(naked), "notify"],
    ]);
    assert.equal(stateAt(later, 1).state, "failed");
  });

  const trouble = (code: ApiErrorCode): DrainEvent => ({ type: "troubled", code, why: `list pods: ${code}` });

  it("names why the pods cannot be seen, until they are seen again", () => {
    const blind = play([
      [0, listed(a), "evict a"],
      [1, trouble("server-error"), ""],
    ]);
    const troubleIn = (progress: Progress) => {
      const state = stateAt(progress, 1);
      return state.state === "running" && state.trouble;
    };
    assert.equal(troubleIn(blind), "list pods: server-error");
    assert.equal(troubleIn(step(blind, { type: "watching" }, at(1)).progress), undefined);
    assert.equal(troubleIn(step(blind, listed(a), at(1)).progress), undefined);
  });

  for (const [code, lasts] of [
    ["forbidden", 30],
    ["unauthorized", 180],
  ] as const) {
    it(`fails where the server has said ${code} for ${lasts} s, and asks nothing more`, () => {
      const failed = play([
        [5, trouble(code), ""],
        [4 + lasts, trouble(code), ""],
        [5 + lasts, trouble(code), "notify"],
        [6 + lasts, listed(a), ""],
      ]);
      const why = `the pods of this node cannot be seen: list pods: ${code}`;
      assert.deepEqual(stateAt(failed, 300), { state: "failed", why, isBlind: true });
    });
  }

  it("does not fail early where it has seen the pods in between, nor for what may pass, nor once nothing is left", () => {
    const between = play([
      [0, trouble("forbidden"), ""],
      [20, listed(a), "evict a"],
      [21, trouble("forbidden"), ""],
      [50, trouble("forbidden"), ""],
      [51, trouble("server-error"), ""],
      [52, trouble("forbidden"), ""],
      [81, trouble("forbidden"), ""],
    ]);
    assert.equal(stateAt(between, 81).state, "running");
    const passing = play([
      [0, trouble("server-error"), ""],
      [800, trouble("server-error"), ""],
    ]);
    assert.equal(stateAt(passing, 800).state, "running");
    const empty = play([
      [0, listed(), "wait 2"],
      [2, tick, "notify"],
      [3, trouble("forbidden"), ""],
      [60, trouble("forbidden"), ""],
    ]);
    assert.equal(stateAt(empty, 60).state, "done");
  });

  it("fails where something breaks", () => {
    const broken = play([[0, { type: "broke", why: "the drain broke: x" }, "notify"]]);
    assert.deepEqual(stateAt(broken, 0), { state: "failed", why: "the drain broke: x" });
  });

  it("says how many are left, ordinary ones first, and why", () => {
    const critical = pod("n", { tier: "system-node-critical" });
    const progress = play([
      [0, listed(critical, a, pod("f", { phase: "Failed" })), "evict a, evict f"],
      [0, refused("a"), "wait 1"],
    ]);
    assert.deepEqual(stateAt(progress, 0), {
      state: "running",
      isListed: true,
      podsLeft: 2,
      left: { budget: 1, "not-asked": 1 },
      blocked: [
        "shop/a: no; add healthy pods, or lower what the budget requires",
        "shop/n: eviction not requested yet",
      ],
      trouble: undefined,
      slowGraceSeconds: undefined,
    });
  });

  it("counts all pods that are left, and names a few, each with no more of its reason than says enough", () => {
    const many = Array.from({ length: 12 }, (_, index) => pod(`p${index}`, { of: "web" }));
    const progress = play([
      [0, listed(...many), many.map(({ pod }) => `evict ${pod.metadata?.name}`).join(", ")],
    ]);
    const long = { by: "rule", why: "x".repeat(1000) } as const;
    const event: DrainEvent = { type: "refused", uid: "p0", refusal: long, retryAfterMs: 0, chance: 0 };
    const state = stateAt(step(progress, event, at(0)).progress, 0);
    assert.ok(state.state === "running");
    assert.deepEqual([state.podsLeft, state.left], [12, { rule: 1, "no-effect": 11 }]);
    assert.equal(state.blocked.length, 5);
    assert.ok(state.blocked.join().length < 700);
  });

  it("tells of what has changed half a minute after the cordon, then ever more rarely, and not of what has not", () => {
    const ending = (second: number) => seen(pod("a", { of: "web", ends: second }));
    let progress = beginDrain(rules, at(0));
    const heard: number[] = [];
    for (const [second, event] of [
      [0, listed(a, b)],
      [1, agreed("a")],
      [29, tick],
      [30, tick],
      [59, ending(600)],
      [60, tick],
      [100, tick],
      [400, gone(b)],
      [439, ending(300)],
      [443, tick],
      [445, tick],
    ] as const) {
      const next = step(progress, event, at(second));
      progress = next.progress;
      if (next.requests.some(({ do: what }) => what === "notify")) heard.push(second);
    }
    assert.deepEqual(heard, [30, 60, 400, 445]);
  });

  it("knows the shortest grace that outlasts it, of the pods that are ending", () => {
    const slow = (name: string, grace: number) => {
      const one = pod(name, { of: "batch", ends: grace });
      Object.assign(one.pod.metadata ?? {}, { deletionGracePeriodSeconds: grace });
      return one;
    };
    const progress = play([[0, listed(slow("a", 7200), slow("b", 3600), slow("c", 800)), ""]]);
    const state = stateAt(progress, 0);
    assert.equal(state.state === "running" && state.slowGraceSeconds, 3600);
    const late = stateAt(progress, 3601);
    assert.equal(late.state === "running" && late.slowGraceSeconds, 7200, "the other one has had its time");
  });
});

/** A budget of the pods of `app`, with so many disruptions to give; `null`: of another spec than it was worked out for. */
function budget(allowed: number | null, app = "web", healthy = 2) {
  return {
    metadata: { name: app, namespace: "shop", generation: allowed === null ? 2 : 1 },
    spec: { minAvailable: 2, selector: { matchLabels: { app } } },
    status: {
      disruptionsAllowed: allowed ?? 1,
      currentHealthy: healthy,
      desiredHealthy: 2,
      expectedPods: 3,
      observedGeneration: 1,
    },
  };
}
const evictsAll = "evict a, evict b, evict c, evict d, evict e";
const budgets = (...all: ReturnType<typeof budget>[]): DrainEvent => {
  return { type: "budgets", namespace: "shop", budgets: all };
};
const blind: DrainEvent = { type: "budgets", namespace: "shop", budgets: undefined };
const [w, x, y] = ["w", "x", "y"].map((name) => pod(name, { app: "web" })) as [Pod, Pod, Pod];
const late = (event: Extract<DrainEvent, { type: "refused" }>, chance: number): DrainEvent => ({
  ...event,
  chance,
});

describe("A drain that budgets hold up, told by what happens", () => {
  const held: Row[] = [
    [0, listed(w), "evict w"],
    [0, refused("w"), "watch shop, wait 1"],
    [0.1, budgets(budget(0)), "wait 300"],
  ];
  const rows: Record<string, Row[]> = {
    "watches the budgets, asks again as soon as one opens, and then watches no longer": [
      ...held,
      [200, budgets(budget(1)), "evict w"],
      [200.1, agreed("w"), "unwatch shop, wait 260.1"],
    ],
    "asks rarely while the budget shows no change": [
      ...held,
      [300, tick, "evict w"],
      [300.1, refused("w"), "wait 600.1"],
    ],
    "asks for nothing where the budget changes and still refuses": [
      ...held,
      [100, budgets(budget(0, "web", 1)), "wait 300"],
      [200, budgets(budget(null)), "wait 300"],
      [210, budgets(budget(0), budget(2, "other")), "wait 300"],
    ],
    "asks for what a budget that has gone does not keep any more": [...held, [200, budgets(), "evict w"]],
    "asks for a pod that its budget lets go as it is not Ready any more": [
      ...held,
      [50, seen(pod("w", { app: "web", ready: false })), "evict w"],
    ],
    "asks for as many pods as the budget lets go, one after the other": [
      [0, listed(w, x, y), "evict w, evict x, evict y"],
      [0, refused("w"), "watch shop, wait 1"],
      [0, refused("x"), "wait 1"],
      [0, refused("y"), "wait 1"],
      [0.1, budgets(budget(0)), "wait 300"],
      [60, budgets(budget(2)), "evict w, evict x, wait 300"],
      [60.1, budgets(budget(1)), "wait 300"],
      [60.2, agreed("w"), "wait 120.2"],
      [60.3, budgets(budget(0)), "wait 120.2"],
      [60.4, agreed("x"), "wait 120.2"],
      [60.5, seen(pod("w", { app: "web", ends: 90 })), "wait 120.4"],
      [60.5, seen(pod("x", { app: "web", ends: 90 })), "wait 300"],
      [99, budgets(budget(1)), "evict y"],
    ],
    "lets the next pod go once the server has agreed to the one before, where the budget has shown that already":
      [
        [0, listed(w, x), "evict w, evict x"],
        [0, refused("w"), "watch shop, wait 1"],
        [0, refused("x"), "wait 1"],
        [0.1, budgets(budget(0)), "wait 300"],
        [60, budgets(budget(1)), "evict w, wait 300"],
        [60.1, budgets(budget(0)), "wait 300"],
        [60.15, budgets(budget(1)), "wait 300"],
        [60.2, agreed("w"), "evict x, wait 120.2"],
      ],
    "lets the next pod go where a rule forbids to take the one whose budget has opened": [
      [0, listed(w, x), "evict w, evict x"],
      [0, refused("w"), "watch shop, wait 1"],
      [0, refused("x"), "wait 1"],
      [0.1, budgets(budget(0)), "wait 300"],
      [60, budgets(budget(1)), "evict w, wait 300"],
      [60.1, refused("w", "rule"), "evict x, wait 62.1"],
    ],
    "waits for the next change where another node was faster, and rests where that goes on": [
      ...held,
      [60, budgets(budget(1)), "evict w"],
      [60.01, refused("w"), "wait 62.01"],
      [60.02, budgets(budget(0)), "wait 360.01"],
      [60.1, budgets(budget(1)), "wait 61.01"],
      [60.2, budgets(budget(0)), "wait 360.01"],
      [60.3, budgets(budget(1)), "wait 61.01"],
      [61.01, tick, "evict w"],
      [61.02, refused("w"), "wait 65.02"],
      [61.03, budgets(budget(0)), "wait 361.02"],
      [61.04, budgets(budget(1)), "wait 63.02"],
    ],
    "lets the drains of other nodes be faster for a moment, and does not ask where one was": [
      [0, listed(w), "evict w"],
      [0, late(refused("w") as Extract<DrainEvent, { type: "refused" }>, 0.5), "watch shop, wait 0.75"],
      [0.1, budgets(budget(0)), "wait 225"],
      [60, budgets(budget(1)), "wait 60.25"],
      [60.1, budgets(budget(0)), "wait 225"],
      [60.25, tick, "wait 225"],
    ],
    "asks by time, from then on, where the watch has broken, until it shows the budgets again": [
      ...held,
      [60, blind, "wait 61"],
      [61, tick, "evict w"],
      [61, refused("w"), "wait 63"],
      [63, tick, "evict w"],
      [63, refused("w"), "wait 67"],
      [64, budgets(budget(0)), "wait 363"],
    ],
    "asks by time where the server refuses though the budgets would let the pod go": [
      [0, listed(w), "evict w"],
      [0, refused("w"), "watch shop, wait 1"],
      [0.1, budgets(budget(1)), "evict w"],
      [0.2, refused("w"), "wait 2.2"],
      [2.2, tick, "evict w"],
      [2.3, refused("w"), "wait 6.3"],
    ],
    "watches no more for a pod that has gone": [...held, [10, gone(w), "unwatch shop, notify"]],
    "watches nothing for a pod that a rule or the server keeps": [
      [0, listed(w, x), "evict w, evict x"],
      [0, refused("w", "rule"), "wait 1"],
      [0, refused("x", "server"), "wait 1"],
    ],
    "watches four namespaces at a time, and the next one when a pod of one has gone": [
      [0, listed(...["a", "b", "c", "d", "e"].map((name) => pod(name, { in: name }))), evictsAll],
      [0, refused("a"), "watch a, wait 1"],
      [0, refused("b"), "watch b, wait 1"],
      [0, refused("c"), "watch c, wait 1"],
      [0, refused("d"), "watch d, wait 1"],
      [0, refused("e"), "wait 1"],
      [0.5, gone(pod("b", { in: "b" })), "unwatch b, watch e, wait 1"],
    ],
  };
  for (const [what, played] of Object.entries(rows)) it(what, () => void play(played, {}, 0, true));

  it("deletes from its time on, whatever the budget shows", () => {
    play(
      [...held, [10, tick, "delete w"]].with(2, [0.1, budgets(budget(0)), "wait 10"]) as Row[],
      { deleteAt: 10_000 },
      0,
      true,
    );
  });

  it("says of the pod how its budget is now", () => {
    const progress = play([...held, [100, budgets(budget(0, "web", 1)), "wait 300"]], {}, 0, true);
    assert.match(
      JSON.stringify(stateAt(progress, 100)),
      /shop\/w: PodDisruptionBudget shop\/web needs 2 healthy pods and has 1;/,
    );
  });
});

const op = (name: string, facts: PodFacts = {}) => pod(name, { of: "operator", tolerates: true, ...facts });
const agent = (name: string, facts: PodFacts = {}) =>
  pod(name, { of: "kruise", boundByName: true, ...facts });

describe("A pod that comes back, told by what happens", () => {
  const rows: Record<string, Row[]> = {
    "is evicted once if it was there, and stays if it came after one like it was evicted": [
      [0, listed(a), "evict a"],
      [0.1, seen(pod("a", { of: "web", ends: 30 })), ""],
      [0.2, seen(pod("a2", { of: "web", made: 0 })), "stays a2: came-back goes-down"],
      [5, gone(a), "notify"],
    ],
    "is no reason to wait, though it comes when the node was empty": [
      [0, listed(op("o")), "evict o"],
      [1, gone(op("o", { ends: 30 })), "wait 2"],
      [1.5, seen(op("o2", { made: 1 })), "stays o2: came-back goes-down, wait 2"],
      [2, tick, "notify"],
      [3, gone(op("o2")), ""],
      [4, seen(op("o3", { made: 4 })), "stays o3: came-back goes-down"],
    ],
    "is known also where its predecessor's end was missed": [
      [0, listed(op("o")), "evict o"],
      [50, listed(op("o2", { made: 20 })), "stays o2: came-back goes-down, notify"],
    ],
    "is none if it was made before its like was evicted, but was seen late": [
      [0, listed(a), "evict a"],
      [1, seen(pod("a", { of: "web", ends: 31 })), ""],
      [1.5, seen(pod("b", { of: "web", made: 0 })), "evict b"],
    ],
    "is none if it is another controller's": [
      [0, listed(a), "evict a"],
      [1, seen(pod("a", { of: "web", ends: 31 })), ""],
      [2, seen(pod("c", { of: "till", made: 1 })), "evict c"],
    ],
    "tolerates the cordon and came after it: it is not evicted even once": [
      [0, listed(), "wait 2"],
      [1, seen(op("o", { made: 1 })), "stays o: tolerates-cordon goes-down, wait 2"],
      [2, tick, "notify"],
    ],
    "is bound to its node and came after the cordon: likewise": [
      [0, listed(), "wait 2"],
      [1, seen(agent("x", { made: 1 })), "stays x: bound-to-node goes-down, wait 2"],
    ],
    "tolerates the cordon, was bound before it and is seen late: it is evicted": [
      [0, listed(), "wait 2"],
      [1, seen(op("o", { made: -1 })), "evict o"],
    ],
    "is told of once, and may change": [
      [0, listed(), "wait 2"],
      [1, seen(op("o", { made: 1 })), "stays o: tolerates-cordon goes-down, wait 2"],
      [1.5, seen(op("o", { made: 1, phase: "Failed" })), "wait 2"],
    ],
    "keeps its volume, which is not waited for": [
      [0, listed(op("o", { claim: "data" })), "evict o"],
      [1, gone(op("o", { ends: 30 })), "wait 2"],
      [1.5, seen(op("o2", { made: 1, claim: "data" })), "stays o2: came-back goes-down, wait 2"],
      [2, tick, "notify"],
    ],
    "could not be taken at all, as its data may not be lost: the drain does not fail": [
      [0, listed(), "wait 2"],
      [
        1,
        seen(op("o", { made: 1, verdict: { do: "refuse", reasons: ["local-data"] } })),
        "stays o: tolerates-cordon goes-down, wait 2",
      ],
    ],
    "has no controller, but the name of one that was evicted": [
      [0, listed(pod("runner")), "evict runner"],
      [1, gone(pod("runner", { ends: 30 })), "wait 2"],
      [2, seen({ ...pod("r2", { made: 1 }), maker: "shop/runner" }), "stays r2: came-back goes-down, notify"],
    ],
  };
  for (const [what, played] of Object.entries(rows)) it(what, () => void play(played));

  it("is evicted if it is found as the drain begins, however wrong the clock is", () => {
    play([[0, listed(op("o", { made: 60 })), "evict o"]]);
  });

  it("stays if it is found by a daemon that was started anew, and others go", () => {
    const found = [op("o", { made: 30 }), agent("x", { made: 30 }), op("old"), a];
    play(
      [
        [
          60,
          listed(...found),
          "stays o: tolerates-cordon goes-down, stays x: bound-to-node goes-down, evict old, evict a",
        ],
      ],
      {},
      60,
    );
  });

  it("that may not be taken stays if it is found by a daemon that was started anew", () => {
    const held = op("o", { made: 30, verdict: { do: "refuse", reasons: ["local-data"] } });
    play([[60, listed(held), "stays o: tolerates-cordon goes-down, wait 62"]], {}, 60);
  });

  it("is counted for its controller, evicted more and more slowly, and then no more", () => {
    const late = (number: number) => seen(pod(`late${number}`, { of: "web" }));
    const rows: Row[] = [[0, listed(), "wait 2"]];
    let second = 3;
    const pauses = [1, 2, 4, 8, 16, 30, 30];
    rows.push([second, late(0), "evict late0"]);
    for (const [index, pause] of pauses.entries()) {
      rows.push([second, late(index + 1), `wait ${second + pause}`]);
      second += pause;
      rows.push([second, tick, `evict late${index + 1}`]);
    }
    rows.push([second + 60, late(8), "stays late8: came-back goes-down"]);
    play(rows);
  });

  it("is told of ten times for each controller", () => {
    const rows: Row[] = [
      [0, listed(), "wait 2"],
      [2, tick, "notify"],
    ];
    for (let number = 1; number <= 12; number += 1) {
      const one = op(`o${number}`, { made: number });
      rows.push([3, seen(one), number <= 10 ? `stays o${number}: tolerates-cordon goes-down` : ""]);
      rows.push([3, gone(one), ""]);
    }
    play(rows);
  });
});
