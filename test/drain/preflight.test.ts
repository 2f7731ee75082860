import assert from "node:assert/strict";
import type { Pod } from "../../daemon/cluster/objects.ts";
import { everyRow } from "../rows.ts";
import {
  budget,
  deletesAtOnce,
  type Facts,
  factsOf,
  findings,
  messages,
  node,
  type PodFacts,
  plan,
  planOf,
  pod,
} from "./builders.ts";

const strict = {
  deleteEmptyDirData: false,
  force: false,
  skipNamespaces: [],
  skipWaitForDeleteMs: 0,
  rebootAnyway: false,
};
const daemonSetExists = () => false;
const emptyDir = { volumes: [{ name: "scratch", emptyDir: {} }] };
const never = budget({ spec: { maxUnavailable: 0 }, status: { disruptionsAllowed: 0, desiredHealthy: 4 } });

describe("A pod in the plan", () => {
  const rows: [what: string, pod: PodFacts, facts: Facts, plan: string][] = [
    ["of a ReplicaSet", {}, {}, "evict"],
    ["of a DaemonSet", { ownedBy: "DaemonSet" }, {}, "leave daemonset"],
    ["that is static", { annotations: { "kubernetes.io/config.mirror": "x" } }, {}, "leave mirror"],
    [
      "in a namespace that is left out",
      {},
      { selection: { ...strict, skipNamespaces: ["shop"] } },
      "leave namespace",
    ],
    ["that the drain does not ask for", {}, { isSelected: () => false }, "leave not-selected"],
    [
      "that the selection refuses, where the reboot follows anyway",
      { ownedBy: "nobody" },
      { selection: { ...strict, rebootAnyway: true } },
      "leave no-controller goes-down",
    ],
    ["that the selection refuses", { ownedBy: "nobody" }, { selection: strict }, "refuse no-controller"],
  ];
  it("has the verdict of the selection", () =>
    everyRow(rows, (facts, more, expected) => {
      const { do: what, reasons } = planOf(pod(facts), more);
      assert.equal([what, ...reasons].join(" "), expected);
    }));

  it("has its name, its tier and its grace", () => {
    const { key, tier, graceSeconds } = planOf(pod({ priority: "system-node-critical", grace: 7 }));
    assert.deepEqual([key, tier, graceSeconds], ["shop/p", 2, 7]);
  });

  it("has no grace and no findings where it stays", () => {
    const { graceSeconds, findings } = planOf(pod({ ownedBy: "DaemonSet", spec: emptyDir }), {
      budgets: [never],
    });
    assert.deepEqual([graceSeconds, findings], [undefined, []]);
  });

  it("stands in the order of the evictions", () => {
    const pods = [
      pod({ name: "c", priority: "system-node-critical" }),
      pod({ name: "b" }),
      pod({ name: "d", priority: "system-cluster-critical" }),
      pod({ name: "a" }),
    ];
    assert.deepEqual(
      plan(pods).pods.map(({ key }) => key),
      ["shop/a", "shop/b", "shop/d", "shop/c"],
    );
  });
});

describe("A concern of the selection", () => {
  const rows: [what: string, pod: PodFacts, facts: Facts, code: string][] = [
    ["no controller", { ownedBy: "nobody" }, {}, "no-controller"],
    ["local data", { spec: emptyDir }, {}, "local-data"],
    ["a DaemonSet that is gone", { ownedBy: "DaemonSet" }, { daemonSetExists }, "daemonset-gone"],
  ];
  it("is a remark where it is allowed, and blocks where it is not", () =>
    everyRow(rows, (facts, more, code) => {
      assert.equal(findings(pod(facts), more), code);
      assert.equal(findings(pod(facts), { ...more, selection: strict }), `${code}!`);
      assert.equal(plan([pod(facts)], { ...more, selection: strict }).blocked, true);
    }));

  it("hides no budget behind it", () => {
    const facts = { selection: strict, budgets: [never] };
    assert.equal(findings(pod({ ownedBy: "nobody" }), facts), "no-controller! budget-never!");
  });
});

