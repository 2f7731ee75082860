/**
 * Objects as the API reference allows them: every optional field is taken out of objects that have them all, and every list, map and
 * text is emptied, one at a time, and all that reads the object has to say the same of both, and never breaks.
 */
import assert from "node:assert/strict";
import { runProgram } from "../../daemon/cli/program.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import { wantsPodOn } from "../../daemon/cluster/daemon-sets.ts";
import {
  countNodes,
  listByLabel,
  listNodeMetadata,
  listUnavailable,
  readNodeMetadata,
} from "../../daemon/cluster/nodes.ts";
import type { Transport } from "../../daemon/cluster/transport.ts";
import { readNode } from "../../daemon/cycle/node.ts";
import { lookAtOwnPods } from "../../daemon/cycle/own-pods.ts";
import { awaitDetached } from "../../daemon/drain/volumes.ts";
import type { GateContext } from "../../daemon/gates/gate.ts";
import { podsGate } from "../../daemon/gates/pods.ts";
import { createAbsent } from "../../daemon/lock/absent.ts";
import { listStaticPodsDown } from "../../daemon/lock/control-plane.ts";
import { controlPlaneLabels } from "../../daemon/lock/limits.ts";
import type { Holder } from "../../daemon/lock/lock.ts";
import { createLockObject } from "../../daemon/lock/lock-object.ts";
import { lookAtHolder } from "../../daemon/lock/overdue.ts";
import type { Clock } from "../../daemon/time/clock.ts";
import { oneChunk } from "../kubernetes/api/bodies.ts";
import { type Fields, isFields } from "../kubernetes/api/object.ts";

const { signal } = new AbortController();
const noon = Date.parse("2026-11-24T12:00:00Z");
const clock: Clock = { wall: () => noon, elapsed: () => 0, sleep: () => new Promise(() => {}) };
const since = "2026-11-24T11:00:00Z";

const cycle = JSON.stringify({ version: 1, phase: "Draining", since, cordoned: true });

