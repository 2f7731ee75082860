import assert from "node:assert/strict";
import type { Budget, Node, Pod } from "../../daemon/cluster/objects.ts";
import { needRoom } from "../../daemon/drain/preflight.ts";
import { everyRow } from "../rows.ts";
import { budget, deletesAtOnce, type Facts, factsOf, node, type PodFacts, plan, pod } from "./builders.ts";

const asks = (cpu: string) => ({ containers: [{ name: "main", resources: { requests: { cpu } } }] });
const two = [{}, {}];
/** Of two, one has to be there. */
const oneOfTwo = { disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 };
const oneMayGo = budget({ status: oneOfTwo });
const full = (cpu: string) => [pod({ name: "other", spec: { nodeName: "n2", ...asks(cpu) } })];
const rented = (providerID: string): Node => ({ ...node({ ready: false }), spec: { providerID } }) as Node;
const owned = (controller: boolean): Budget => {
  const owner = { apiVersion: "ceph.rook.io/v1", kind: "CephCluster", name: "c", uid: "u", controller };
  return { ...oneMayGo, metadata: { ...oneMayGo.metadata, ownerReferences: [owner] } };
};

interface Around extends Facts {
  budget?: Budget;
  nodes?: Node[];
  elsewhere?: Pod[];
}

function factsWith(pods: PodFacts[], { budget = oneMayGo, nodes = [], elsewhere = [], ...facts }: Around) {
  const cluster = { nodes: [node({ name: "n1" }), ...nodes], pods: elsewhere };
  const those = pods.map((one, index) => pod({ name: `p${index}`, ...one }));
  return [those, { budgets: [budget], cluster, ...facts }] as const;
}

/** Names of the pods that are found stranded. */
function stranded(pods: PodFacts[], around: Around = {}): string {
  return plan(...factsWith(pods, around))
    .pods.filter(({ findings }) => findings.some(({ code }) => code === "budget-no-room"))
    .map(({ key }) => key.replace("shop/", ""))
    .join(" ");
}

describe("Pods of one budget whose replacements have nowhere to run", () => {
  const rows: [what: string, pods: PodFacts[], around: Around, stranded: string][] = [
    ["two, of which one may go", two, {}, "p0 p1"],
    ["one, which may go", [{}], {}, ""],
    [
      "two, both of which may go",
      two,
      { budget: budget({ status: { ...oneOfTwo, desiredHealthy: 0 } }) },
      "",
    ],
    [
      "two of three, of which two may go once the third is Ready",
      two,
      { budget: budget({ status: { ...oneOfTwo, expectedPods: 3 } }) },
      "",
    ],
    [
      "two, of which none may go at the moment, as one of them starts",
      [{}, { ready: false }],
      { budget: budget({ status: { ...oneOfTwo, disruptionsAllowed: 0, currentHealthy: 1 } }) },
      "p0 p1",
    ],
    ["two that are not Ready, of which nothing is lost", [{ ready: false }, { ready: false }], {}, ""],
    ["two, for which another node has room", two, { nodes: [node()] }, ""],
    [
      "two, for one of which another node has room",
      [{ spec: asks("2") }, { spec: asks("3") }],
      { nodes: [node()], elsewhere: full("2") },
      "",
    ],
    [
      "two, for which the other node has no room",
      [{ spec: asks("2") }, { spec: asks("2") }],
      { nodes: [node()], elsewhere: full("3") },
      "p0 p1",
    ],
    [
      "two, which push others away",
      [{ spec: { ...asks("2"), priority: 1 } }, { spec: { ...asks("2"), priority: 1 } }],
      { nodes: [node()], elsewhere: full("3") },
      "",
    ],
    [
      "two, whose priority pushes nobody away",
      two.map(() => ({ spec: { ...asks("2"), priority: 1, preemptionPolicy: "Never" } })),
      { nodes: [node()], elsewhere: full("3") },
      "p0 p1",
    ],
    [
      "two, which no priority brings to a node that is not there",
      two.map(() => ({ spec: { priority: 1 } })),
      {},
      "p0 p1",
    ],
    ["two, where a cloud may bring more nodes", two, { nodes: [rented("aws:///eu-1/i-1")] }, ""],
    ["two, where nodes have names of the distribution's own", two, { nodes: [rented("k3s://n2")] }, "p0 p1"],
    ["two, under a budget that an operator releases", two, { budget: owned(true) }, ""],
    ["two, under a budget that has an owner, but no controller", two, { budget: owned(false) }, "p0 p1"],
    [
      "two, under a budget that is not worked out",
      two,
      { budget: budget({ status: { ...oneOfTwo, observedGeneration: 0 } }) },
      "",
    ],
    [
      "two, under a budget that has counted none yet",
      two,
      { budget: budget({ status: { disruptionsAllowed: 0, desiredHealthy: 0, expectedPods: 0 } }) },
      "",
    ],
    ["two, one of which nothing makes anew", [{}, { ownedBy: "nobody" }], {}, ""],
    ["two, one of which stays", [{}, { ownedBy: "DaemonSet" }], {}, ""],
    ["two, one of which is on its way out", [{}, { endsIn: 5 }], {}, ""],
    ["two, one of which is of another app", [{}, { app: "till" }], {}, ""],
    ["two, one of which is in another namespace", [{}, { namespace: "bank" }], {}, ""],
    ["two, which are deleted past the budget", two, { escalation: deletesAtOnce }, ""],
    ["two, where nothing is known of other nodes", two, { cluster: undefined }, ""],
  ];
  it("are found where the budget would not allow all of them", () =>
    everyRow(rows, (pods, around, expected) => assert.equal(stranded(pods, around), expected)));

  it("block the plan, with the budget, the numbers and the remedy in the message", () => {
    const { blocked, pods } = plan(...factsWith(two, {}));
    const message =
      "PodDisruptionBudget shop/cart allows 1 of 2 disruptions on this node, and then no more, as replacements have nowhere to run (there is no other node); make room on another node, or allow 2 disruptions for the time of the drain";
    assert.equal(blocked, true);
    for (const { findings } of pods)
      assert.deepEqual(findings[0], { code: "budget-no-room", message, blocks: true });
  });
});

describe("The other nodes have to be read", () => {
  const needed = (pods: PodFacts[], around: Around = {}) => {
    const [those, facts] = factsWith(pods, around);
    return needRoom(factsOf(those, { ...facts, cluster: undefined })).length;
  };

  it("only where a budget does not allow all of its pods here at once", () => {
    assert.equal(needed(two), 2);
    assert.equal(needed([{}]), 0);
    assert.equal(needed(two, { escalation: deletesAtOnce }), 0, "deletions ask no budget");
  });
});
