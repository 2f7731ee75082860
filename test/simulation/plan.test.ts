import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { runProgram } from "../../daemon/cli/program.ts";
import { noTerminal } from "../../daemon/cli/terminal.ts";
import { type Api, isApiError } from "../../daemon/cluster/api.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import type { Environment } from "../../daemon/config/environment.ts";
import type { FindingCode } from "../../daemon/drain/finding.ts";
import { type DrainPlan, isBlocked } from "../../daemon/drain/preflight.ts";
import { createApiServer } from "../kubernetes/api/server.ts";
import { createVirtualTime } from "../kubernetes/virtual-time.ts";
import { openMessages } from "../notify/no-messages.ts";
import { seeded } from "./seeded.ts";

const noon = Date.parse("2026-11-24T12:00:00Z");
const owner = (kind: string, name: string) => {
  return { apiVersion: "apps/v1", kind, name, uid: "3a0b5b0e-0000-4000-8000-000000000000", controller: true };
};
const container = (requests?: object) => ({
  name: "main",
  image: "app:1",
  ...(requests && { resources: { requests } }),
});

interface PodFacts {
  name: string;
  namespace?: string;
  on?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownedBy?: object | undefined;
  spec?: object;
  phase?: string;
  ready?: boolean;
  isEnding?: boolean;
}

/** A server in memory with what a test puts there, and nobody who changes it. */
function createCluster(seed = 1) {
  const { clock, timers } = createVirtualTime(noon);
  const random = seeded(seed);
  const server = createApiServer({ timers, random });
  const api = createClient({ transport: server.transport(server.adminToken), clock });
  const { signal } = new AbortController();
  const make = (path: string, body: object) => api.create(path, body, { signal });
  const setStatus = (path: string, status: object) => api.patch(`${path}/status`, { status }, { signal });

  return {
    server,
    api,
    async addNamespace(name: string) {
      await make("/api/v1/namespaces", { metadata: { name } });
      await make(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: "default" } });
    },
    async addNode(name: string, { ready = true } = {}) {
      await make("/api/v1/nodes", { metadata: { name } });
      // The taint with which every node begins.
      if (ready) await api.patch(`/api/v1/nodes/${name}`, { spec: { taints: null } }, { signal });
      const allocatable = { cpu: "4", memory: "8Gi", pods: "110" };
      const conditions = [{ type: "Ready", status: ready ? "True" : "False" }];
      await setStatus(`/api/v1/nodes/${name}`, { allocatable, conditions });
    },
    async addPod(facts: PodFacts) {
      const {
        name,
        namespace = "shop",
        on = "n1",
        labels,
        annotations,
        phase = "Running",
        ready = true,
      } = facts;
      const ownedBy = "ownedBy" in facts ? facts.ownedBy : owner("ReplicaSet", "any");
      const metadata = {
        name,
        ...(labels && { labels }),
        ...(annotations && { annotations }),
        ...(ownedBy && { ownerReferences: [ownedBy] }),
      };
      const path = `/api/v1/namespaces/${namespace}/pods`;
      await make(path, { metadata, spec: { nodeName: on, containers: [container()], ...facts.spec } });
      const conditions = [{ type: "Ready", status: ready ? "True" : "False" }];
      await setStatus(`${path}/${name}`, { phase, conditions });
      if (facts.isEnding) await api.delete(`${path}/${name}`, {}, { signal });
    },
    async addBudget(name: string, spec: object, status: object, namespace = "shop") {
      const path = `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`;
      await make(path, { metadata: { name }, spec });
      await setStatus(`${path}/${name}`, { observedGeneration: 1, expectedPods: 3, ...status });
    },
    async addDaemonSet(name: string, namespace = "shop") {
      const labels = { app: name };
      const template = { metadata: { labels }, spec: { containers: [container()] } };
      const spec = { selector: { matchLabels: labels }, template };
      await make(`/apis/apps/v1/namespaces/${namespace}/daemonsets`, { metadata: { name }, spec });
    },
    /** As a person types it. */
    async run(args: string[], environment: Environment = {}) {
      const said = { out: "", err: "" };
      const say = (where: keyof typeof said) => (text: string) => {
        said[where] += text;
      };
      const io = {
        environment,
        version: "1",
        terminal: noTerminal,
        clock,
        random,
        openMessages,
        connect: () => api,
        out: say("out"),
        err: say("err"),
      };
      const code = await runProgram(args, io, () => assert.fail("a daemon was started"), signal);
      return { code, ...said };
    },
  };
}

type Cluster = ReturnType<typeof createCluster>;

async function planOf(cluster: Cluster, ...args: string[]): Promise<DrainPlan> {
  const { code, out, err } = await cluster.run(["plan", "n1", "-o", "json", ...args]);
  assert.equal(code, 0, err);
  return JSON.parse(out) as DrainPlan;
}