/** With every field that is read, beside those without which there is no such object. */
const objects = {
  node: {
    metadata: {
      name: "n1",
      uid: "u1",
      resourceVersion: "7",
      labels: { "topology.kubernetes.io/zone": "z1", "node-role.kubernetes.io/etcd": "" },
      annotations: { "rebootd.dev/cycle": cycle, "rebootd.dev/paused": "maintenance" },
    },
    spec: {
      unschedulable: true,
      taints: [{ key: "example.com/a", value: "b", effect: "NoSchedule" }],
      providerID: "kind://docker/n1",
    },
    status: {
      conditions: [{ type: "Ready", status: "True", lastTransitionTime: since }],
      allocatable: { cpu: "4", pods: "110" },
      nodeInfo: { bootID: "b1" },
    },
  },
  other: {
    metadata: { name: "n2", uid: "u2", resourceVersion: "8", labels: { disk: "fast" } },
    spec: { taints: [{ key: "example.com/a", effect: "NoSchedule" }] },
    status: {
      conditions: [{ type: "Ready", status: "True", lastTransitionTime: since }],
      allocatable: { cpu: "4", memory: "8Gi", pods: "110" },
    },
  },
  pod: {
    metadata: {
      name: "web-1",
      namespace: "shop",
      uid: "p1",
      generateName: "web-",
      labels: { app: "web" },
      annotations: { "cluster-autoscaler.kubernetes.io/safe-to-evict": "false" },
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: "r1", controller: true },
      ],
      finalizers: ["example.com/hold"],
    },
    spec: {
      nodeName: "n1",
      containers: [{ name: "main", resources: { requests: { cpu: "1" }, limits: { cpu: "2" } } }],
      initContainers: [{ name: "first", restartPolicy: "Always", resources: { requests: { cpu: "1" } } }],
      overhead: { cpu: "1m" },
      resources: { requests: { cpu: "3" } },
      nodeSelector: { disk: "fast" },
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              {
                matchExpressions: [{ key: "disk", operator: "In", values: ["fast"] }],
                matchFields: [{ key: "metadata.name", operator: "In", values: ["n1", "n2"] }],
              },
            ],
          },
        },
      },
      tolerations: [{ key: "example.com/a", operator: "Equal", value: "b", effect: "NoSchedule" }],
      priority: 5,
      preemptionPolicy: "Never",
      priorityClassName: "system-cluster-critical",
      terminationGracePeriodSeconds: 60,
      volumes: [
        { name: "data", persistentVolumeClaim: { claimName: "data" } },
        { name: "own", ephemeral: { volumeClaimTemplate: {} } },
        { name: "tmp", emptyDir: { medium: "Memory" } },
      ],
    },
    status: {
      phase: "Running",
      startTime: since,
      conditions: [{ type: "Ready", status: "True" }],
      containerStatuses: [
        {
          name: "main",
          restartCount: 3,
          state: { waiting: { reason: "CrashLoopBackOff" } },
          lastState: { terminated: { exitCode: 2 } },
        },
      ],
    },
  },
  daemon: {
    metadata: {
      name: "rebootd-1",
      namespace: "kube-system",
      uid: "p2",
      labels: { "app.kubernetes.io/name": "rebootd" },
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "DaemonSet", name: "rebootd", uid: "d1", controller: true },
      ],
    },
    spec: { nodeName: "n1", priorityClassName: "system-node-critical", containers: [] },
    status: { phase: "Running", containerStatuses: [{ name: "rebootd", state: { running: {} } }] },
  },
  etcd: {
    metadata: {
      name: "etcd-n1",
      namespace: "kube-system",
      uid: "p3",
      annotations: { "kubernetes.io/config.mirror": "x" },
    },
    spec: { nodeName: "n1", priorityClassName: "system-node-critical", containers: [] },
    status: { phase: "Running", conditions: [{ type: "Ready", status: "False" }] },
  },
  budget: {
    metadata: { name: "web", namespace: "shop", generation: 1, ownerReferences: [{ controller: true }] },
    spec: {
      minAvailable: 1,
      unhealthyPodEvictionPolicy: "AlwaysAllow",
      selector: {
        matchLabels: { app: "web" },
        matchExpressions: [{ key: "app", operator: "NotIn", values: ["db"] }],
      },
    },
    status: {
      observedGeneration: 1,
      disruptionsAllowed: 0,
      currentHealthy: 1,
      desiredHealthy: 1,
      expectedPods: 2,
      conditions: [
        {
          type: "DisruptionAllowed",
          status: "False",
          reason: "InsufficientPods",
          message: "m",
          lastTransitionTime: since,
        },
      ],
    },
  },
  daemonSet: {
    metadata: {
      name: "rebootd",
      namespace: "kube-system",
      uid: "d1",
      labels: { "app.kubernetes.io/name": "rebootd" },
    },
    spec: {
      selector: { matchLabels: { app: "rebootd" } },
      template: {
        metadata: { labels: { app: "rebootd" } },
        spec: {
          nodeSelector: { disk: "fast" },
          containers: [
            {
              name: "rebootd",
              args: ["run", "--namespace=kube-system"],
              env: [
                { name: "REBOOTD_NODE_ID", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
                { name: "REBOOTD_PERIOD", value: "1m" },
              ],
            },
          ],
        },
      },
    },
  },
  lease: {
    metadata: {
      name: "rebootd",
      namespace: "kube-system",
      resourceVersion: "9",
      annotations: {
        "rebootd.dev/lock": JSON.stringify({ nodeID: "n1", metadata: {}, created: since, TTL: 0 }),
        "rebootd.dev/failures": JSON.stringify([{ node: "n3", at: since, message: "m" }]),
      },
    },
    spec: { holderIdentity: "n1" },
  },
  claim: { metadata: { name: "data", namespace: "shop" }, spec: { volumeName: "pv1" } },
  attachment: {
    metadata: { name: "va1", uid: "v1" },
    spec: { attacher: "disk.test", nodeName: "n1", source: { persistentVolumeName: "pv1" } },
  },
  csiNode: {
    metadata: { name: "n1" },
    spec: { drivers: [{ name: "disk.test", nodeID: "n1", topologyKeys: ["zone"] }] },
  },
};

type World = Record<keyof typeof objects, Fields>;
type Path = readonly [object: keyof World, ...fields: string[]];

/** Answers each GET from the world; the selectors of lists count for nothing. */
function serve(world: World): Transport {
  const list = (...items: Fields[]) => ({ metadata: { resourceVersion: "1" }, items });
  const answers: [path: RegExp, answer: unknown][] = [
    [/\/nodes\?/, list(world.node, world.other)],
    [/\/nodes\/n1$/, world.node],
    [/\/nodes\/n2$/, world.other],
    [/\/pods\?.*labelSelector=app.kubernetes.io%2Fname%3Drebootd/, list(world.daemon)],
    [/\/pods\?/, list(world.pod, world.daemon, world.etcd)],
    [/\/shop\/poddisruptionbudgets\?/, list(world.budget)],
    [/\/poddisruptionbudgets\?/, list()],
    [/\/daemonsets\?/, list(world.daemonSet)],
    [/\/daemonsets\/rebootd$/, world.daemonSet],
    [/\/leases\/rebootd$/, world.lease],
    [/\/persistentvolumeclaims\/data$/, world.claim],
    [/\/volumeattachments\?/, list(world.attachment)],
    [/\/volumeattachments\/va1$/, world.attachment],
    [/\/csinodes\/n1$/, world.csiNode],
  ];
  return async ({ path }) => {
    const found = answers.find(([pattern]) => pattern.test(path));
    const text = JSON.stringify(found?.[1] ?? { kind: "Status", message: `no ${path}` });
    return {
      status: found === undefined ? 404 : 200,
      header: () => undefined,
      chunks: () => oneChunk(text),
    };
  };
}

