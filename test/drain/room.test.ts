import assert from "node:assert/strict";
import type { Node, Pod } from "../../daemon/cluster/objects.ts";
import { requestsOf, roomsOf, whyNowhere } from "../../daemon/drain/room.ts";
import { tieOf } from "../../daemon/drain/successors.ts";
import { everyRow } from "../rows.ts";
import { findings, messages, node, type PodFacts, pod } from "./builders.ts";

const asks = (requests: Record<string, string>) => ({
  containers: [{ name: "main", resources: { requests } }],
});
const on = (name: string, spec: object) => pod({ spec: { nodeName: name, ...spec } });
const taint = { key: "dedicated", value: "gpu", effect: "NoSchedule" };
const needsLabel = (...nodeSelectorTerms: object[]) => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
});
const inZone = (zone: string) => ({ matchExpressions: [{ key: "zone", operator: "In", values: [zone] }] });
const nowhere = (what: string) => `no other node can take it: ${what}`;
const gone = "not-ready";

describe("The look for another node that can take a pod", () => {
  const rows: [what: string, pod: PodFacts, nodes: Node[], why: string, pods?: Pod[]][] = [
    ["nothing in the way", {}, [node()], ""],
    ["no other node", {}, [], "there is no other node"],
    ["room on its own node only", {}, [node({ name: "n1" })], "there is no other node"],
    ["room on one of two", {}, [node({ ready: false }), node({ name: "n3" })], ""],
    [
      "nodes that are not Ready",
      {},
      [node({ ready: false }), node({ ready: false })],
      nowhere("2 not Ready"),
    ],
    ["a cordon", {}, [node({ cordoned: true })], nowhere("1 unschedulable")],
    [
      "a cordon that it tolerates",
      { spec: { tolerations: [{ key: "node.kubernetes.io/unschedulable", operator: "Exists" }] } },
      [node({ cordoned: true })],
      "",
    ],
    [
      "its nodeSelector",
      { spec: { nodeSelector: { disk: "ssd" } } },
      [node({ labels: { disk: "hdd" } })],
      nowhere("1 without the labels that it requires"),
    ],
    [
      "a nodeSelector that is met",
      { spec: { nodeSelector: { disk: "ssd" } } },
      [node({ labels: { disk: "ssd" } })],
      "",
    ],
    [
      "its node affinity",
      { spec: needsLabel(inZone("a")) },
      [node({ labels: { zone: "b" } })],
      nowhere("1 without the labels that it requires"),
    ],
    [
      "an affinity of which one term is met",
      { spec: needsLabel(inZone("a"), inZone("b")) },
      [node({ labels: { zone: "b" } })],
      "",
    ],
    [
      "an affinity that is empty",
      { spec: needsLabel({}) },
      [node()],
      nowhere("1 without the labels that it requires"),
    ],
    [
      "an affinity to a node by name",
      { spec: needsLabel({ matchFields: [{ key: "metadata.name", operator: "In", values: ["n1"] }] }) },
      [node()],
      nowhere("1 without the labels that it requires"),
    ],
    ["a taint", {}, [node({ taints: [taint] })], nowhere("1 with the untolerated taint dedicated")],
    [
      "a taint NoExecute",
      {},
      [node({ taints: [{ key: gone, effect: "NoExecute" }] })],
      nowhere(`1 with the untolerated taint ${gone}`),
    ],
    ["a taint that is only a wish", {}, [node({ taints: [{ ...taint, effect: "PreferNoSchedule" }] })], ""],
    ["a taint that it tolerates", { spec: { tolerations: [taint] } }, [node({ taints: [taint] })], ""],
    [
      "a taint with another value",
      { spec: { tolerations: [{ ...taint, value: "cpu" }] } },
      [node({ taints: [taint] })],
      nowhere("1 with the untolerated taint dedicated"),
    ],
    [
      "a taint, all of which it tolerates",
      { spec: { tolerations: [{ operator: "Exists" }] } },
      [node({ taints: [taint] })],
      "",
    ],
    ["cpu", { spec: asks({ cpu: "5" }) }, [node()], nowhere("1 without room for 5 cpu")],
    ["all the cpu there is", { spec: asks({ cpu: "4000m" }) }, [node()], ""],
    [
      "cpu that another pod has",
      { spec: asks({ cpu: "4" }) },
      [node()],
      nowhere("1 without room for 4 cpu"),
      [on("n2", asks({ cpu: "1m" }))],
    ],
    [
      "cpu that a pod elsewhere has",
      { spec: asks({ cpu: "4" }) },
      [node()],
      "",
      [on("n3", asks({ cpu: "4" }))],
    ],
    [
      "memory",
      { spec: asks({ memory: "1536Mi" }) },
      [node({ room: { memory: "1Gi" } })],
      nowhere("1 without room for 1536Mi memory"),
    ],
    [
      "a device",
      { spec: asks({ "example.com/gpu": "1" }) },
      [node()],
      nowhere("1 without room for 1 example.com/gpu"),
    ],
    [
      "the number of pods",
      {},
      [node({ room: { pods: "1" } })],
      nowhere("1 without room for another pod"),
      [on("n2", {})],
    ],
    [
      "this and that",
      { spec: { ...asks({ cpu: "2" }), nodeSelector: { disk: "ssd" } } },
      [
        node({ ready: false }),
        node({ ready: false }),
        node(),
        node({ labels: { disk: "ssd" }, room: { cpu: "1" } }),
      ],
      nowhere("2 not Ready, 1 without the labels that it requires, 1 without room for 2 cpu"),
    ],
    [
      "what two nodes lack",
      { spec: asks({ cpu: "5" }) },
      [node(), node()],
      nowhere("2 without room for 5 cpu"),
    ],
  ];
  it("finds one, or counts the nodes by what is in the way", () =>
    everyRow(rows, (facts, nodes, why, pods = []) => {
      const others = nodes.filter(({ metadata }) => metadata?.name !== "n1");
      assert.equal(whyNowhere(pod(facts), roomsOf(others, pods)) ?? "", why);
      // A pod that comes back needs no other node.
      if (tieOf(pod(facts)) !== undefined) return;
      const cluster = { nodes: [node({ name: "n1" }), ...nodes], pods };
      assert.equal(messages(pod(facts), { cluster }), why);
      assert.equal(findings(pod(facts), { cluster }), why && "nowhere-to-go");
    }));

  const nothing = { cluster: { nodes: [], pods: [] } };
  const idle: [what: string, pod: PodFacts, found: string][] = [
    ["of a pod that nothing recreates", { ownedBy: "nobody" }, "no-controller"],
    ["of a pod that is ending, whose successor is on its way", { endsIn: 5 }, ""],
    ["of a pod that has ended", { phase: "Succeeded" }, ""],
    ["of a pod that stays", { ownedBy: "DaemonSet" }, ""],
  ];
  it("does not concern pods that need no node", () =>
    everyRow(idle, (facts, found) => assert.equal(findings(pod(facts), nothing), found)));

  it("reports nothing where nothing is known of the nodes", () => assert.equal(findings(pod()), ""));
});