describe("A pod that asks not to be disrupted", () => {
  const karpenter = (value: string) => ({ annotations: { "karpenter.sh/do-not-disrupt": value } });
  const autoscaler = (value: string) => ({
    annotations: { "cluster-autoscaler.kubernetes.io/safe-to-evict": value },
  });
  const rows: [what: string, pod: PodFacts, findings: string][] = [
    ["Karpenter for ever", karpenter("true"), "opted-out"],
    ["Karpenter, but says no", karpenter("false"), ""],
    ["Karpenter for longer than it runs", { ...karpenter("1h1m"), startedAgo: 3600 }, "opted-out"],
    ["Karpenter for as long as it runs", { ...karpenter("1h"), startedAgo: 3600 }, ""],
    ["Karpenter for a time that is none", karpenter("soon"), ""],
    ["the autoscaler", autoscaler("false"), "opted-out"],
    ["the autoscaler, but says yes", autoscaler("true"), ""],
    ["when it has ended", { ...karpenter("true"), phase: "Succeeded" }, ""],
    ["when it is ending", { ...karpenter("true"), endsIn: 5 }, ""],
  ];
  it("is named while its request holds", () =>
    everyRow(rows, (facts, expected) => assert.equal(findings(pod(facts)), expected)));

  it("is evicted anyway, and the message says so", () => {
    assert.equal(
      messages(pod(karpenter("true"))),
      "asks not to be disrupted (karpenter.sh/do-not-disrupt: true); the drain evicts it anyway",
    );
  });
});

describe("A pod of a DaemonSet that is to stop", () => {
  const stopping = { selection: { ...factsOf([]).selection, stopped: [{ key: "app", operator: "Exists" }] } };
  const agent = pod({ ownedBy: "DaemonSet", grace: 40, priority: "system-node-critical" });

  it("is deleted last, past its budget and with its own grace", () => {
    const {
      do: what,
      tier,
      graceSeconds,
      findings,
    } = planOf(agent, { ...stopping, budgets: [never], gracePeriodSeconds: 5 });
    assert.deepEqual(
      [what, tier, graceSeconds, findings.map(({ code }) => code)],
      ["stop", 3, 40, ["daemonset-stop"]],
    );
  });

  it("counts for the time of the drain", () => {
    const { blocked, estimatedSeconds } = plan([agent, pod({ name: "q", grace: 10 })], stopping);
    assert.deepEqual([blocked, estimatedSeconds], [false, 52]);
  });
});

describe("A plan", () => {
  it("is not blocked by remarks", () => {
    const facts = { cluster: { nodes: [node({ ready: false })], pods: [] } };
    const remarked = pod({ spec: emptyDir, annotations: { "karpenter.sh/do-not-disrupt": "true" } });
    assert.equal(findings(remarked, facts), "local-data opted-out nowhere-to-go");
    assert.equal(plan([remarked], facts).blocked, false);
  });

  it("is blocked by one pod, and then has no duration", () => {
    const { blocked, estimatedSeconds } = plan([pod({ app: "till" }), pod()], { budgets: [never] });
    assert.deepEqual([blocked, estimatedSeconds], [true, undefined]);
  });

  it("needs no more than the pods and their budgets", () => {
    assert.equal(plan([pod()], { budgets: [never] }).blocked, true);
  });
});