/** Everything that is read of the world, under the name of what reads it. */
async function readAll(world: World): Promise<Record<string, string>> {
  const api = createClient({ transport: serve(world), clock });
  const place = {
    kind: "lease",
    namespace: "kube-system",
    name: "rebootd",
    annotation: "rebootd.dev/lock",
  } as const;
  const lockObject = createLockObject({ api, clock, random: () => 0.5, place });
  const absent = createAbsent({
    api,
    clock,
    recheckMs: 1000,
    isUnderWay: (annotations) => "rebootd.dev/cycle" in annotations,
    maxPerZone: 1,
  });
  const node = (await readNodeMetadata(api, "n1", signal)) ?? {};
  const detach = async () => {
    const attached: unknown[] = [];
    const note = (what: unknown) => attached.push(what);
    const told = { onAttached: note, onGivenUp: note };
    const random = () => 0.5;
    await awaitDetached(
      { api, clock, random, nodeName: "n1", claims: ["shop/data"], until: 0, ...told },
      signal,
    );
    return attached;
  };
  const typed = async (...args: string[]) => {
    let text = "";
    const out = (more: string) => {
      text += more;
    };
    const io = { environment: {}, version: "0", out, err: out, clock, random: () => 0.5, connect: () => api };
    const code = await runProgram(args, io, async () => {}, signal);
    return `${code} ${text}`;
  };
  const own = { labelSelector: undefined, self: "none" };
  const gate = podsGate(api, "n1", { selectors: ["a"], namespaces: [] });
  const readers: Record<string, () => Promise<unknown>> = {
    "the own Node": () => readNode(api, "n1", signal),
    "the number of Nodes": () => countNodes(api, signal),
    "all Nodes": async () => (await listNodeMetadata(api, signal)).map(({ name }) => name),
    "Nodes of the control plane": () => listByLabel(api, controlPlaneLabels, signal),
    "Nodes that are not available": () => listUnavailable(api, signal),
    "a holder that is overdue": () => lookAtHolder(api, { nodeID: "n1", created: since } as Holder, signal),
    "nodes that are down": () => absent.now(signal),
    "static pods that are down": () => listStaticPodsDown(api, ["n1"], signal),
    "pods that a node needs": () => lookAtOwnPods(api, own, node, ["kube-system/rebootd"], signal),
    "whether a DaemonSet wants a pod": () => wantsPodOn(api, "kube-system/rebootd", node, signal),
    "pods that block": () => gate.check({} as GateContext, signal),
    "the lock": () => lockObject.read(signal),
    "volumes that are attached": detach,
    "rebootd plan": () => typed("plan", "n1", "-o", "json"),
    "rebootd status": () => typed("status", "-o", "json"),
    "rebootd explain": () => typed("explain", "n1"),
  };
  const read = Object.entries(readers).map(async ([what, reader]) => {
    const said = await reader().catch(
      (error: Error) => `broke: ${error.stack?.split("\n").slice(0, 4).join("")}`,
    );
    return [what, typeof said === "string" ? said : JSON.stringify(said)] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}

/** What the API reference calls required: the server takes no object without it. */
const required = [
  /\.metadata(\.(name|namespace|uid|resourceVersion|generation))?$/,
  /\.(nodeSelectorTerms|ownerReferences\.\d+\.\w+)$/,
  // The server gives one to each pod.
  /\.status\.phase$/,
  /^daemonSet\.spec(\.template)?$/,
  /^attachment\.spec(\.source)?$/,
  /^csiNode\.spec(\.drivers)?$/,
];
/** Maps whose keys are people's, and taints, which are written back as they are. */
const keyed = /\.(labels|annotations|matchLabels|nodeSelector|taints)\./;

/** Every optional field, however deep. */
function pathsIn(object: keyof World): Path[] {
  const below = (value: unknown, path: Path): Path[] => {
    if (!isFields(value) && !Array.isArray(value)) return [];
    return Object.entries(value).flatMap(([key, item]) => {
      const deeper: Path = [...path, key];
      return Array.isArray(value) ? below(item, deeper) : [deeper, ...below(item, deeper)];
    });
  };
  return below(objects[object], [object]).filter((path) => {
    const name = path.join(".");
    return !keyed.test(name) && !required.some((pattern) => pattern.test(name));
  });
}

/** The world with that field as `change` makes it. */
function changed([object, ...fields]: Path, change: (holder: Fields, key: string) => void): World {
  const world = structuredClone(objects) as World;
  const key = fields.at(-1) ?? "";
  const holder = fields.slice(0, -1).reduce<unknown>((at, field) => (at as Fields)[field], world[object]);
  change(holder as Fields, key);
  return world;
}

/** As Go has it for what nobody has set; a number has no such form. */
function emptied(value: unknown): unknown {
  if (Array.isArray(value)) return [];
  if (isFields(value)) return {};
  return typeof value === "string" ? "" : undefined;
}

/** Where empty is not what absent is: the field being there is what counts. */
const significant = [
  /^budget\.spec\.selector$/,
  /\.(emptyDir|ephemeral|persistentVolumeClaim|running)$/,
  /DuringExecution$/,
];

describe("An object of the API server", () => {
  for (const object of Object.keys(objects) as (keyof World)[]) {
    it(`may be without any of its optional fields: ${object}`, async () => {
      const faults: string[] = [];
      for (const path of pathsIn(object)) {
        const name = path.join(".");
        const readWith = (change: (holder: Fields, key: string) => void) => readAll(changed(path, change));
        const without = await readWith((holder, key) => delete holder[key]);
        const nulled = await readWith((holder, key) => {
          holder[key] = null;
        });
        const empty = await readWith((holder, key) => {
          holder[key] = emptied(holder[key]);
        });
        const isSignificant = significant.some((pattern) => pattern.test(name));
        for (const [what, said] of Object.entries(without)) {
          const others = { null: nulled[what], ...(!isSignificant && { empty: empty[what] }) };
          for (const [form, other] of Object.entries(others)) {
            if (other !== said) faults.push(`${name}, ${what}: ${form} ${other}, absent ${said}`);
          }
          for (const one of [said, empty[what]])
            if (one?.startsWith("broke")) faults.push(`${name}, ${what}: ${one}`);
        }
      }
      assert.deepEqual(faults, []);
    });
  }
});

describe("Where the API server leaves out", () => {
  const rows: [path: Path, what: string, says: RegExp | { not: RegExp }][] = [
    [["node", "metadata", "labels"], "Nodes of the control plane", /"names":\["n1","n2"\]/],
    [["node", "metadata", "annotations"], "nodes that are down", /^\[\]$/],
    [["node", "metadata", "annotations"], "rebootd explain", /rebootd has recorded nothing on n1/],
    [["node", "spec"], "the own Node", /"unschedulable":false.*"taints":\[\]/],
    [["other", "status", "conditions"], "Nodes that are not available", /"names":\["n1","n2"\]/],
    [["node", "status", "conditions"], "a holder that is overdue", /^{"node":"n1","heldSince":"[^"]+"}$/],
    [["node", "status", "nodeInfo"], "the own Node", { not: /bootID/ }],
    [["pod", "metadata", "ownerReferences"], "rebootd plan", /"no-controller"/],
    [["pod", "metadata", "labels"], "rebootd plan", { not: /budget-/ }],
    [["pod", "spec", "volumes"], "rebootd plan", { not: /local-data/ }],
    [["pod", "spec", "tolerations"], "rebootd plan", /has the taint example.com\/a/],
    [["pod", "spec", "terminationGracePeriodSeconds"], "rebootd plan", /"graceSeconds": 30/],
    [["pod", "status"], "rebootd plan", /"graceSeconds": 60/],
    [["budget", "status"], "rebootd plan", /"budget-busy"/],
    [["budget", "spec", "selector"], "rebootd plan", { not: /budget-/ }],
    [["daemon", "status", "containerStatuses"], "rebootd explain", /daemon not Ready/],
    [["daemon", "status"], "pods that a node needs", /"name":"kube-system\/rebootd-1"/],
    [["lease", "metadata", "annotations"], "the lock", /"holders":\[\]/],
    [["claim", "spec"], "volumes that are attached", /^\[\]$/],
  ];
  for (const [path, what, says] of rows) {
    it(`${path.join(".")}, ${what} is told as it is`, async () => {
      const told = await readAll(changed(path, (holder, key) => delete holder[key]));
      if (says instanceof RegExp) return assert.match(told[what] ?? "", says);
      // It is said of the object that has the field.
      assert.match((await readAll(structuredClone(objects)))[what] ?? "", says.not);
      assert.doesNotMatch(told[what] ?? "", says.not);
    });
  }
});