/** Pods and budgets in random mixtures: all that decides on an eviction. */
async function randomCluster(seed: number): Promise<Cluster> {
  const random = seeded(seed);
  const oneOf = <T>(...choices: T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const chance = (of: number) => random() < of;
  const upTo = (most: number) => Math.floor(random() * (most + 1));
  const cluster = createCluster(seed);
  for (const namespace of ["shop", "bank"]) await cluster.addNamespace(namespace);
  for (const name of ["n1", "n2"]) await cluster.addNode(name);
  await cluster.addDaemonSet("agent");
  for (let number = 0; number < 4; number += 1) {
    const selector = oneOf<object | undefined>(
      undefined,
      {},
      ...["a", "b", "c"].map((app) => ({ matchLabels: { app } })),
      { matchExpressions: [{ key: "app", operator: oneOf("In", "NotIn"), values: ["a", "b"] }] },
      { matchExpressions: [{ key: "app", operator: oneOf("Exists", "DoesNotExist") }] },
    );
    const spec = {
      ...(selector && { selector }),
      ...oneOf<object>(
        { maxUnavailable: oneOf<unknown>(0, 1, "0%", "30%") },
        { minAvailable: oneOf<unknown>(0, 2, 3, "50%", "100%") },
      ),
      ...(chance(0.3) && { unhealthyPodEvictionPolicy: oneOf("AlwaysAllow", "IfHealthyBudget") }),
    };
    const status = {
      disruptionsAllowed: oneOf(0, 0, 1, 2),
      currentHealthy: upTo(3),
      desiredHealthy: upTo(3),
      expectedPods: 4,
      observedGeneration: chance(0.1) ? 0 : 1,
    };
    await cluster.addBudget(`b${number}`, spec, status, oneOf("shop", "shop", "bank"));
  }
  for (let number = 0; number < 12; number += 1) {
    await cluster.addPod({
      name: `p${number}`,
      namespace: oneOf("shop", "shop", "bank"),
      on: chance(0.9) ? "n1" : "n2",
      ...(chance(0.8) && { labels: { app: oneOf("a", "b", "c") } }),
      ownedBy: oneOf(
        owner("ReplicaSet", "any"),
        undefined,
        chance(0.5) ? owner("DaemonSet", "agent") : undefined,
      ),
      phase: oneOf("Running", "Running", "Running", "Pending", "Succeeded", "Failed"),
      ready: chance(0.7),
      isEnding: chance(0.1),
    });
  }
  return cluster;
}

/** Whether the server would evict the pod; nothing comes of it. */
async function isEvicted(api: Api, key: string): Promise<boolean> {
  const [namespace, name] = key.split("/");
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`;
  const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { namespace, name } };
  const { signal } = new AbortController();
  try {
    await api.create(path, body, { signal, query: { dryRun: "All" } });
    return true;
  } catch (error) {
    if (isApiError(error, "too-many-requests", "server-error")) return false;
    throw error;
  }
}

describe("The plan of a drain and the server", () => {
  it("agree on each pod whether it is evicted now, on random clusters", async () => {
    const told = new Map<FindingCode | "nothing", number>();
    for (let seed = 1; seed <= 100; seed += 1) {
      const cluster = await randomCluster(seed);
      for (const pod of (await planOf(cluster)).pods) {
        if (pod.do === "leave") continue;
        const blocking = pod.findings.filter(({ blocks }) => blocks).map(({ code }) => code);
        for (const code of blocking.length > 0 ? blocking : (["nothing"] as const)) {
          told.set(code, (told.get(code) ?? 0) + 1);
        }
        assert.equal(
          await isEvicted(cluster.api, pod.key),
          !isBlocked(pod),
          `seed ${seed}: ${JSON.stringify(pod)}`,
        );
      }
    }
    for (const code of [
      "nothing",
      "budget-busy",
      "budget-exhausted",
      "budget-never",
      "budgets-several",
    ] as const)
      assert.ok((told.get(code) ?? 0) >= 10, `${code}: ${told.get(code)}`);
  });
});

describe("rebootd plan", () => {
  let cluster: Cluster;

  /** A node with something of everything. */
  async function addShop(): Promise<void> {
    for (const namespace of ["shop", "logs"]) await cluster.addNamespace(namespace);
    for (const name of ["n1", "n2"]) await cluster.addNode(name);
    await cluster.addNode("n3", { ready: false });
    await cluster.addDaemonSet("proxy", "kube-system");
    const add = (name: string, facts: Partial<PodFacts> = {}) =>
      cluster.addPod({ name, labels: { app: name.replace(/-.*/, "") }, ...facts });
    await add("cart-0", { spec: { terminationGracePeriodSeconds: 60 } });
    await add("till-0");
    await add("search-0", {
      spec: { containers: [container({ cpu: "6" })], terminationGracePeriodSeconds: 10 },
    });
    await add("import", { ownedBy: undefined, annotations: { "karpenter.sh/do-not-disrupt": "true" } });
    await add("dns-0", { namespace: "kube-system", spec: { priorityClassName: "system-cluster-critical" } });
    await add("proxy-x7k2p", { namespace: "kube-system", ownedBy: owner("DaemonSet", "proxy") });
    await add("proxy-d9w4f", { namespace: "kube-system", ownedBy: owner("DaemonSet", "proxy") });
    await add("cart-1", { on: "n2" });
    const of = (app: string) => ({ selector: { matchLabels: { app } } });
    await cluster.addBudget(
      "cart",
      { ...of("cart"), minAvailable: 2 },
      { currentHealthy: 2, desiredHealthy: 2, disruptionsAllowed: 0 },
    );
    await cluster.addBudget(
      "till",
      { ...of("till"), maxUnavailable: 1 },
      { currentHealthy: 3, desiredHealthy: 2, disruptionsAllowed: 1 },
    );
  }

  beforeEach(() => {
    cluster = createCluster();
  });

  it("prints what docs/guide/drain.md shows", async () => {
    await addShop();
    const { code, out, err } = await cluster.run(["plan", "n1"]);
    assert.deepEqual([code, err], [0, ""]);
    const page = readFileSync(new URL("../../docs/guide/drain.md", import.meta.url), "utf8");
    assert.ok(page.includes(`\n\`\`\`\n${out}\`\`\`\n`), out);
  });

  it("takes the drain's options, by environment too", async () => {
    await addShop();
    const { out } = await cluster.run(["plan", "n1", "--disable-eviction"], {
      REBOOTD_DRAIN_GRACE_PERIOD: "7",
    });
    assert.match(out, /^n1: 5 pods would be evicted, 2 stay; nothing blocks the drain; it takes up to 16s/);
    const escalating = await cluster.run(["plan", "n1", "--drain-escalation=evict:10m,delete:2m,reboot"]);
    assert.match(
      escalating.out,
      /^n1: 4 pods would be evicted, 2 stay; 1 pod blocks the drain; deleted after 10m, rebooted anyway after 12m\n/,
    );
    const anyway = await cluster.run(["plan", "n1", "--force-reboot", "--drain-force=false"]);
    assert.match(
      anyway.out,
      /\nshop\/import +is not managed by a controller and will not be recreated \(--drain-force\) and goes down with the machine\n/,
    );
    const skipping = await cluster.run([
      "plan",
      "n1",
      "--drain-skip-namespace=shop",
      "--drain-skip-namespace=logs",
    ]);
    assert.match(
      skipping.out,
      /^n1: 1 pod would be evicted, 6 stay; nothing blocks the drain; it takes up to 32s/,
    );
    const strict = await cluster.run([
      "plan",
      "n1",
      "--drain-force=false",
      "--drain-pod-selector=app in (till,import)",
    ]);
    assert.match(
      strict.out,
      /^n1: 1 pod could be evicted, 5 stay; 1 pod blocks the drain: it would fail without evicting any pod\n/,
    );
    assert.match(
      strict.out,
      /\nshop\/import +is not managed by a controller and will not be recreated \(--drain-force\)\n/,
    );
    assert.match(strict.out, /\nshop\/cart-0 +is not selected by --drain-pod-selector\n/);
  });

  it("names pods of a budget that could not all go, as there is no other node, and what can be done", async () => {
    await cluster.addNamespace("shop");
    await cluster.addNode("n1");
    for (const name of ["web-0", "web-1"]) await cluster.addPod({ name, labels: { app: "web" } });
    await cluster.addBudget(
      "web",
      { selector: { matchLabels: { app: "web" } }, minAvailable: 1 },
      { currentHealthy: 2, desiredHealthy: 1, disruptionsAllowed: 1, expectedPods: 2 },
    );
    const { out } = await cluster.run(["plan", "n1"]);
    assert.match(
      out,
      /^n1: 0 pods would be evicted, 0 stay; 2 pods block the drain; cancelled after 15m and uncordoned\n/,
    );
    assert.match(
      out,
      /\nshop\/web-0 +PodDisruptionBudget shop\/web allows 1 of 2 disruptions on this node, .*; make room on another node/,
    );
  });

  it("changes nothing, and reads in pages, each DaemonSet once", async () => {
    await addShop();
    for (let number = 0; number < 501; number += 1) await cluster.addPod({ name: `many-${number}` });
    cluster.server.ledger.clear();
    const before = cluster.server.resourceVersion;
    assert.equal((await planOf(cluster)).pods.length, 508);
    assert.equal(cluster.server.resourceVersion, before);
    assert.equal(cluster.server.ledger.count({ resource: "daemonsets" }), 1);
    // Three pages of the node's own, and one of the others.
    assert.equal(cluster.server.ledger.count({ resource: "pods", verb: "list" }), 4);
    const verbs = new Set(cluster.server.ledger.entries().map(({ verb }) => verb));
    assert.deepEqual([...verbs].sort(), ["get", "list"]);
  });

  it("says that there is no such node, with exit code 1", async () => {
    const { code, out, err } = await cluster.run(["plan", "n9"]);
    assert.deepEqual([code, out, err], [1, "", 'rebootd: the cluster has no Node "n9"\n']);
  });
});