describe("The duration of a drain", () => {
  const critical = "system-cluster-critical";
  const lets = (disruptionsAllowed: number) => ({ budgets: [budget({ status: { disruptionsAllowed } })] });
  const times = (count: number, facts: PodFacts = {}) => Array.from({ length: count }, () => pod(facts));
  const rows: [what: string, pods: Pod[], facts: Facts, seconds: number][] = [
    ["the quiet alone where nothing goes", [], {}, 2],
    ["30 s where the pod says nothing", [pod()], {}, 32],
    ["the longest grace of the pods that go", [pod({ grace: 5 }), pod({ grace: 9 })], {}, 11],
    ["not the grace of those that stay", [pod({ grace: 99, ownedBy: "DaemonSet" })], {}, 2],
    ["the grace that the drain gives", [pod({ grace: 99 })], { gracePeriodSeconds: 4 }, 6],
    ["no grace where that is given", [pod({ grace: 99 })], { gracePeriodSeconds: 0 }, 2],
    ["the tiers one after the other", [pod({ grace: 5 }), pod({ grace: 7, priority: critical })], {}, 14],
    ["the rest for a pod that is ending", [pod({ grace: 99, endsIn: 6 })], {}, 8],
    ["which the drain's grace does not change", [pod({ endsIn: 6 })], { gracePeriodSeconds: 1 }, 8],
    ["no rest for one that is late", [pod({ endsIn: -6 })], {}, 2],
    ["nothing for a pod that has ended", [pod({ grace: 99, phase: "Failed" })], {}, 2],
    ["one round where the budget allows all", times(3, { grace: 10 }), lets(3), 12],
    ["a round for each where it allows one", times(3, { grace: 10 }), lets(1), 32],
    ["two rounds where it allows two of three", times(3, { grace: 10 }), lets(2), 22],
    [
      "rounds of like grace",
      [pod({ grace: 10 }), pod({ grace: 2 }), pod({ grace: 9 }), pod({ grace: 1 })],
      lets(2),
      14,
    ],
    ["rounds beside others", [...times(2, { grace: 10 }), pod({ app: "till", grace: 15 })], lets(1), 22],
    ["no round for what the budget does not count", times(3, { grace: 10, phase: "Pending" }), lets(1), 12],
    [
      "no rounds where pods are deleted",
      times(3, { grace: 10 }),
      { ...lets(1), escalation: deletesAtOnce },
      12,
    ],
  ];
  it("adds up the graces, tier by tier and round by round", () =>
    everyRow(rows, (pods, facts, seconds) => assert.equal(plan(pods, facts).estimatedSeconds, seconds)));
});

describe("A pod that would come back to the node", () => {
  const anywhere = { tolerations: [{ operator: "Exists" }] };
  const nodeSelectorTerms = [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["n1"] }] }];
  const byName = {
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
  };
  const full = { cluster: { nodes: [node({ name: "n1" })], pods: [] } };

  it("is evicted once where it tolerates the cordon", () => {
    const one = pod({ spec: anywhere });
    assert.equal(findings(one, full), "comes-back");
    assert.match(messages(one), /^tolerates the cordon .*; its replacement on this node is not evicted/);
  });

  it("is evicted once where it is bound to the node by name", () => {
    assert.match(messages(pod({ spec: byName }), full), /^is bound to this node by its node affinity; /);
    const more = { key: "metadata.name", operator: "In", values: ["n1", "n2"] };
    const required = { nodeSelectorTerms: [{ matchFields: [more] }] };
    const either = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } };
    assert.equal(findings(pod({ spec: { affinity: either } })), "");
  });

  it("is none where nothing recreates it, where it tolerates another taint, or belongs to a DaemonSet", () => {
    assert.equal(findings(pod({ spec: anywhere, ownedBy: "nobody" })), "no-controller");
    const notReady = { key: "node.kubernetes.io/not-ready", operator: "Exists" };
    assert.equal(findings(pod({ spec: { tolerations: [notReady] } })), "");
    assert.equal(findings(pod({ spec: anywhere, ownedBy: "DaemonSet" })), "");
  });

  it("needs no room elsewhere, so its budget does not block", () => {
    const pods = ["a", "b"].map((name) => pod({ name, spec: anywhere }));
    const status = { disruptionsAllowed: 1, expectedPods: 2, currentHealthy: 2, desiredHealthy: 1 };
    const facts = { ...full, budgets: [budget({ status })] };
    assert.equal(plan(pods, facts).blocked, false);
    const tied = plan(
      ["a", "b"].map((name) => pod({ name })),
      facts,
    );
    assert.equal(tied.blocked, true);
  });
});