describe("The resources that a pod takes of a node", () => {
  const container = (cpu: string, more: object = {}) => ({
    name: "c",
    resources: { requests: { cpu } },
    ...more,
  });
  const sidecar = { restartPolicy: "Always" };
  const rows: [what: string, spec: object, thousandths: number][] = [
    ["its containers together", { containers: [container("1"), container("500m")] }, 1500],
    [
      "its largest init container, if that is more",
      { containers: [container("1")], initContainers: [container("2"), container("3")] },
      3000,
    ],
    ["its sidecars too", { containers: [container("1")], initContainers: [container("2", sidecar)] }, 3000],
    [
      "an init container beside the sidecars before it",
      { containers: [container("1")], initContainers: [container("2", sidecar), container("4")] },
      6000,
    ],
    [
      "but not those after it",
      { containers: [container("1")], initContainers: [container("4"), container("2", sidecar)] },
      4000,
    ],
    ["its overhead", { containers: [container("1")], overhead: { cpu: "250m" } }, 1250],
    [
      "what is requested for it as a whole",
      { containers: [container("1")], resources: { requests: { cpu: "2" } } },
      2000,
    ],
  ];
  it("are its containers together, or its init containers if they need more", () =>
    everyRow(rows, (spec, thousandths) => assert.equal(requestsOf(pod({ spec })).get("cpu"), thousandths)));
});
